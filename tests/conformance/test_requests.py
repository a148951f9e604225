"""Every request that the live collectors send, and every answer that replay gives, against the discovery documents."""

import json
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import discovery
import worlds
from proxy import Proxy
from replay import INCIDENTS, WORLDS, Replay, check

# What the collectors call: a call that ceases, or a new one, must be told here.
CALLED = {
    "cloudresourcemanager.v1 cloudresourcemanager.projects.getAncestry",
    "cloudresourcemanager.v3 cloudresourcemanager.folders.getIamPolicy",
    "cloudresourcemanager.v3 cloudresourcemanager.folders.testIamPermissions",
    "cloudresourcemanager.v3 cloudresourcemanager.organizations.getIamPolicy",
    "cloudresourcemanager.v3 cloudresourcemanager.organizations.testIamPermissions",
    "cloudresourcemanager.v3 cloudresourcemanager.projects.get",
    "cloudresourcemanager.v3 cloudresourcemanager.projects.getIamPolicy",
    "cloudresourcemanager.v3 cloudresourcemanager.projects.testIamPermissions",
    "compute.v1 compute.addresses.aggregatedList",
    "compute.v1 compute.backendServices.aggregatedList",
    "compute.v1 compute.backendServices.getHealth",
    "compute.v1 compute.firewalls.list",
    "compute.v1 compute.networkEndpointGroups.aggregatedList",
    "compute.v1 compute.networks.getEffectiveFirewalls",
    "compute.v1 compute.networks.list",
    "compute.v1 compute.subnetworks.aggregatedList",
    "container.v1 container.projects.locations.clusters.list",
    "dns.v1 dns.managedZones.list",
    "dns.v1 dns.resourceRecordSets.list",
    "gkehub.v1 gkehub.projects.locations.features.list",
    "gkehub.v1 gkehub.projects.locations.memberships.list",
    "iam.v1 iam.organizations.roles.list",
    "iam.v1 iam.projects.roles.list",
    "iam.v1 iam.projects.serviceAccounts.list",
    "iam.v1 iam.roles.get",
    "iam.v2 iam.policies.get",
    "iam.v2 iam.policies.listPolicies",
    "logging.v2 logging.entries.list",
    "run.v1 run.projects.locations.list",
    "run.v2 run.projects.locations.services.list",
    "run.v2 run.projects.locations.services.revisions.list",
    "serviceusage.v1 serviceusage.services.list",
    "trafficdirector.v3 trafficdirector.discovery.client_status",
}

# Statuses that every API may answer with, whatever was asked.
FAULTY = (401, 403, 404, 429, 500, 503, 504)

# What is asked again, and may be fine then.
PASSING = (429, 500, 503, 504)

# Asked by gRPC, and by way of the kubeconfig: see `test_csds` and `test_kubectl`.
DIRECT = ("trafficdirector", "kubernetes")


@dataclass
class Run:
    """One run of `check` on one world, and what went over the wire."""

    name: str
    world: Path
    flags: tuple = ("-o", "json")
    serve: tuple = ()
    direct: tuple = DIRECT
    drop: tuple = ()
    # A fault of replay, for all that is asked.
    fault: dict = None
    # Answers come broken on purpose.
    is_spoilt: bool = False
    report: object = None
    exchanges: list = field(default_factory=list)

    def __call__(self):
        with tempfile.TemporaryDirectory() as folder:
            self._run(self.serve + self._faults(Path(folder) / "faults.yaml"))
        return self

    def _faults(self, file):
        if self.fault is None:
            return ()
        # JSON is YAML.
        file.write_text(json.dumps([{"match": {"path": "/"}, **self.fault}]))
        return ("--faults", file)

    def _run(self, serve):
        with Replay(self.world, *serve) as replay, Proxy(replay.url) as proxy:
            file = proxy.configure(replay, replay.folder / "proxied.toml", direct=self.direct, drop=self.drop)
            self.report = check(file, replay.folder, *self.flags)
            self.exchanges = proxy.exchanges

    @property
    def faulty_status(self):
        action = self.fault["action"]
        return action["status"]["code"] if "status" in action else 200

    @property
    def may_be_whole(self):
        """Whether all may be there in spite of a fault: what passes is asked again, and a page may be empty."""
        return self.faulty_status in PASSING or self.fault["action"] == "empty_page"

    @property
    def is_whole(self):
        """Whether nothing of the world is missing."""
        return self.name.startswith("full") or self.name == "base"


