"""google-api-python-client lists through replay what is in the bundle, for every API of the layout."""

import json
import tempfile
import unittest
from pathlib import Path

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from httplib2 import Http

import discovery
import worlds
from proxy import Proxy
from replay import Replay
from worlds import COMPUTE, NUMBER, ORGANIZATION, PROJECT, REGION

HOME = f"projects/{PROJECT}"
PLACE = f"{HOME}/locations/{REGION}"
DENY = f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{NUMBER}/denypolicies"

# One call of each API, for those that must not be answered.
CALLS = {
    "logging.v2": lambda api: api.entries().list(body={"resourceNames": [HOME]}),
    "cloudresourcemanager.v1": lambda api: api.projects().getAncestry(projectId=PROJECT, body={}),
    "cloudresourcemanager.v3": lambda api: api.projects().get(name=HOME),
    "iam.v1": lambda api: api.projects().roles().list(parent=HOME),
    "iam.v2": lambda api: api.policies().listPolicies(parent=DENY),
    "run.v1": lambda api: api.projects().locations().list(name=HOME),
    "run.v2": lambda api: api.projects().locations().services().list(parent=PLACE),
    "serviceusage.v1": lambda api: api.services().list(parent=HOME),
    "dns.v1": lambda api: api.managedZones().list(project=PROJECT),
    "compute.v1": lambda api: api.networks().list(project=PROJECT),
    "gkehub.v1": lambda api: api.projects().locations().memberships().list(parent=f"{HOME}/locations/-"),
    "container.v1": lambda api: api.projects().locations().clusters().list(parent=f"{HOME}/locations/-"),
    "trafficdirector.v3": lambda api: api.discovery().client_status(body={}),
}


