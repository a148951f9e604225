"""Requests and answers against Google's published discovery documents, as google-api-python-client carries them."""

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import googleapiclient

import errors
from schema import Schemas, fault_of_parameter

FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"

# By the endpoint's name: an API may be asked in several versions.
DOCUMENTS = {
    "logging": ["logging.v2"],
    "resourcemanager": ["cloudresourcemanager.v1", "cloudresourcemanager.v3"],
    "iam": ["iam.v1", "iam.v2"],
    "run": ["run.v1", "run.v2"],
    "serviceusage": ["serviceusage.v1"],
    "dns": ["dns.v1"],
    "compute": ["compute.v1"],
    "gkehub": ["gkehub.v1"],
    "container": ["container.v1"],
    "trafficdirector": ["trafficdirector.v3"],
}

# Sent though the document does not declare them: (document, parameter) to the reason.
UNDECLARED = {
    ("compute.v1", "returnPartialSuccess"): (
        "The document describes API version 2026-11-01, which a client asks for by the header X-Goog-Api-Version; "
        "there aggregatedList always answers in part. Without the header it must be asked to, as Google's own clients "
        "did until they sent one: see the release notes of google-cloud-compute 1.55.0 (2026-10-01), "
        "https://github.com/googleapis/google-cloud-python/releases/tag/google-cloud-compute-v1.55.0"
    ),
}


class Document:
    """One API in one version."""

    def __init__(self, name):
        self.name = name
        self._content = json.loads((FOLDER / f"{name}.json").read_text())
        self.schemas = Schemas(self._content["schemas"])
        self.parameters = self._content["parameters"]
        self.methods = [Method(self, method) for method in _methods(self._content)]

    @property
    def base_path(self):
        """What stands before each method's path: `compute/v1/`, or nothing."""
        return self._content["servicePath"]


def _methods(resource):
    yield from resource.get("methods", {}).values()
    for child in resource.get("resources", {}).values():
        yield from _methods(child)


class Method:
    """One method. Its key names document and method, since versions share the names of methods."""

    def __init__(self, document, content):
        self.document = document
        self.key = f"{document.name} {content['id']}"
        self.http_method = content["httpMethod"]
        self.parameters = content.get("parameters", {})
        self.request = content.get("request")
        self.response = content.get("response")
        self._path = re.compile(self._pattern(document.base_path + content["path"]))

    def _pattern(self, template):
        """`v1/{+name}/roles` as a regular expression on the path as it was sent; `{+name}` has its own pattern."""
        pattern = ""
        for text, plus, name in re.findall(r"([^{]*)(?:\{(\+?)(\w+)\})?", template):
            pattern += re.escape(text)
            if name:
                own = self.parameters[name].get("pattern", ".+").removeprefix("^").removesuffix("$")
                pattern += f"(?P<{name}>{own if plus else '[^/]+'})"
        return pattern

    def match(self, http_method, path):
        return self._path.fullmatch(path) if http_method == self.http_method else None

    @property
    def is_paged(self):
        return "pageToken" in self.parameters


@cache
def document(name):
    return Document(name)


def methods(api):
    return [method for name in DOCUMENTS[api] for method in document(name).methods]


def check(exchange, *, is_spoilt=False):
    """The method of an exchange (None: there is none), and everything that is wrong with request and answer.

    A spoilt answer is none of the API's: the request alone is looked at.
    """
    found = [(m, m.match(exchange.method, exchange.path)) for m in methods(exchange.api)]
    found = [(method, match) for method, match in found if match]
    if len(found) != 1:
        names = ", ".join(method.key for method, _ in found) or "no method"
        return None, [f"{exchange}: the path is that of {names}"]
    method, match = found[0]
    faults = [
        *_faults_of_path(method, match),
        *_faults_of_query(method, exchange),
        *_faults_of_body(method, exchange),
        *([] if is_spoilt else _faults_of_answer(method, exchange)),
    ]
    return method, [f"{exchange}: {fault}" for fault in faults]


def _faults_of_path(method, match):
    for name, text in match.groupdict().items():
        schema = method.parameters[name]
        # What stands for `{+name}` is matched as it was sent.
        fault = None if schema.get("pattern", "").startswith("^") else fault_of_parameter(unquote(text), schema)
        if fault:
            yield f"path parameter {name}: {fault}"


def _faults_of_query(method, exchange):
    declared = {name: p for name, p in method.parameters.items() if p["location"] == "query"}
    declared |= method.document.parameters
    given = parse_qsl(exchange.query, keep_blank_values=True)
    seen = set()
    for name, text in given:
        schema = declared.get(name)
        if schema is None:
            if not _is_excepted(method, name, exchange):
                yield f"query parameter {name} is not declared"
            continue
        fault = fault_of_parameter(text, schema)
        if fault:
            yield f"query parameter {name}: {fault}"
        if name in seen and not schema.get("repeated"):
            yield f"query parameter {name} is given twice"
        seen.add(name)
    for name, schema in declared.items():
        if schema.get("required") and name not in seen:
            yield f"query parameter {name} is required"


def _is_excepted(method, name, exchange):
    return (
        (method.document.name, name) in UNDECLARED
        and method.key.endswith(".aggregatedList")
        and "x-goog-api-version" not in exchange.headers
    )


def _faults_of_body(method, exchange):
    if not method.request:
        if exchange.body:
            yield "the method takes no body"
        return
    if not exchange.headers.get("content-type", "").startswith("application/json"):
        yield "the body is not sent as JSON"
    yield from _faults_of_json("body", exchange.body, method.document.schemas, method.request)


def _faults_of_answer(method, exchange):
    if not exchange.answer_headers.get("content-type", "").startswith("application/json"):
        yield "the answer is not sent as JSON"
    if exchange.status == 200:
        yield from _faults_of_json("answer", exchange.answer, method.document.schemas, method.response)
    elif 200 < exchange.status < 400:
        yield f"no method answers {exchange.status}"
    else:
        yield from errors.faults(exchange, legacy=method.document.name in ("compute.v1", "dns.v1"))


def _faults_of_json(what, text, schemas, schema):
    try:
        value = json.loads(text)
    except ValueError as error:
        yield f"{what}: no JSON: {error}"
        return
    yield from schemas.faults(value, schema, what)
