"""Filters over light columns: which positions pass, by codes alone. What `evidence.rated.select` says of rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus.predicate import COLUMNS, Predicate
from allegiance.errors import UnknownName

if TYPE_CHECKING:
    from allegiance.corpus.tables.light import Codes, Ints, Light, Mask

OWN = ("model", "run", "status")
"""Fields that are columns of few different values."""


@dataclass(frozen=True)
class Answers:
    """What a rater answered, for the transcripts of one version.

    Attributes:
        codes: For each position the code of the answer; -1 where there is none.
        values: Code → answer.
    """

    codes: Codes
    values: tuple[str, ...]


def select(light: Light, predicate: Predicate, rated: Mapping[str, Answers], among: Ints | None = None) -> Ints:
    """The positions, among all or those given (in ascending order), that are `current` and pass a filter.

    Args:
        light: The transcripts.
        predicate: The filter.
        rated: Field ``QUESTION@RATER`` → its answers.
        among: Positions.

    Raises:
        UnknownName: The filter names a field that no transcript here has.
    """
    at = current(light, np.arange(len(light)) if among is None else among)
    check_fields(light, predicate, rated, at)
    for key, values in predicate.terms:
        at = at[_passes(light, key, frozenset(values), rated, at)]
    return at


def check_fields(light: Light, predicate: Predicate, rated: Collection[str], at: Ints) -> None:
    """Refuses a filter with a field that is not there, among the transcripts at these positions."""
    if not predicate.terms:
        return
    used = np.flatnonzero(np.bincount(light.codes("condition")[at], minlength=len(light.conditions)))
    known = light.factors(used.tolist()) | set(COLUMNS) | set(rated)
    for key, _ in predicate.terms:
        if key not in known:
            raise UnknownName("field", key, sorted(known), where="filter")


def current(light: Light, at: Ints) -> Ints:
    """The positions without those that were asked again: failed samples whose place another one of the run took."""
    failed = _which(light.words("status"), {"error"})[light.codes("status")[at]]
    failed &= np.asarray(light.requests[0][at] != _empty_request(light)) if failed.any() else False
    if not failed.any():
        return at
    whole = ~_which(light.words("status"), {"error"})[light.codes("status")[at]]
    near = np.isin(light.requests[0][at], np.unique(light.requests[0][at[failed]]))
    places = _places(light, at[near])
    gone = failed[near] & np.isin(places, np.unique(places[whole[near]]))
    keep = np.ones(len(at), np.bool_)
    keep[np.flatnonzero(near)[gone]] = False
    return at[keep]


def codes_with(light: Light, factor: str, values: Collection[str]) -> list[int]:
    """The codes of the conditions that have one of these levels of a factor."""
    return [code for code, one in enumerate(light.conditions) if one.levels.get(factor) in values]


def request_codes(light: Light, values: Sequence[str] | Collection[str]) -> Codes:
    """The codes of these requests, of those that there are."""
    found = pc.index_in(pa.array(sorted(values), pa.large_string()), value_set=light.requests[1])
    return np.asarray(found.drop_null()).astype(np.int32)


def _passes(light: Light, key: str, values: frozenset[str], rated: Mapping[str, Answers], at: Ints) -> Mask:
    if key in rated:
        answers = rated[key]
        # The last place is that of the code -1: no answer.
        known = np.append(_which(answers.values, values), np.bool_(False))
        return known[answers.codes[at]]
    if key in OWN:
        return _which(light.words(key), values)[light.codes(key)[at]]
    if key == "split":
        confirm = light.confirm[at]
        return (confirm & ("confirm" in values)) | (~confirm & ("explore" in values))
    if key == "request":
        return np.isin(light.requests[0][at], request_codes(light, values))
    chosen = np.zeros(len(light.conditions), np.bool_)
    chosen[codes_with(light, key, values)] = True
    return chosen[light.codes("condition")[at]]


def _which(words: Sequence[str], values: Collection[str]) -> Mask:
    return np.array([word in values for word in words], np.bool_)


def _empty_request(light: Light) -> int:
    found = request_codes(light, {""})
    return int(found[0]) if len(found) else -1


def _places(light: Light, at: Ints) -> Ints:
    """A number for each place in a run: run, request, condition, model and sample."""
    names = [(one.name, one.scenario) for one in light.conditions]
    number = {name: code for code, name in enumerate(dict.fromkeys(names))}
    condition = np.array([number[name] for name in names], np.int64)[light.codes("condition")[at]]
    place = np.zeros(len(at), np.int64)
    for part in (light.codes("run")[at], light.requests[0][at], condition, light.codes("model")[at]):
        place = _paired(place, part)
    return _paired(place, light.ints("sample")[at])


def _paired(first: Ints, second: Ints | Codes) -> Ints:
    """One number for each pair of numbers."""
    codes = np.unique(second, return_inverse=True)[1]
    pairs = first * (int(codes.max(initial=0)) + 1) + codes
    return np.asarray(np.unique(pairs, return_inverse=True)[1], np.int64)
