"""The checker itself: it takes a true exchange, and flags each one in which a single thing is wrong."""

import json
import unittest
from dataclasses import replace

import discovery
from proxy import Exchange

JSON = {"content-type": "application/json; charset=UTF-8"}
SERVICE = {
    "name": "projects/p/locations/r/services/web",
    "generation": "3",
    "createTime": "2026-11-20T09:00:00.25Z",
    "ingress": "INGRESS_TRAFFIC_ALL",
    "reconciling": False,
    "labels": {"team": "web"},
    "template": {
        "timeout": "300s",
        "maxInstanceRequestConcurrency": 80,
        "containers": [{"image": "web", "ports": [{"containerPort": 8080}]}],
    },
}
LIST = Exchange(
    api="run",
    method="GET",
    path="v2/projects/p/locations/r/services",
    query="pageSize=100",
    headers={},
    body=b"",
    status=200,
    answer_headers=JSON,
    answer=json.dumps({"services": [SERVICE]}).encode(),
)
ENTRIES = replace(
    LIST,
    api="logging",
    method="POST",
    path="v2/entries:list",
    query="",
    headers=JSON,
    body=json.dumps({"resourceNames": ["projects/p"], "pageSize": 1000, "filter": "severity>=WARNING"}).encode(),
    answer=b'{"entries": [{"insertId": "a", "severity": "ERROR", "jsonPayload": {"any": [1, null]}}]}',
)
POLICY = replace(
    ENTRIES,
    api="resourcemanager",
    path="v3/projects/p:getIamPolicy",
    body=b'{"options": {"requestedPolicyVersion": 3}}',
    answer=b'{"version": 3, "etag": "BwYxq0Zk3sE="}',
)
NETWORKS = replace(
    LIST,
    api="compute",
    path="compute/v1/projects/p/global/networks",
    query="maxResults=500",
    answer=b'{"kind": "compute#networkList", "items": [{"id": "9", "name": "default", "mtu": 1460}]}',
)
SUBNETWORKS = replace(
    NETWORKS,
    path="compute/v1/projects/p/aggregated/subnetworks",
    query="returnPartialSuccess=true&maxResults=500",
    answer=b'{"items": {"regions/r": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}}',
)
ERROR = {
    "code": 403,
    "message": "denied",
    "status": "PERMISSION_DENIED",
    "details": [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "IAM_PERMISSION_DENIED",
            "domain": "iam.googleapis.com",
            "metadata": {"permission": "run.services.list"},
        }
    ],
}
DENIED = replace(LIST, status=403, answer=json.dumps({"error": ERROR}).encode())
OLD = {"code": 403, "message": "denied", "errors": [{"message": "denied", "domain": "global", "reason": "forbidden"}]}
FORBIDDEN = replace(NETWORKS, status=403, answer=json.dumps({"error": OLD}).encode())


def services(**changes):
    return replace(LIST, answer=json.dumps({"services": [SERVICE | changes]}).encode())


def entries(**changes):
    return replace(ENTRIES, body=json.dumps(json.loads(ENTRIES.body) | changes).encode())


def template(**changes):
    return services(template=SERVICE["template"] | changes)


def denied(**changes):
    return replace(DENIED, answer=json.dumps({"error": ERROR | changes}).encode())


def forbidden(**changes):
    return replace(FORBIDDEN, answer=json.dumps({"error": OLD | changes}).encode())


