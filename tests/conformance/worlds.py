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
    for path, array, *items in MORE_ITEMS:
        listing = _read(folder, path)
        listing.setdefault(array, []).extend(items)
        _write(folder, path, listing)
    for path, place, array, *items in MORE_PLACES:
        listing = _read(folder, path)
        listing["items"][place] = {array: items}
        _write(folder, path, listing)
    for path, content in MORE_FILES.items():
        _write(folder, path, content)
    return folder


def failed(folder):
    """The healthy world's manifest, in which every collector failed; the folder."""
    manifest = _read(WORLDS / "base", "bundle.json")
    manifest["collectors"] = [
        {"name": name, "status": "FAILED", "error": error, "permissionNeeded": permission}
        for name, (error, permission) in FAILURES.items()
    ]
    _write(folder, "bundle.json", manifest)
    return folder


def _read(folder, path):
    return json.loads((folder / path).read_text())


def _write(folder, path, value):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=1))


def _role(name):
    permissions = ["trafficdirector.networks.getConfigs", "trafficdirector.networks.reportMetrics"]
    return {"name": name, "title": "Mesh", "stage": "GA", "includedPermissions": permissions, "etag": "BwYxq0Zk3sE="}


def _deny_policy(name):
    account = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{name}@{PROJECT}.iam.gserviceaccount.com"
    permission = "trafficdirector.googleapis.com/networks.getConfigs"
    return {
        "name": f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{NUMBER}/denypolicies/{name}",
        "kind": "DenyPolicy",
        "etag": "MTc5MzQ2",
        "createTime": "2026-11-19T19:12:08.331Z",
        "rules": [{"denyRule": {"deniedPrincipals": [account], "deniedPermissions": [permission]}}],
    }


def _address(number):
    address = {"id": f"91{number}", "name": f"address-{number}", "address": f"10.10.0.{number}"}
    return address | {"addressType": "INTERNAL", "status": "RESERVED"}


def _backend_service(number):
    group = f"{COMPUTE}/zones/{REGION}-a/networkEndpointGroups/neg-{number}"
    return {
        "id": f"92{number}",
        "name": f"gsmmesh-{number}",
        "selfLink": f"{COMPUTE}/global/backendServices/gsmmesh-{number}",
        "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
        "protocol": "HTTP",
        "backends": [{"group": group, "balancingMode": "RATE", "maxRatePerEndpoint": 100}],
        "fingerprint": "q83vEjRWeJA=",
    }


def _endpoint_group(number):
    return {"id": f"93{number}", "name": f"neg-{number}", "networkEndpointType": "GCE_VM_IP_PORT", "size": number}


_ROLES = ("meshReader", "meshWriter")
_MEMBERS = ["group:mesh@example.com"]
_FIREWALL = {"id": "9002", "name": "allow-health", "network": f"{COMPUTE}/global/networks/default", "priority": 900}
_SUBNETWORK = {
    "id": "9003",
    "name": "annex",
    "region": f"{COMPUTE}/regions/europe-west4",
    "ipCidrRange": "10.64.0.0/20",
}


def _health(address):
    status = {"ipAddress": address, "port": 8080, "healthState": "HEALTHY"}
    return {"kind": "compute#backendServiceGroupHealth", "healthStatus": [status]}


# File, array, further items.
MORE_ITEMS = [
    (
        f"clusters/{PROJECT}/clusters.json",
        "clusters",
        {"name": "annex", "location": "europe-west1", "status": "RUNNING"},
    ),
    (
        f"fleet/{PROJECT}/memberships.json",
        "resources",
        {"name": f"projects/{PROJECT}/locations/europe-west1/memberships/annex", "state": {"code": "READY"}},
    ),
    (
        f"fleet/{PROJECT}/features.json",
        "resources",
        {"name": f"projects/{PROJECT}/locations/global/features/ingress", "resourceState": {"state": "ACTIVE"}},
    ),
    (
        f"dns/{PROJECT}/managed-zones.json",
        "managedZones",
        {"id": "77001", "name": "corp", "dnsName": "corp.example.com.", "visibility": "public"},
    ),
    (
        f"iam/projects/{PROJECT}/policy.json",
        "bindings",
        {"role": f"organizations/{ORGANIZATION}/roles/meshReader", "members": _MEMBERS},
        {"role": f"projects/{PROJECT}/roles/meshReader", "members": _MEMBERS},
    ),
    (f"iam/projects/{PROJECT}/roles.json", "roles", *(_role(f"projects/{PROJECT}/roles/{name}") for name in _ROLES)),
    (f"iam/projects/{PROJECT}/deny-policies.json", "policies", _deny_policy("night"), _deny_policy("quarantine")),
    (
        f"compute/{PROJECT}/networks.json",
        "items",
        {"id": "9001", "name": "annex", "selfLink": f"{COMPUTE}/global/networks/annex"},
    ),
    (
        f"compute/{PROJECT}/firewalls.json",
        "items",
        _FIREWALL | {"direction": "INGRESS", "sourceRanges": ["35.191.0.0/16"], "allowed": [{"IPProtocol": "all"}]},
    ),
]

# File, place, array, the items there.
MORE_PLACES = [
    (f"compute/{PROJECT}/subnetworks.json", "regions/europe-west4", "subnetworks", _SUBNETWORK),
    (f"compute/{PROJECT}/addresses.json", f"regions/{REGION}", "addresses", *map(_address, (5, 6, 7))),
    (f"compute/{PROJECT}/backend-services.json", "global", "backendServices", *map(_backend_service, (1, 2, 3))),
    (
        f"compute/{PROJECT}/network-endpoint-groups.json",
        f"zones/{REGION}-a",
        "networkEndpointGroups",
        *map(_endpoint_group, (1, 2, 3)),
    ),
]

MORE_FILES = {
    f"iam/organizations/{ORGANIZATION}/roles.json": {
        "roles": [_role(f"organizations/{ORGANIZATION}/roles/{name}") for name in _ROLES]
    },
    "iam/predefined-roles.json": {"roles": [_role("roles/owner"), _role("roles/trafficdirector.client")]},
    f"dns/{PROJECT}/zones/corp/rrsets.json": {
        "kind": "dns#resourceRecordSetsListResponse",
        "rrsets": [
            {"name": "corp.example.com.", "type": "NS", "ttl": 21600, "rrdatas": ["ns-cloud-a1.googledomains.com."]},
            {"name": "www.corp.example.com.", "type": "A", "ttl": 300, "rrdatas": ["203.0.113.7"]},
        ],
    },
    # An answer by itself is every group's; a list has each group's own.
    f"compute/{PROJECT}/health/gsmmesh-1.json": _health("10.20.0.9"),
    f"compute/{PROJECT}/health/gsmmesh-2.json": [
        {"backend": f"{COMPUTE}/zones/{REGION}-a/networkEndpointGroups/neg-2", "status": _health("10.20.0.10")}
    ],
    f"compute/{PROJECT}/effective-firewalls/default.json": {
        "firewallPolicys": [
            {
                "type": "HIERARCHY",
                "name": "480192837465",
                "shortName": "org-baseline",
                "rules": [
                    {
                        "kind": "compute#firewallPolicyRule",
                        "priority": 900,
                        "action": "goto_next",
                        "direction": "INGRESS",
                        "match": {"srcIpRanges": ["10.0.0.0/8"], "layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}]},
                    }
                ],
            }
        ],
        "firewalls": [_FIREWALL | {"direction": "INGRESS", "allowed": [{"IPProtocol": "all"}]}],
    },
}
