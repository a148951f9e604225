"""Python's grpcio with xds-protos asks replay for the clients of a mesh, as Traffic Director is asked."""

import unittest
from copy import deepcopy
from urllib.request import Request, urlopen

import grpc
from envoy.config.cluster.v3 import cluster_pb2  # noqa: F401 (a type that answers hold)
from envoy.config.core.v3.base_pb2 import Node
from envoy.config.endpoint.v3 import endpoint_pb2  # noqa: F401
from envoy.config.listener.v3 import listener_pb2  # noqa: F401
from envoy.config.route.v3 import route_pb2  # noqa: F401
from envoy.extensions.filters.http.router.v3 import router_pb2  # noqa: F401
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2  # noqa: F401
from envoy.service.status.v3.csds_pb2 import ClientStatusRequest, ClientStatusResponse
from envoy.service.status.v3.csds_pb2_grpc import ClientStatusDiscoveryServiceStub
from envoy.type.matcher.v3.node_pb2 import NodeMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from envoy.type.matcher.v3.struct_pb2 import StructMatcher
from envoy.type.matcher.v3.value_pb2 import ValueMatcher
from google.protobuf import json_format

from replay import INCIDENTS, PATIENCE, Replay

WORLD = INCIDENTS / "two-clusters-two-meshes"


def matcher(node_id="", **metadata):
    """All of the metadata must be as given, and the node's id where it is."""
    equals = [
        StructMatcher(
            path=[StructMatcher.PathSegment(key=key)],
            value=ValueMatcher(string_match=StringMatcher(exact=text)),
        )
        for key, text in metadata.items()
    ]
    return NodeMatcher(node_id=StringMatcher(exact=node_id) if node_id else None, node_metadatas=equals)


class Csds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.replay = cls.enterClassContext(Replay(WORLD))
        channel = cls.enterClassContext(grpc.insecure_channel(cls.replay.url.removeprefix("http://")))
        cls.stub = ClientStatusDiscoveryServiceStub(channel)
        (file,) = WORLD.glob("csds/*/client-status.binpb")
        cls.kept = ClientStatusResponse.FromString(file.read_bytes())
        cls.number = cls.kept.config[0].node.id.split("/")[1]
        cls.meshes = sorted({mesh_of(config) for config in cls.kept.config})

    def request(self, mesh, node_id="", **fields):
        own = {"TRAFFICDIRECTOR_GCP_PROJECT_NUMBER": self.number, "TRAFFICDIRECTOR_MESH_SCOPE_NAME": mesh}
        node = Node(id=f"projects/{self.number}/networks/mesh:{mesh}/nodes/conformance")
        return ClientStatusRequest(node=node, node_matchers=[matcher(node_id, **own)], **fields)

    def fetch(self, request, token=None):
        bearer = ("authorization", f"Bearer {token or self.replay.token}")
        metadata = [bearer, ("x-goog-user-project", self.number)]
        return self.stub.FetchClientStatus(request, metadata=metadata, timeout=PATIENCE)

    def stream(self, requests):
        metadata = [("authorization", f"Bearer {self.replay.token}")]
        return self.stub.StreamClientStatus(iter(requests), metadata=metadata, timeout=PATIENCE)

    def clients(self, mesh):
        return [config for config in self.kept.config if mesh_of(config) == mesh]

    def test_fetch_gives_the_clients_of_the_mesh_alone(self):
        self.assertEqual(len(self.meshes), 2)
        for mesh in self.meshes:
            self.assertEqual(list(self.fetch(self.request(mesh)).config), self.clients(mesh))
        self.assertFalse(self.fetch(self.request("no-such-mesh")).config)

    def test_the_stream_answers_each_request_in_turn(self):
        answers = list(self.stream(self.request(mesh) for mesh in self.meshes))
        self.assertEqual([list(answer.config) for answer in answers], [self.clients(mesh) for mesh in self.meshes])

    def test_rest_says_what_grpc_says(self):
        for mesh in self.meshes:
            request = Request(
                f"{self.replay.url}/v3/discovery:client_status",
                json_format.MessageToJson(self.request(mesh)).encode(),
                {"Authorization": f"Bearer {self.replay.token}", "Content-Type": "application/json"},
            )
            with urlopen(request, timeout=PATIENCE) as answer:
                told = json_format.Parse(answer.read(), ClientStatusResponse())
            self.assertEqual(list(told.config), self.clients(mesh))

    def test_a_node_id_narrows_to_one_client(self):
        wanted = self.clients(self.meshes[0])[0]
        answer = self.fetch(self.request(self.meshes[0], node_id=wanted.node.id))
        self.assertEqual(list(answer.config), [wanted])

    def test_contents_are_left_out_on_request(self):
        mesh = self.meshes[0]
        brief = self.fetch(self.request(mesh, exclude_resource_contents=True))
        for config, whole in zip(brief.config, self.clients(mesh), strict=True):
            self.assertTrue(any(resource.HasField("xds_config") for resource in whole.generic_xds_configs))
            kept = deepcopy(whole)
            for resource in kept.generic_xds_configs:
                resource.ClearField("xds_config")
            self.assertEqual(config, kept)

    def test_what_traffic_director_refuses_is_refused(self):
        mesh = self.meshes[0]
        foreign = self.request(mesh)
        foreign.node.id = "projects/1/networks/mesh:other/nodes/x"
        unnamed = self.request(mesh)
        del unnamed.node_matchers[0].node_metadatas[1:]
        for request in (ClientStatusRequest(), foreign, unnamed):
            with self.assertRaises(grpc.RpcError) as refused:
                self.fetch(request)
            self.assertEqual(refused.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_without_the_token_nobody_is_answered(self):
        request = self.request(self.meshes[0])
        for call in (
            lambda: self.fetch(request, token="ya29.another"),
            lambda: self.stub.FetchClientStatus(request, timeout=PATIENCE),
            lambda: list(self.stub.StreamClientStatus(iter([request]), timeout=PATIENCE)),
        ):
            with self.assertRaises(grpc.RpcError) as refused:
                call()
            self.assertEqual(refused.exception.code(), grpc.StatusCode.UNAUTHENTICATED)

    def test_a_denial_in_the_bundle_is_a_denial(self):
        with Replay(INCIDENTS / "csds-not-collected") as replay:
            number = replay.read("iam/projects/notify-prod-77/project.json")["name"].removeprefix("projects/")
            own = {"TRAFFICDIRECTOR_GCP_PROJECT_NUMBER": number, "TRAFFICDIRECTOR_MESH_SCOPE_NAME": "notify"}
            node = Node(id=f"projects/{number}/networks/mesh:notify/nodes/conformance")
            request = ClientStatusRequest(node=node, node_matchers=[matcher(**own)])
            with grpc.insecure_channel(replay.url.removeprefix("http://")) as channel:
                stub = ClientStatusDiscoveryServiceStub(channel)
                with self.assertRaises(grpc.RpcError) as refused:
                    stub.FetchClientStatus(
                        request, metadata=[("authorization", f"Bearer {replay.token}")], timeout=PATIENCE
                    )
        self.assertEqual(refused.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        self.assertIn("trafficdirector.networks.getConfigs", refused.exception.details())


def mesh_of(config):
    return config.node.metadata["TRAFFICDIRECTOR_MESH_SCOPE_NAME"]


if __name__ == "__main__":
    unittest.main()