WRONG = {
    "a path of no method": (replace(LIST, path="v2/projects/p/services"), "no method"),
    "another HTTP method": (replace(LIST, method="PUT"), "no method"),
    "an API asked for another's path": (replace(LIST, api="iam"), "no method"),
    "a path that is not like its pattern": (
        replace(NETWORKS, path="compute/v1/projects/P_/global/networks"),
        "project",
    ),
    "an unknown parameter": (replace(LIST, query="pagesize=100"), "pagesize is not declared"),
    "a parameter of the wrong type": (replace(LIST, query="pageSize=many"), "no integer"),
    "a parameter that is no boolean": (replace(LIST, query="showDeleted=yes"), "no boolean"),
    "a parameter out of its bounds": (replace(NETWORKS, query="maxResults=-1"), "out of the range"),
    "a parameter of a wrong enum": (
        replace(LIST, api="iam", path="v1/projects/p/roles", query="view=ALL", answer=b"{}"),
        "'ALL' is none of BASIC, FULL",
    ),
    "a parameter given twice": (replace(LIST, query="pageSize=1&pageSize=2"), "given twice"),
    "the excepted parameter elsewhere": (replace(NETWORKS, query="returnPartialSuccess=true"), "not declared"),
    "the excepted parameter with a version": (
        replace(SUBNETWORKS, headers={"x-goog-api-version": "2026-11-01"}),
        "returnPartialSuccess is not declared",
    ),
    "a body where none is taken": (replace(LIST, body=b"{}"), "takes no body"),
    "a body that is not sent as JSON": (replace(ENTRIES, headers={}), "not sent as JSON"),
    "an unknown field of a body": (entries(orderby="timestamp desc"), "body.orderby: no such field"),
    "a body of the wrong type": (entries(pageSize="1000"), "body.pageSize: '1000' is no integer"),
    "a body's array that is none": (entries(resourceNames="projects/p"), "is no array"),
    "an answer that is no JSON": (replace(LIST, answer=b"<html>"), "answer: no JSON"),
    "an answer of the wrong type": (replace(LIST, answer_headers={}), "answer is not sent as JSON"),
    "an unknown field of an answer": (services(colour="red"), "answer.services[0].colour: no such field"),
    "an unknown field deep in an answer": (template(containers=[{"imgae": "web"}]), "containers[0].imgae: no such"),
    "a wrong enum": (services(ingress="INGRESS_NONE"), "'INGRESS_NONE' is none of"),
    "an int64 as a number": (services(generation=3), "3 is no string"),
    "an int64 that is no number": (services(generation="3.0"), "'3.0' is no integer"),
    "an int32 that is too large": (template(maxInstanceRequestConcurrency=2**31), "out of the range of int32"),
    "a boolean in words": (services(reconciling="false"), "is no boolean"),
    "a time that is none": (services(createTime="2026-13-20T09:00:00Z"), "is no RFC 3339 time"),
    "a duration without its unit": (template(timeout="300"), "is no duration"),
    "a map with a value of the wrong type": (services(labels={"team": 1}), "labels.team: 1 is no string"),
    "a message of no type": (replace(ENTRIES, answer=b'{"entries": [{"protoPayload": {}}]}'), "without @type"),
    "null": (services(labels=None), "None is no object"),
    "a list that is an object": (replace(LIST, answer=b'{"services": {}}'), "is no array"),
    "bytes that are not base64": (
        replace(POLICY, answer=b'{"version": 3, "etag": "BwF"}'),
        "is not base64",
    ),
    "a redirection": (replace(LIST, status=302), "no method answers 302"),
    "an error of another status": (denied(code=404), "code 404 with HTTP status 403"),
    "an error whose name is another's": (denied(status="NOT_FOUND"), "NOT_FOUND with HTTP status 403"),
    "an error of an unknown name": (denied(status="FORBIDDEN"), "'FORBIDDEN' is none of"),
    "an error without a message": (denied(message=""), "without message"),
    "an error with an unknown field": (denied(hint="ask"), "hint: no such field"),
    "an error in the older shape": (replace(DENIED, answer=FORBIDDEN.answer), "errors: no such field"),
    "a detail of no known type": (denied(details=[{"@type": "x"}]), "a detail of type x"),
    "a detail without a reason": (denied(details=[ERROR["details"][0] | {"reason": "no"}]), "reason 'no'"),
    "an older error in the newer shape": (replace(FORBIDDEN, answer=DENIED.answer), "status: no such field"),
    "an older error of an unknown reason": (forbidden(errors=[{"reason": "no"}]), "'no' is none of"),
    "an older error without its list": (forbidden(errors=[]), "without errors"),
}


class Checker(unittest.TestCase):
    def test_what_is_true_is_taken(self):
        for exchange in (LIST, ENTRIES, POLICY, NETWORKS, SUBNETWORKS, DENIED, FORBIDDEN):
            method, faults = discovery.check(exchange)
            self.assertTrue(method and not faults, f"{exchange}: {faults}")

    def test_one_thing_that_is_wrong_is_flagged(self):
        for name, (exchange, says) in WRONG.items():
            with self.subTest(name):
                _, faults = discovery.check(exchange)
                self.assertEqual(len([fault for fault in faults if says in fault]), 1, faults)


if __name__ == "__main__":
    unittest.main()
