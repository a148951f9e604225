"""kubectl gets through replay what is in the bundle: by its kubeconfig, and under the Connect Gateway's path."""

import datetime
import json
import shutil
import subprocess
import tempfile
import unittest
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from proxy import Proxy
from replay import PATIENCE, WORLDS, Replay, environment
from worlds import NUMBER, REGION

MEMBERSHIP = "prod"
KINDS = ["virtualservices", "pods", "services", "deployments", "endpointslices", "namespaces"]
FILES = {
    "virtualservices": "virtualservices.networking.istio.io",
    "deployments": "deployments.apps",
    "endpointslices": "endpointslices.discovery.k8s.io",
}
# client-go's own page size where none is given is 500.
CHUNK = 2


class Kubectl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("kubectl"):
            raise RuntimeError("kubectl is needed: apt-get install kubernetes-client")
        cls.replay = cls.enterClassContext(Replay(WORLDS / "base"))
        cls.home = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def run_kubectl(self, kubeconfig, *arguments):
        # A home of its own for each run: kubectl keeps what it learns of a server.
        with tempfile.TemporaryDirectory(dir=self.home) as home:
            return subprocess.run(
                ["kubectl", f"--kubeconfig={kubeconfig}", f"--cache-dir={home}", *arguments],
                capture_output=True,
                text=True,
                env=environment(home),
                timeout=PATIENCE,
            )

    def get(self, kubeconfig, kind, *arguments):
        ended = self.run_kubectl(kubeconfig, "get", kind, "-A", "-o", "json", *arguments)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)["items"]

    def kept(self, kind):
        return self.replay.read(f"kubernetes/{MEMBERSHIP}/{FILES.get(kind, kind)}.json")["items"]

    def assert_items(self, items, kind):
        """All that is kept. kubectl itself adds what kind of item each is, where a list leaves it out."""
        kept = self.kept(kind)
        self.assertEqual(len(items), len(kept))
        self.assertTrue(items, kind)
        for item, own in zip(items, kept, strict=True):
            self.assertEqual(item, {"apiVersion": item["apiVersion"], "kind": item["kind"]} | own)

    def through(self, server, **cluster):
        """A kubeconfig with the token of replay for a server."""
        config = json.loads(self.replay.kubeconfig.read_text())
        config["clusters"] = [{"name": MEMBERSHIP, "cluster": {"server": server, **cluster}}]
        file = self.home / "kubeconfig"
        file.write_text(json.dumps(config))
        return file

    def test_by_the_written_kubeconfig(self):
        for kind in KINDS:
            self.assert_items(self.get(self.replay.kubeconfig, kind), kind)

    def test_under_the_path_of_the_connect_gateway(self):
        # Over TLS, as kubectl sends a token to no other server.
        with Proxy(self.replay.url, tls=certificate(self.home)) as proxy:
            path = f"v1/projects/{NUMBER}/locations/{REGION}/gkeMemberships/{MEMBERSHIP}"
            file = self.through(f"{proxy.url}/gateway/{path}", **{"insecure-skip-tls-verify": True})
            for kind in KINDS:
                self.assert_items(self.get(file, kind), kind)
        self.assertEqual(
            {exchange.headers.get("authorization") for exchange in proxy.exchanges}, {f"Bearer {self.replay.token}"}
        )

    def test_chunks(self):
        server = json.loads(self.replay.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        with Proxy(self.replay.url) as proxy:
            file = self.through(server.replace(self.replay.url, f"{proxy.url}/kubernetes"))
            items = self.get(file, "virtualservices", f"--chunk-size={CHUNK}")
        self.assert_items(items, "virtualservices")
        lists = [parse_qs(e.query) for e in proxy.exchanges if e.path.endswith("/virtualservices")]
        self.assertEqual([query["limit"] for query in lists], [[str(CHUNK)]] * len(lists))
        self.assertEqual(["continue" in query for query in lists], [False, True])

    def test_one_object_by_name_and_a_table(self):
        pod = self.kept("pods")[0]["metadata"]
        ended = self.run_kubectl(self.replay.kubeconfig, "get", "pods", "-n", pod["namespace"])
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn(pod["name"], ended.stdout)
        one = self.run_kubectl(self.replay.kubeconfig, "get", "pod", pod["name"], "-n", pod["namespace"], "-o", "json")
        self.assertEqual(json.loads(one.stdout)["metadata"], pod)
        gone = self.run_kubectl(self.replay.kubeconfig, "get", "pod", "no-such-pod", "-n", pod["namespace"])
        self.assertEqual(
            (gone.returncode, gone.stderr), (1, 'Error from server (NotFound): pods "no-such-pod" not found\n')
        )

    def test_a_kind_that_is_not_served(self):
        ended = self.run_kubectl(self.replay.kubeconfig, "get", "cronjobs", "-A")
        self.assertEqual(
            (ended.returncode, ended.stderr), (1, 'error: the server doesn\'t have a resource type "cronjobs"\n')
        )

    def test_another_token_is_refused(self):
        with Proxy(self.replay.url, tls=certificate(self.home)) as proxy:
            path = f"v1/projects/{NUMBER}/locations/{REGION}/gkeMemberships/{MEMBERSHIP}"
            file = self.through(f"{proxy.url}/gateway/{path}", **{"insecure-skip-tls-verify": True})
            file.write_text(file.read_text().replace(self.replay.token, "ya29.another"))
            ended = self.run_kubectl(file, "get", "pods", "-A")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("You must be logged in to the server", ended.stderr)


def certificate(folder):
    """A key and a certificate of its own for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


if __name__ == "__main__":
    unittest.main()
