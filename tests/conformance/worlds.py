"""Worlds made from the healthy one: a full one, with at least two items in every listing; and one that failed."""

import json
import shutil

from replay import WORLDS

PROJECT = "mesh-prod"
NUMBER = "525300120045"
REGION = "us-central1"
ORGANIZATION = "99887766"
COMPUTE = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"

# What each collector's failure looks like, and the folders that it then leaves out.
FAILURES = {
    "cloud-run": ("403 PERMISSION_DENIED: Permission 'run.services.list' denied", "run.services.list"),
    "logging": ("429 RESOURCE_EXHAUSTED: Quota exceeded for quota metric 'Read requests'", ""),
    "iam": ("403 PERMISSION_DENIED: The caller does not have permission", "resourcemanager.projects.get"),
    "service-usage": ("403 PERMISSION_DENIED: Permission denied to list services", "serviceusage.services.list"),
    "dns": (
        "403 PERMISSION_DENIED: Cloud DNS API has not been used in project 525300120045 before or it is disabled. "
        "Enable it by visiting https://console.developers.google.com/apis/api/dns.googleapis.com/overview then retry.",
        "dns.managedZones.list",
    ),
    "compute": (
        "403 forbidden: Required 'compute.networks.list' permission for 'projects/mesh-prod'",
        "compute.networks.list",
    ),
    "fleet": ("400 INVALID_ARGUMENT: project is invalid", ""),
    "clusters": ("404 NOT_FOUND: Project not found", ""),
    "csds": (
        "PERMISSION_DENIED: Permission 'trafficdirector.networks.getConfigs' denied",
        "trafficdirector.networks.getConfigs",
    ),
}


def full(folder):
    """The healthy world with more in it; the folder."""
    shutil.copytree(WORLDS / "base", folder, dirs_exist_ok=True)
    _add(
        folder,
        f"clusters/{PROJECT}/clusters.json",
        "clusters",
        {"name": "annex", "location": "europe-west1", "status": "RUNNING"},
    )
    _add(folder, f"fleet/{PROJECT}/memberships.json", "resources", *_memberships())
    feature = {
        "name": f"projects/{PROJECT}/locations/global/features/multiclusteringress",
        "resourceState": {"state": "ACTIVE"},
    }
    _add(folder, f"fleet/{PROJECT}/features.json", "resources", feature)
    _add(
        folder,
        f"dns/{PROJECT}/managed-zones.json",
        "managedZones",
        {"id": "77001", "name": "corp", "dnsName": "corp.example.com.", "visibility": "public"},
    )
    records = [
        {"name": "corp.example.com.", "type": "NS", "ttl": 21600, "rrdatas": ["ns-cloud-a1.googledomains.com."]},
        {"name": "www.corp.example.com.", "type": "A", "ttl": 300, "rrdatas": ["203.0.113.7"]},
    ]
    _write(
        folder,
        f"dns/{PROJECT}/zones/corp/rrsets.json",
        {"kind": "dns#resourceRecordSetsListResponse", "rrsets": records},
    )
    _add_iam(folder)
    _add_compute(folder)
    return folder


def failed(folder):
    """The healthy world's manifest, in which every collector failed; the folder."""
    manifest = json.loads((WORLDS / "base" / "bundle.json").read_text())
    manifest["collectors"] = [
        {"name": name, "status": "FAILED", "error": error, "permissionNeeded": permission}
        for name, (error, permission) in FAILURES.items()
    ]
    _write(folder, "bundle.json", manifest)
    return folder


def _memberships():
    name = f"projects/{PROJECT}/locations/europe-west1/memberships/annex"
    yield {"name": name, "state": {"code": "READY"}}


def _add_iam(folder):
    home = f"iam/projects/{PROJECT}"
    bindings = [
        {"role": f"organizations/{ORGANIZATION}/roles/meshReader", "members": ["group:mesh@example.com"]},
        {"role": f"projects/{PROJECT}/roles/configReader", "members": ["group:mesh@example.com"]},
    ]
    _add(folder, f"{home}/policy.json", "bindings", *bindings)
    own = [_role(f"projects/{PROJECT}/roles/{name}") for name in ("configReader", "configWriter")]
    _add(folder, f"{home}/roles.json", "roles", *own)
    above = [_role(f"organizations/{ORGANIZATION}/roles/{name}") for name in ("meshReader", "meshWriter")]
    _write(folder, f"iam/organizations/{ORGANIZATION}/roles.json", {"roles": above})
    predefined = [_role(f"roles/{name}") for name in ("owner", "trafficdirector.client")]
    _write(folder, "iam/predefined-roles.json", {"roles": predefined})
    _add(folder, f"{home}/deny-policies.json", "policies", *(_deny_policy(name) for name in ("night", "quarantine")))


