"""Every record survives JSON, and its name depends on what it says alone."""

from __future__ import annotations

import importlib
import json
import pkgutil
import types
import typing
from collections.abc import Mapping
from typing import Literal, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from allegiance import records
from allegiance.records.canonical import canonical
from allegiance.records.record import Record

for found in pkgutil.iter_modules(records.__path__, "allegiance.records."):
    importlib.import_module(found.name)

RECORDS = sorted(
    (kind for kind in Record.__subclasses__() if kind.__module__.startswith("allegiance.records.")), key=str
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = {
    str: TEXT,
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    float: st.floats(-1e6, 1e6),
    bool: st.booleans(),
    type(None): st.none(),
    object: st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
        lambda inner: st.lists(inner, max_size=1) | st.dictionaries(TEXT, inner, max_size=1),
        max_leaves=2,
    ),
}


def values(kind: object, depth: int = 0) -> st.SearchStrategy[object]:
    """Values of a type that a field of a record can have."""
    if isinstance(kind, type) and issubclass(kind, Record):
        return record(kind, depth + 1)
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(inside)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([values(each, depth) for each in inside])
    if origin is tuple and inside[-1] is Ellipsis:
        some = most(depth)
        return st.lists(values(inside[0], depth), max_size=some).map(tuple) if some else st.just(())
    if origin is tuple:
        return st.tuples(*(values(each, depth) for each in inside))
    if origin in (Mapping, dict):
        some = most(depth)
        keys, held = values(inside[0], depth), values(inside[1], depth)
        return st.dictionaries(keys, held, max_size=some) if some else st.just({})
    return PLAIN[typing.cast("type", kind)]


def most(depth: int) -> int:
    """How many members a collection may have: few far inside, so that a scenario does not grow without end."""
    return (2, 1, 1, 0)[min(depth, 3)]


def record(kind: type[Record], depth: int = 0) -> st.SearchStrategy[Record]:
    """Records of one type, built late because some hold themselves."""
    hints = typing.get_type_hints(kind)
    names = kind.__struct_fields__
    return st.deferred(lambda: st.builds(kind, **{name: values(hints[name], depth) for name in names}))


def test_all_nouns_are_here() -> None:
    names = {kind.__name__ for kind in RECORDS}
    assert {
        "Transcript",
        "Question",
        "Label",
        "RaterCard",
        "Draw",
        "Claim",
        "VerifiedClaim",
        "Citation",
        "Plan",
    } <= names


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@settings(
    max_examples=15,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_a_record_survives_json_and_its_canonical_form(kind: type[Record], data: st.DataObject) -> None:
    item = data.draw(record(kind))
    assert msgspec.json.decode(msgspec.json.encode(item), type=kind) == item
    assert msgspec.json.decode(canonical(item), type=kind) == item
    assert canonical(msgspec.json.decode(canonical(item), type=kind)) == canonical(item)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_is_frozen_and_refuses_fields_it_does_not_know(kind: type[Record]) -> None:
    config = kind.__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@settings(
    max_examples=5,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_a_field_at_its_default_is_not_in_the_canonical_form(kind: type[Record], data: st.DataObject) -> None:
    item = data.draw(record(kind))
    defaults = {f.name: f.default for f in msgspec.structs.fields(kind) if f.default is not msgspec.NODEFAULT}
    bare = msgspec.structs.replace(item, **defaults)
    assert not set(defaults) & set(json.loads(canonical(bare)))
