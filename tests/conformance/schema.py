"""JSON values against the schemas of a discovery document: types, formats, enums, unknown fields."""

import base64
import binascii
import re
from datetime import datetime

RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
DURATION = re.compile(r"-?[0-9]+(\.[0-9]{1,9})?s")


def fault_of_text(text, schema):
    """What is wrong with a text of type string, by its format, enum and pattern; None where nothing is."""
    form = schema.get("format")
    if form in ("int64", "uint64"):
        return _fault_of_integer(text, form)
    if form == "google-datetime" and not _is_time(text):
        return f"{text!r} is no RFC 3339 time"
    if form == "google-duration" and not DURATION.fullmatch(text):
        return f"{text!r} is no duration"
    if form == "byte" and not _is_base64(text):
        return f"{text!r} is not base64"
    if "enum" in schema and text not in schema["enum"]:
        return f"{text!r} is none of {', '.join(schema['enum'][:12])}"
    if "pattern" in schema and not re.fullmatch(schema["pattern"], text):
        return f"{text!r} is not like {schema['pattern']}"
    return None


def fault_of_parameter(text, schema):
    """What is wrong with a parameter's text; None where nothing is."""
    kind = schema["type"]
    if kind == "boolean":
        return None if text in ("true", "false") else f"{text!r} is no boolean"
    if kind == "number":
        return None if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else f"{text!r} is no number"
    if kind == "integer":
        return _fault_of_integer(text, schema.get("format", "int32")) or _out_of_bounds(int(text), schema)
    return fault_of_text(text, schema)


def _fault_of_integer(text, form):
    if not INTEGER.fullmatch(text):
        return f"{text!r} is no integer"
    low, high = RANGES[form]
    return None if low <= int(text) <= high else f"{text} is out of the range of {form}"


def _out_of_bounds(number, schema):
    low, high = schema.get("minimum"), schema.get("maximum")
    if (low is not None and number < int(low)) or (high is not None and number > int(high)):
        return f"{number} is not within {low} and {high}"
    return None


def _is_time(text):
    found = TIME.fullmatch(text)
    try:
        return bool(found and datetime.fromisoformat(found[1]))
    except ValueError:
        return False


def _is_base64(text):
    try:
        base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        return False
    return True


class Schemas:
    """The schemas of one document."""

    def __init__(self, schemas):
        self._schemas = schemas

    def faults(self, value, schema, where="$"):
        """Everything that is wrong with a value, each with its place."""
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        kind = schema["type"]
        if kind == "any":
            return
        if kind == "object":
            yield from self._faults_of_object(value, schema, where)
        elif kind == "array":
            if not isinstance(value, list):
                yield f"{where}: {_told(value)} is no array"
                return
            for number, item in enumerate(value):
                yield from self.faults(item, schema["items"], f"{where}[{number}]")
        else:
            fault = _fault_of_scalar(value, kind, schema)
            if fault:
                yield f"{where}: {fault}"

    def _faults_of_object(self, value, schema, where):
        if not isinstance(value, dict):
            yield f"{where}: {_told(value)} is no object"
            return
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        # google.protobuf.Any, of which the document says no more.
        if others and "@type" in others.get("description", "") and not isinstance(value.get("@type"), str):
            yield f"{where}: without @type"
        for name, own in value.items():
            place = f"{where}.{name}"
            if name in known:
                yield from self.faults(own, known[name], place)
                if name == "kind" and known[name].get("default", own) != own:
                    yield f"{place}: {own!r} is not {known[name]['default']!r}"
            elif others:
                yield from self.faults(own, others, place)
            else:
                yield f"{place}: no such field"


def _fault_of_scalar(value, kind, schema):
    if kind == "string":
        return fault_of_text(value, schema) if isinstance(value, str) else f"{_told(value)} is no string"
    if kind == "boolean":
        return None if isinstance(value, bool) else f"{_told(value)} is no boolean"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{_told(value)} is no {kind}"
    if kind == "integer":
        return _fault_of_integer(str(value), schema.get("format", "int32")) or _out_of_bounds(value, schema)
    return None


def _told(value):
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