class GoogleClient(unittest.TestCase):
    """Every page has two items at most, so that each listing has several."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        world = worlds.full(Path(folder) / "full")
        cls.replay = cls.enterClassContext(Replay(world, "--page-size", "2"))
        cls.proxy = cls.enterClassContext(Proxy(cls.replay.url))

    def setUp(self):
        self.proxy.exchanges.clear()

    def tearDown(self):
        faults = [fault for exchange in self.proxy.exchanges for fault in discovery.check(exchange)[1]]
        self.assertFalse(faults, "\n".join(faults))

    def api(self, name, version, **access):
        document = f"{name}.{version}"
        (endpoint,) = [own for own, documents in discovery.DOCUMENTS.items() if document in documents]
        base_path = discovery.document(document).base_path
        service = build(
            name,
            version,
            **(access or {"credentials": Credentials(self.replay.token)}),
            client_options={"api_endpoint": f"{self.proxy.url}/{endpoint}/{base_path}"},
            static_discovery=True,
            cache_discovery=False,
        )
        self.addCleanup(service.close)
        return service

    def pages(self, methods, call="list", /, **arguments):
        """The answers of a listing, by the client's own way from page to page."""
        request = getattr(methods, call)(**arguments)
        turn = getattr(methods, f"{call}_next")
        while request is not None:
            answer = request.execute()
            yield answer
            request = turn(request, answer)

    def assert_listed(self, file, array, methods, /, **arguments):
        pages = list(self.pages(methods, **arguments))
        listed = [item for page in pages for item in page.get(array, [])]
        self.assertEqual(listed, self.replay.read(file)[array])
        self.assertGreater(len(listed), 1, "no listing to speak of")
        self.assertEqual(len(pages), (len(listed) + 1) // 2)

    def assert_aggregated(self, file, array, methods):
        listed = {}
        for page in self.pages(methods, "aggregatedList", project=PROJECT):
            for place, scoped in page["items"].items():
                listed.setdefault(place, []).extend(scoped.get(array, []))
        kept = self.replay.read(f"compute/{PROJECT}/{file}")["items"]
        self.assertEqual(listed, {place: scoped.get(array, []) for place, scoped in kept.items()})
        self.assertTrue(any(listed.values()), "no listing to speak of")

    def test_cloud_run(self):
        locations = self.api("run", "v1").projects().locations()
        regions = [region["locationId"] for region in locations.list(name=HOME).execute()["locations"]]
        self.assertEqual(regions, [REGION])
        services = self.api("run", "v2").projects().locations().services()
        self.assert_listed(f"cloud-run/{PROJECT}/{REGION}/services.json", "services", services, parent=PLACE)
        revisions = f"cloud-run/{PROJECT}/{REGION}/revisions.json"
        self.assert_listed(revisions, "revisions", services.revisions(), parent=f"{PLACE}/services/-")

    def test_logging(self):
        entries = self.api("logging", "v2").entries()
        lines = (self.replay.world / f"logging/{PROJECT}/entries.ndjson").read_text().splitlines()
        asked = {"resourceNames": [HOME], "orderBy": "timestamp asc", "pageSize": 3}
        pages = list(self.pages(entries, body=asked))
        listed = [entry["insertId"] for page in pages for entry in page["entries"]]
        kept = sorted((json.loads(line) for line in lines), key=lambda entry: entry["timestamp"])
        self.assertEqual(listed, [entry["insertId"] for entry in kept])
        self.assertEqual([len(page["entries"]) for page in pages], [2] * (len(listed) // 2) + [1] * (len(listed) % 2))

    def test_resource_manager(self):
        projects = self.api("cloudresourcemanager", "v3").projects()
        self.assertEqual(projects.get(name=HOME).execute(), self.replay.read(f"iam/{HOME}/project.json"))
        ancestry = self.api("cloudresourcemanager", "v1").projects().getAncestry(projectId=PROJECT, body={})
        self.assertEqual(ancestry.execute(), self.replay.read(f"iam/{HOME}/ancestry.json"))
        body = {"options": {"requestedPolicyVersion": 3}}
        owners = {"projects": PROJECT, "folders": "4711", "organizations": ORGANIZATION}
        for kind, name in owners.items():
            owner = getattr(self.api("cloudresourcemanager", "v3"), kind)()
            policy = owner.getIamPolicy(resource=f"{kind}/{name}", body=body).execute()
            self.assertEqual(policy, self.replay.read(f"iam/{kind}/{name}/policy.json"))

    def test_iam(self):
        iam = self.api("iam", "v1")
        self.assert_listed(f"iam/{HOME}/roles.json", "roles", iam.projects().roles(), parent=HOME, view="FULL")
        above = f"organizations/{ORGANIZATION}"
        self.assert_listed(f"iam/{above}/roles.json", "roles", iam.organizations().roles(), parent=above, view="FULL")
        for role in self.replay.read("iam/predefined-roles.json")["roles"]:
            self.assertEqual(iam.roles().get(name=role["name"]).execute(), role)
        accounts = iam.projects().serviceAccounts()
        self.assert_listed(f"iam/{HOME}/service-accounts.json", "accounts", accounts, name=HOME)
        brief = iam.projects().roles().list(parent=HOME).execute()["roles"]
        self.assertFalse([role for role in brief if "includedPermissions" in role])

    def test_deny_policies(self):
        policies = self.api("iam", "v2").policies()
        listed = [policy for page in self.pages(policies, "listPolicies", parent=DENY) for policy in page["policies"]]
        kept = self.replay.read(f"iam/{HOME}/deny-policies.json")["policies"]
        without_rules = [{name: own for name, own in policy.items() if name != "rules"} for policy in kept]
        self.assertEqual(listed, without_rules)
        self.assertEqual([policies.get(name=policy["name"]).execute() for policy in listed], kept)

    def test_service_usage(self):
        services = self.api("serviceusage", "v1").services()
        file = f"service-usage/{PROJECT}/services.json"
        self.assert_listed(file, "services", services, parent=HOME, filter="state:ENABLED")

    def test_dns(self):
        dns = self.api("dns", "v1")
        self.assert_listed(f"dns/{PROJECT}/managed-zones.json", "managedZones", dns.managedZones(), project=PROJECT)
        for zone in self.replay.read(f"dns/{PROJECT}/managed-zones.json")["managedZones"]:
            file = f"dns/{PROJECT}/zones/{zone['name']}/rrsets.json"
            records = dns.resourceRecordSets()
            self.assert_listed(file, "rrsets", records, project=PROJECT, managedZone=zone["name"])

    def test_compute(self):
        compute = self.api("compute", "v1")
        self.assert_listed(f"compute/{PROJECT}/networks.json", "items", compute.networks(), project=PROJECT)
        self.assert_listed(f"compute/{PROJECT}/firewalls.json", "items", compute.firewalls(), project=PROJECT)
        self.assert_aggregated("subnetworks.json", "subnetworks", compute.subnetworks())
        self.assert_aggregated("addresses.json", "addresses", compute.addresses())
        self.assert_aggregated("backend-services.json", "backendServices", compute.backendServices())
        groups = compute.networkEndpointGroups()
        self.assert_aggregated("network-endpoint-groups.json", "networkEndpointGroups", groups)

    def test_fleet_and_clusters(self):
        locations = self.api("gkehub", "v1").projects().locations()
        everywhere = f"{HOME}/locations/-"
        memberships = locations.memberships()
        self.assert_listed(f"fleet/{PROJECT}/memberships.json", "resources", memberships, parent=everywhere)
        parent = f"{HOME}/locations/global"
        self.assert_listed(f"fleet/{PROJECT}/features.json", "resources", locations.features(), parent=parent)
        clusters = self.api("container", "v1").projects().locations().clusters().list(parent=everywhere)
        self.assertEqual(clusters.execute(), self.replay.read(f"clusters/{PROJECT}/clusters.json"))

    def test_client_status(self):
        asked = {
            "node": {"id": f"projects/{NUMBER}/networks/mesh:test-mesh/nodes/conformance"},
            "nodeMatchers": [
                {
                    "nodeMetadatas": [
                        {"path": [{"key": key}], "value": {"stringMatch": {"exact": text}}}
                        for key, text in (
                            ("TRAFFICDIRECTOR_GCP_PROJECT_NUMBER", NUMBER),
                            ("TRAFFICDIRECTOR_MESH_SCOPE_NAME", "test-mesh"),
                        )
                    ]
                }
            ],
        }
        answer = self.api("trafficdirector", "v3").discovery().client_status(body=asked).execute()
        self.assertEqual(answer, self.replay.read(f"csds/{PROJECT}/client-status.json"))

    def test_single_resources(self):
        compute, dns, iam = self.api("compute", "v1"), self.api("dns", "v1"), self.api("iam", "v1")
        run, usage = self.api("run", "v2").projects().locations(), self.api("serviceusage", "v1").services()
        fleet, clusters = self.api("gkehub", "v1").projects().locations(), self.api("container", "v1").projects()
        old, new = self.api("cloudresourcemanager", "v1"), self.api("cloudresourcemanager", "v3")
        role = f"{HOME}/roles/meshReader"
        account = f"{HOME}/serviceAccounts/fortio-run@{PROJECT}.iam.gserviceaccount.com"
        group = {"group": f"{COMPUTE}/zones/{REGION}-a/networkEndpointGroups/neg-1"}
        here = {"projectId": PROJECT, "zone": REGION}
        asked = {"permissions": ["run.services.list"]}
        named = {
            "fortio": run.services().get(name=f"{PLACE}/services/fortio"),
            "run.googleapis.com": usage.get(name=f"{HOME}/services/run.googleapis.com"),
            "memberships/prod": fleet.memberships().get(name=f"{PLACE}/memberships/prod"),
            "features/servicemesh": fleet.features().get(name=f"{HOME}/locations/global/features/servicemesh"),
            "prod": clusters.locations().clusters().get(name=f"{PLACE}/clusters/prod"),
            "prod ": clusters.zones().clusters().get(**here, clusterId="prod"),
            PROJECT: old.projects().get(projectId=PROJECT),
            "meshReader": iam.projects().roles().get(name=role),
            "fortio-run": iam.projects().serviceAccounts().get(name=account),
            "mesh-private": dns.managedZones().get(project=PROJECT, managedZone="mesh-private"),
            "annex": compute.networks().get(project=PROJECT, network="annex"),
            "allow-health": compute.firewalls().get(project=PROJECT, firewall="allow-health"),
            "gsmmesh-1": compute.backendServices().get(project=PROJECT, backendService="gsmmesh-1"),
        }
        for name, request in named.items():
            with self.subTest(name):
                self.assertIn(name.strip(), request.execute()["name"])
        listings = {
            "services": usage.batchGet(
                parent=HOME, names=[f"{HOME}/services/{api}" for api in ("run.googleapis.com", "x.example.com")]
            ),
            "clusters": clusters.zones().clusters().list(**here),
            "projects": new.projects().search(),
            "permissions": new.projects().testIamPermissions(resource=HOME, body=asked),
            "roles": iam.roles().list(),
            "rrsets": dns.resourceRecordSets().list(
                project=PROJECT, managedZone="corp", name="corp.example.com.", type="NS"
            ),
            "items": compute.backendServices().list(project=PROJECT),
            "items ": compute.subnetworks().list(project=PROJECT, region=REGION),
            "items  ": compute.addresses().list(project=PROJECT, region=REGION),
            "items   ": compute.networkEndpointGroups().list(project=PROJECT, zone=f"{REGION}-a"),
            "healthStatus": compute.backendServices().getHealth(
                project=PROJECT, backendService="gsmmesh-1", body=group
            ),
        }
        for name, request in listings.items():
            with self.subTest(request.uri):
                self.assertTrue(request.execute()[name.strip()])
        for request in (
            compute.globalAddresses().list(project=PROJECT),
            compute.globalNetworkEndpointGroups().list(project=PROJECT),
            compute.projects().getXpnHost(project=PROJECT),
        ):
            with self.subTest(request.uri):
                self.assertFalse(request.execute().get("items"))

    def test_what_is_not_there_is_not_found(self):
        compute, dns, iam = self.api("compute", "v1"), self.api("dns", "v1"), self.api("iam", "v1")
        for request in (
            self.api("run", "v2").projects().locations().services().get(name=f"{PLACE}/services/none"),
            self.api("container", "v1").projects().locations().clusters().get(name=f"{PLACE}/clusters/none"),
            self.api("gkehub", "v1").projects().locations().memberships().get(name=f"{PLACE}/memberships/none"),
            iam.roles().get(name="roles/none"),
            iam.projects().roles().get(name=f"{HOME}/roles/none"),
            compute.networks().get(project=PROJECT, network="none"),
            compute.networks().list(project="no-such-project"),
            dns.managedZones().get(project=PROJECT, managedZone="none"),
            dns.resourceRecordSets().list(project=PROJECT, managedZone="none"),
        ):
            with self.subTest(request.uri):
                with self.assertRaises(HttpError) as refused:
                    request.execute()
                self.assertEqual(refused.exception.status_code, 404)

    def test_without_the_token_nothing_is_answered(self):
        documents = {name for names in discovery.DOCUMENTS.values() for name in names}
        self.assertEqual(set(CALLS), documents)
        for name, call in CALLS.items():
            with self.subTest(name):
                with self.assertRaises(HttpError) as refused:
                    call(self.api(*name.split("."), http=Http())).execute()
                self.assertEqual(refused.exception.status_code, 401)
                self.assertIn("invalid authentication credentials", refused.exception.reason)


if __name__ == "__main__":
    unittest.main()
