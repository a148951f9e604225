"""Error answers against the two shapes that Google's APIs have: google.rpc.Status, and the older one."""

import json
import re

from schema import Schemas

# google.rpc.Code with its HTTP status (google/rpc/code.proto).
CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


def _object(**fields):
    return {"type": "object", "properties": fields}


def _array(items):
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_COMMON = {"code": {"type": "integer"}, "message": _TEXT}

# google.rpc.Status with google.rpc.ErrorInfo, as REST writes them (google/rpc/status.proto, error_details.proto).
_METADATA = {"type": "object", "additionalProperties": _TEXT}
_INFO = _object(**{"@type": _TEXT}, reason=_TEXT, domain=_TEXT, metadata=_METADATA)
_NAME = {"type": "string", "enum": list(CODES)}
STATUS = _object(error=_object(**_COMMON, status=_NAME, details=_array(_INFO)))

# Compute Engine and Cloud DNS.
_REASONS = [
    "accessNotConfigured",
    "authError",
    "backendError",
    "forbidden",
    "invalid",
    "notFound",
    "rateLimitExceeded",
]
_ITEM = _object(message=_TEXT, domain=_TEXT, reason={"type": "string", "enum": _REASONS})
LEGACY = _object(error=_object(**_COMMON, errors=_array(_ITEM)))


def faults(exchange, *, legacy):
    """Everything that is wrong with an answer that is no success."""
    try:
        answer = json.loads(exchange.answer)
    except ValueError as error:
        yield f"error: no JSON: {error}"
        return
    wrong = list(Schemas({}).faults(answer, LEGACY if legacy else STATUS, "error answer"))
    if wrong:
        yield from wrong
        return
    error = answer.get("error", {})
    needed = ["code", "message", "errors" if legacy else "status"]
    missing = [name for name in needed if not error.get(name)]
    if missing:
        yield f"error answer: without {', '.join(missing)}"
        return
    if error["code"] != exchange.status:
        yield f"error answer: code {error['code']} with HTTP status {exchange.status}"
    if not legacy and CODES.get(error["status"]) != exchange.status:
        yield f"error answer: {error['status']} with HTTP status {exchange.status}"
    for detail in error.get("details", []):
        if detail.get("@type") != "type.googleapis.com/google.rpc.ErrorInfo":
            yield f"error answer: a detail of type {detail.get('@type')}"
        elif not re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", detail.get("reason", "")):
            yield f"error answer: reason {detail.get('reason')!r}"