def runs(folder):
    """Every incident as it is, and the ways of asking that no incident has."""
    full, failed = folder / "full", folder / "failed"
    worlds.full(full)
    worlds.failed(failed)
    yield Run("base", WORLDS / "base")
    yield Run("full, one item a page", full, serve=("--page-size", "1"))
    yield Run("full, regions not named", full, drop=("region",))
    yield Run("full, CSDS by REST", full, direct=("kubernetes",))
    yield Run("preflight", full, flags=("--preflight",))
    yield Run("failed", failed)
    for code in FAULTY:
        # After some pages, and until whoever asks again is answered.
        fault = {"skip": 12, "times": 40, "action": {"status": {"code": code, "headers": {"retry-after": "0"}}}}
        yield Run(f"answers of status {code}", full, serve=("--page-size", "1"), fault=fault)
    for action in ("token_loop", "empty_page"):
        yield Run(action, full, serve=("--page-size", "1"), fault={"times": "always", "action": action})
    for action in ("html", "truncate"):
        fault = {"skip": 12, "times": 40, "action": action}
        yield Run(action, full, serve=("--page-size", "1"), fault=fault, is_spoilt=True)
    for world in sorted(path for path in INCIDENTS.iterdir() if path.is_dir()):
        yield Run(f"incident {world.name}", world)


class Requests(unittest.TestCase):
    """All runs are made once; each test looks at all that was said."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            cls.runs = list(pool.map(lambda run: run(), runs(Path(folder))))
        cls.checked = [
            (run, exchange, *discovery.check(exchange, is_spoilt=run.is_spoilt))
            for run in cls.runs
            for exchange in run.exchanges
        ]

    def test_requests_and_answers_are_as_the_documents_say(self):
        faults = sorted({fault for *_, own in self.checked for fault in own})
        self.assertFalse(faults, "\n".join([f"{len(faults)} faults", *faults[:50]]))

    def test_every_collector_asked_and_was_answered(self):
        for run in self.runs:
            if run.is_whole:
                ended = {collector["name"]: collector["status"] for collector in run.report["collectors"]}
                self.assertEqual(set(ended.values()), {"OK"}, f"{run.name}: {ended}")
        answered = {method.key for _, exchange, method, _ in self.checked if method and exchange.status == 200}
        self.assertEqual(answered, CALLED)

    def test_faults_were_met_and_told(self):
        for run in self.runs:
            if run.fault and not run.is_spoilt:
                self.assertIn(run.faulty_status, {exchange.status for exchange in run.exchanges}, run.name)
            if run.fault and not run.may_be_whole:
                ended = {collector["name"]: collector["status"] for collector in run.report["collectors"]}
                self.assertNotEqual(set(ended.values()), {"OK"}, f"{run.name}: {ended}")

    def test_every_listing_was_paged(self):
        paged = {method.key for api in discovery.DOCUMENTS for method in discovery.methods(api) if method.is_paged}
        turned = {
            method.key
            for _, exchange, method, _ in self.checked
            if method and ("pageToken" in parse_qs(exchange.query) or b'"pageToken"' in exchange.body)
        }
        paged.add("logging.v2 logging.entries.list")
        # The regions of Cloud Run fit on one page.
        self.assertEqual(turned, (paged & CALLED) - {"run.v1 run.projects.locations.list"})

    def test_every_api_refused_in_its_own_shape(self):
        refused = {exchange.api for _, exchange, method, _ in self.checked if method and exchange.status >= 400}
        self.assertEqual(refused, set(discovery.DOCUMENTS) - {"trafficdirector"})
        disabled = [json.loads(e.answer) for _, e, *_ in self.checked if e.api == "dns" and e.status == 403]
        self.assertIn("accessNotConfigured", {answer["error"]["errors"][0]["reason"] for answer in disabled})

    def test_exceptions_are_still_needed(self):
        for name, parameter in discovery.UNDECLARED:
            methods = discovery.document(name).methods
            self.assertFalse([m.key for m in methods if parameter in m.parameters], f"{parameter} is declared now")
            sent = [
                e for _, e, m, _ in self.checked if m and m.document.name == name and parameter in parse_qs(e.query)
            ]
            self.assertTrue(sent, f"{parameter} is not sent any more")


if __name__ == "__main__":
    unittest.main()
