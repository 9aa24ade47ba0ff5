"""What differs between two conditions: which words the model is shown, and which facts of the world."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Literal

from allegiance.records.canonical import plain
from allegiance.records.record import Record
from allegiance.records.request import Request
from allegiance.records.scenario import Scenario
from allegiance.scenarios.levels import consequences, resolve, right_in, succession_address
from allegiance.scenarios.passages import Passage, passages

_NAMES = ("name", "id", "word", "to")
"""Fields by which the items of a list are told apart; the first that an item has counts."""

_WORDS = frozenset(
    {"text", "told", "revoked", "expired", "tag", "variants", "scopes", "risks", "texts", "prefills"}
)
"""Fields whose values are words that a passage may show."""


class Edit(Record, frozen=True, kw_only=True):
    """A run of words that both sides have, or only one."""

    kind: Literal["same", "only in A", "only in B"]
    text: str


class Change(Record, frozen=True, kw_only=True):
    """A passage that differs.

    Attributes:
        address: Its address.
        a, b: Its words on each side; empty where it is not shown.
        edits: Both texts word by word; joined, the edits that are not only in B are `a`, and the others `b`.
        moved: Whether it stands somewhere else, or somebody else says it.
    """

    address: str
    a: str = ""
    b: str = ""
    edits: tuple[Edit, ...] = ()
    moved: bool = False


class Fact(Record, frozen=True, kw_only=True):
    """Something that differs and is not among the words shown: a role, a right, a time, a level, a menu.

    Attributes:
        path: Where it stands in the scenario, for example ``succession.evening.right``; a level of the condition is
            ``condition.FACTOR``.
        a, b: Its value on each side; empty where there is none.
    """

    path: str
    a: str = ""
    b: str = ""


class Difference(Record, frozen=True, kw_only=True):
    """Everything in which two conditions differ.

    Attributes:
        changes: Passages, in the order in which the model is shown them.
        facts: The rest, by path. Words that `changes` shows are not repeated here.
        request: The request with which both were compared; empty where they share none.
    """

    changes: tuple[Change, ...] = ()
    facts: tuple[Fact, ...] = ()
    request: str = ""


def difference(
    a: Scenario, b: Scenario, levels_a: Mapping[str, str] | None = None, levels_b: Mapping[str, str] | None = None
) -> Difference:
    """What differs between a condition of one scenario and a condition of another, or of the same.

    Nothing is left out: what is not among the passages of these two conditions (requests, other levels, whom an
    intent belongs to) is among the facts.

    Args:
        a, b: The scenarios.
        levels_a, levels_b: Factor → level; usual levels are filled in.

    Raises:
        UnknownName: A factor or level that a scenario does not have.
    """
    at_a, at_b = dict(levels_a or {}), dict(levels_b or {})
    one, other = _requests(a, b)
    changes = tuple(_changes(passages(a, at_a, one), passages(b, at_b, other)))
    facts = [*_condition(a, at_a, b, at_b), *_world(a, b, changes)]
    return Difference(changes=changes, facts=tuple(facts), request=one.id if one.id == other.id else "")


def word_edits(a: str, b: str) -> tuple[Edit, ...]:
    """Two texts compared word by word; spaces and line breaks go with the word before them."""
    left, right = _split(a), _split(b)
    found: list[Edit] = []
    for kind, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Edit(kind="same", text="".join(left[i:j])))
            continue
        found += [Edit(kind="only in A", text="".join(left[i:j]))] if i < j else []
        found += [Edit(kind="only in B", text="".join(right[k:m]))] if k < m else []
    return tuple(found)


def _split(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _requests(a: Scenario, b: Scenario) -> tuple[Request, Request]:
    """The first request that both have, by id; the first of each if they share none."""
    theirs = {request.id: request for request in b.requests}
    both = next(((request, theirs[request.id]) for request in a.requests if request.id in theirs), None)
    return both or (a.requests[0], b.requests[0])


def _changes(a: tuple[Passage, ...], b: tuple[Passage, ...]) -> Iterator[Change]:
    left, right = ({passage.address: passage for passage in side} for side in (a, b))
    for address in _merged(tuple(left), tuple(right)):
        one, other = left.get(address), right.get(address)
        moved = bool(one and other and (one.slot, one.role) != (other.slot, other.role))
        texts = one.text if one else "", other.text if other else ""
        if texts[0] != texts[1] or moved:
            edits = word_edits(*texts)
            yield Change(address=address, a=texts[0], b=texts[1], edits=edits, moved=moved)


def _merged(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """Both orders in one: what only one side has stands where it stands there."""
    found: list[str] = []
    for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        found += [*a[i:j], *(b[k:m] if kind != "equal" else ())]
    return tuple(dict.fromkeys(found))


def _condition(a: Scenario, at_a: Mapping[str, str], b: Scenario, at_b: Mapping[str, str]) -> Iterator[Fact]:
    left, right = ({f"condition.{k}": v for k, v in resolve(s, at).items()} for s, at in ((a, at_a), (b, at_b)))
    sides = left | _meant(a, at_a), right | _meant(b, at_b)
    yield from _facts(*sides)


def _meant(scenario: Scenario, levels: Mapping[str, str]) -> dict[str, str]:
    """What the levels of a condition mean, beside the words that they show."""
    at = resolve(scenario, levels)
    found = {
        f"condition.{succession_address(scenario, change)}.right": str(right_in(scenario, change, levels))
        for change in scenario.succession
    }
    tier = next((tier for tier in scenario.tiers if tier.name == at.get("tier")), None)
    if tier:
        found["condition.tier.role"] = tier.role
        found["condition.tier.monitored"] = "" if tier.monitored is None else str(tier.monitored)
    stake = next((item for item in consequences(scenario) if item.level == at.get("consequence")), None)
    found["condition.consequence.kind"] = (stake or scenario.consequence).kind
    return found


def _world(a: Scenario, b: Scenario, changes: tuple[Change, ...]) -> Iterator[Fact]:
    for fact in _facts(dict(_leaves(plain(a))), dict(_leaves(plain(b)))):
        words = not _WORDS.isdisjoint(fact.path.split("."))
        if not (words and any(fact.a in change.a and fact.b in change.b for change in changes)):
            yield fact


def _facts(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Fact]:
    for path in dict.fromkeys((*a, *b)):
        if a.get(path, "") != b.get(path, ""):
            yield Fact(path=path, a=a.get(path, ""), b=b.get(path, ""))


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value in a record with its path; items of lists are named, so that an item more moves no other."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            key = next((key for key in _NAMES if key in item), "")
            name = str(item[key]) if key else str(index)
            yield f"{path}.{name}", name
            yield from _leaves({k: v for k, v in item.items() if k != key}, f"{path}.{name}")
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    else:
        yield path, str(value)
