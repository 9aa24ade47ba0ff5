"""The JSON Schema of scenario files, for editors. Made from the record types and their docstrings.

It says less than `check`: an editor sees one file, so a piece may leave out what it inherits or takes from a part,
and names are not looked up. What it does say, `check` says too.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import get_args

import msgspec

from allegiance.records.record import Record
from allegiance.records.scenario import FORMAT, Scenario
from allegiance.scenarios.merging import USE
from allegiance.scenarios.sources import RequestSource, SystemSource

SCHEMA_FILE = Path(__file__).with_name("schema.json")
Schema = dict[str, object]

_ROOT = ("format", "title", "principals", "intents", "persona", "canary")
"""What a world that extends no other cannot leave out; its name can be that of its file."""
_IDENTITY = {"Request": ("id",), "Choice": ("word",), "Mark": ("kind",), "Succession": ("from", "to")}
"""Record that is made from no part → the keys that tell it apart; for the others it is ``name``."""
_AS_TYPED = frozenset({"Expectation", "RequestSource", "SystemSource"})
"""Records that nothing merges into: they need what their types need."""
_FREE = frozenset({"Scenario", "Reasoning", "Factor", "Level", "Persona", "Consequence", "Monitoring",
                   "StandingOrder"})  # fmt: skip
"""Records that can leave out anything: it is inherited, or comes from a part."""
_PARTLESS = frozenset({"Scenario", "Reasoning", "Factor", "Level", *_IDENTITY})
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
"""Where text is wanted, a number or truth value is read as the letters it is written with."""


def schema_json() -> str:
    """The published schema, as text."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def schema() -> Schema:
    """The published schema."""
    kinds = _kinds()
    refs, parts = msgspec.json.schema_components((Scenario, RequestSource, SystemSource),
                                                 ref_template="#/$defs/{name}")  # fmt: skip
    defs = {name: _adapted(name, part, kinds.get(name)) for name, part in parts.items()}
    root = defs.pop("Scenario")
    properties = root["properties"]
    assert isinstance(properties, dict)
    first = {"format": {"const": FORMAT, "description": "The version of this language."}}
    root["properties"] = (
        first | _document(refs[1], refs[2]) | {k: v for k, v in properties.items() if k != "format"}
    )
    root["anyOf"] = [{"required": ["extends"]}, {"required": list(_ROOT)}]
    root.pop("required", None)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A scenario of Allegiance"}
    return {**head, **root, "$defs": dict(sorted(defs.items()))}


def _document(requests: Schema, system: Schema) -> Schema:
    """The keys of the document, which are carried out before anything is typed."""
    return {
        "extends": {"type": "string", "description": "Name or path of the world that this one is a variation of."},
        "without": _list({"type": "string"}, "Addresses of inherited pieces to leave out, like story.NAME."),
        "parts": _list({"type": "string"}, "Files of parts, beside those of the library."),
        "requests_from": _list(requests, "Requests from files."),
        "system_from": _list(system, "Whole system prompts from files."),
    }


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _kinds() -> dict[str, type[Record]]:
    """Every record type of a scenario, by name."""
    found: dict[str, type[Record]] = {}
    waiting: list[object] = [Scenario, RequestSource, SystemSource]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, Record) and kind.__name__ not in found:
            found[kind.__name__] = kind
            waiting += [field.type for field in msgspec.structs.fields(kind)]
        waiting += get_args(kind)
    return found


def _adapted(name: str, part: Schema, kind: type[Record] | None) -> Schema:
    """A record as an editor should see it: described, and with what may be left out in one file."""
    made = _loosened(part)
    assert isinstance(made, dict)
    made.pop("title", None)
    properties = made.get("properties")
    if kind is None or not isinstance(properties, dict):
        return made
    told = _attributes(inspect.getdoc(kind) or "")
    made["description"] = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
    for key, about in properties.items():
        if key in told and isinstance(about, dict):
            properties[key] = {**about, "description": told[key]}
    if name in _AS_TYPED:
        return made
    made.pop("required", None)
    if name not in _PARTLESS:
        properties[USE] = {"type": "string", "description": "Name of a part that this piece is made from."}
    if name not in _FREE:
        ways = [list(_IDENTITY.get(name, ("name",))), *([] if name in _PARTLESS else [[USE]])]
        made["anyOf"] = [{"required": keys} for keys in ways]
    return made


def _loosened(value: object) -> object:
    """Text may be written as a number; defaults are left out, since what is not written may be inherited."""
    if isinstance(value, list):
        return [_loosened(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "string" and "enum" not in value:
        return dict(_TEXT)
    return {key: _loosened(item) for key, item in value.items() if key != "default"}


def _attributes(doc: str) -> dict[str, str]:
    """The descriptions under ``Attributes:`` of a docstring, by the name of the key in a file."""
    _, _, body = doc.partition("Attributes:\n")
    entries = re.split(r"\n    (?=\w)", "\n" + body.rstrip())
    found = {}
    for entry in entries[1:]:
        name, _, about = entry.partition(": ")
        found[name.strip()] = re.sub(r"\s+", " ", about.replace("``", "`")).strip()
    return found | {new: found[old] for old, new in (("earlier", "from"), ("later", "to")) if old in found}