def _role(name):
    permissions = ["trafficdirector.networks.getConfigs", "trafficdirector.networks.reportMetrics"]
    return {"name": name, "title": "Mesh", "stage": "GA", "includedPermissions": permissions, "etag": "BwYxq0Zk3sE="}


def _deny_policy(name):
    rule = {
        "deniedPrincipals": [
            f"principal://iam.googleapis.com/projects/-/serviceAccounts/{name}@{PROJECT}.iam.gserviceaccount.com"
        ],
        "deniedPermissions": ["trafficdirector.googleapis.com/networks.getConfigs"],
    }
    return {
        "name": f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{NUMBER}/denypolicies/{name}",
        "uid": f"0f6c8f0e-{name}",
        "kind": "DenyPolicy",
        "etag": "MTc5MzQ2",
        "createTime": "2026-11-19T19:12:08.331Z",
        "rules": [{"denyRule": rule}],
    }


def _add_compute(folder):
    home = f"compute/{PROJECT}"
    network = f"{COMPUTE}/global/networks"
    _add(folder, f"{home}/networks.json", "items", {"id": "9001", "name": "annex", "selfLink": f"{network}/annex"})
    firewall = {
        "id": "9002",
        "name": "allow-health",
        "network": f"{network}/default",
        "direction": "INGRESS",
        "priority": 900,
    }
    _add(
        folder,
        f"{home}/firewalls.json",
        "items",
        firewall | {"sourceRanges": ["35.191.0.0/16"], "allowed": [{"IPProtocol": "all"}]},
    )
    subnetworks = [
        {
            "id": "9003",
            "name": "annex",
            "region": f"{COMPUTE}/regions/europe-west4",
            "network": f"{network}/annex",
            "ipCidrRange": "10.64.0.0/20",
        }
    ]
    _place(folder, f"{home}/subnetworks.json", "regions/europe-west4", "subnetworks", subnetworks)
    addresses = [
        {
            "id": f"91{n}",
            "name": f"address-{n}",
            "address": f"10.10.0.{n}",
            "addressType": "INTERNAL",
            "status": "RESERVED",
        }
        for n in (5, 6, 7)
    ]
    _place(folder, f"{home}/addresses.json", f"regions/{REGION}", "addresses", addresses)
    services = [
        {
            "id": f"92{n}",
            "name": f"gsmmesh-{n}",
            "selfLink": f"{COMPUTE}/global/backendServices/gsmmesh-{n}",
            "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
            "protocol": "HTTP",
            "backends": [
                {
                    "group": f"{COMPUTE}/zones/{REGION}-a/networkEndpointGroups/neg-{n}",
                    "balancingMode": "RATE",
                    "maxRatePerEndpoint": 100,
                }
            ],
            "fingerprint": "q83vEjRWeJA=",
        }
        for n in (1, 2, 3)
    ]
    _place(folder, f"{home}/backend-services.json", "global", "backendServices", services)
    healthy = {"ipAddress": "10.20.0.9", "port": 8080, "healthState": "HEALTHY"}
    health = {"kind": "compute#backendServiceGroupHealth", "healthStatus": [healthy]}
    _write(folder, f"{home}/health/gsmmesh-1.json", health)
    groups = [
        {"id": f"93{n}", "name": f"neg-{n}", "networkEndpointType": "GCE_VM_IP_PORT", "size": n} for n in (1, 2, 3)
    ]
    _place(folder, f"{home}/network-endpoint-groups.json", f"zones/{REGION}-a", "networkEndpointGroups", groups)


def _add(folder, path, array, *items):
    """Appends to the array of a listing."""
    listing = json.loads((folder / path).read_text())
    listing.setdefault(array, []).extend(items)
    _write(folder, path, listing)


def _place(folder, path, place, array, items):
    """Puts items in a place of an aggregated listing."""
    listing = json.loads((folder / path).read_text())
    listing["items"][place] = {array: items}
    _write(folder, path, listing)


def _write(folder, path, value):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=1))
