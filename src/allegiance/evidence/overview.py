"""An overview of what a study holds: transcripts by model and condition, lengths, reasoning, duplicates, labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from allegiance.corpus.predicate import COLUMNS
from allegiance.corpus.tables.lengths import REASONING, lengths
from allegiance.corpus.tables.light import Light
from allegiance.corpus.tables.masks import current
from allegiance.evidence.columns import Chosen, Held
from allegiance.evidence.keep import Keep
from allegiance.records.frame import Rated
from allegiance.records.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from allegiance.corpus.tables.light import Ints

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 24
"""Bars of a plot of lengths."""


class Group(Record, frozen=True, kw_only=True):
    """Transcripts of one model in one condition; `faulty` counts those that are not whole, by status."""

    model: str
    condition: str
    requests: int
    transcripts: int
    faulty: dict[str, int]


class Labelled(Record, frozen=True, kw_only=True):
    """How many transcripts a rater has labelled on a question, and with which answers."""

    question: str
    rater: str
    labelled: int
    answers: dict[str, int]


class Lengths(Record, frozen=True, kw_only=True):
    """How long transcripts are.

    Attributes:
        what: ``messages``, or ``code points`` of all words.
        n: Transcripts whose length is known: all but those taken down.
        least, greatest, mean: Over these; 0 for none.
        quantiles: Share → the length that so many do not exceed, at `QUANTILES`.
        bars: From (inclusive), to (exclusive), how many; each bar as wide in logarithms as the others.
    """

    what: str
    n: int
    least: int
    greatest: int
    mean: float
    quantiles: dict[str, int]
    bars: tuple[tuple[int, int, int], ...]


class Overview(Record, frozen=True, kw_only=True):
    """What a study holds, of the transcripts that pass a filter.

    Attributes:
        version, predicate, count: Of the corpus; the filter as text; how many pass.
        left_out: Failed samples of the whole corpus that were asked again: in no population, and counted nowhere.
        groups: By model and condition.
        fields: Field → value → how many: status, split, and every factor. Those without a level have the value "".
        labels: By question and rater.
    """

    version: str
    predicate: str
    count: int
    left_out: int
    groups: tuple[Group, ...]
    fields: dict[str, dict[str, int]]
    labels: tuple[Labelled, ...]


class Words(Record, frozen=True, kw_only=True):
    """What the words of the transcripts that pass a filter tell.

    Attributes:
        lengths: In messages, and in code points.
        reasoning: How many have reasoning with ``words``, that is ``empty``, of which the source ``redacted`` some,
            and where it is ``missing``.
        repeated: Transcripts whose words another one has, letter for letter.
        texts: Different texts among these.
    """

    lengths: tuple[Lengths, ...]
    reasoning: dict[str, int]
    repeated: int
    texts: int


def overview(keep: Keep, predicate: str = "") -> Overview:
    """What a study holds of the transcripts that pass a filter.

    Raises:
        UnknownName: The filter names a field, question or rater that there is not.
    """
    chosen = keep.choose(predicate)
    everything = np.arange(len(chosen.light))
    return Overview(
        version=chosen.light.version,
        predicate=predicate,
        count=len(chosen),
        left_out=len(everything) - len(current(chosen.light, everything)),
        groups=tuple(_groups(chosen)),
        fields=_fields(chosen),
        labels=tuple(_labels(keep, chosen)),
    )


def words(keep: Keep, predicate: str = "") -> Words:
    """What the words tell of the transcripts that pass a filter. The first time, every transcript is read for it.

    Raises:
        UnknownName: As in `overview`.
        CorpusDamaged: A transcript cannot be read.
    """
    chosen = keep.choose(predicate)
    found = lengths(keep.corpus, chosen.light)
    kinds = found.reasoning[chosen.at]
    counts = np.bincount(kinds[kinds >= 0], minlength=len(REASONING)).tolist()
    texts = pc.value_counts(chosen.light.table["text_digest"].take(pa.array(chosen.at))).field("counts")
    often = pc.filter(texts, pc.greater(texts, 1))
    return Words(
        lengths=(
            _lengths("messages", chosen.light.ints("message_count")[chosen.at]),
            _lengths("code points", found.characters[chosen.at]),
        ),
        reasoning=dict(zip(REASONING, counts, strict=True)),
        repeated=pc.sum(often).as_py() or 0,
        texts=len(often),
    )


def _groups(chosen: Chosen) -> list[Group]:
    light, at = chosen.light, chosen.at
    named = [one.name for one in light.conditions]
    models, names = light.words("model"), sorted(set(named))
    place = np.array([names.index(name) for name in named], np.int64)
    keys, which = np.unique(
        light.codes("model")[at] * max(1, len(names)) + place[light.codes("condition")[at]], return_inverse=True
    )
    requests = _different(which, light.requests[0][at], light.requests[1])
    faulty = _by_status(which, light, at)
    sizes = np.bincount(which, minlength=len(keys)).tolist()
    made = [
        Group(
            model=models[key // len(names)], condition=names[key % len(names)],
            requests=requests[group], transcripts=sizes[group], faulty=faulty.get(group, {}),
        )
        for group, key in enumerate(keys.tolist())
    ]  # fmt: skip
    return sorted(made, key=lambda group: (group.model, group.condition))


def _different(which: Ints, requests: NDArray[np.int32], names: pa.Array) -> Counter[int]:
    """Group → how many different requests it has; the empty one is none."""
    empty = len(names) > 0 and names[0].as_py() == ""
    asked = requests >= int(empty)
    pairs = np.unique(which[asked] * max(1, len(names)) + requests[asked])
    return Counter((pairs // max(1, len(names))).tolist())


def _by_status(which: Ints, light: Light, at: Ints) -> dict[int, dict[str, int]]:
    """Group → how many of its transcripts are not whole, by status."""
    statuses, codes = light.words("status"), light.codes("status")[at]
    pairs, sizes = np.unique(which * max(1, len(statuses)) + codes, return_counts=True)
    found: dict[int, dict[str, int]] = {}
    for pair, size in zip(pairs.tolist(), sizes.tolist(), strict=True):
        if (status := statuses[pair % len(statuses)]) != "complete":
            found.setdefault(pair // len(statuses), {})[status] = size
    return found


def _fields(chosen: Chosen) -> dict[str, dict[str, int]]:
    light, at = chosen.light, chosen.at
    split = np.bincount(light.confirm[at], minlength=2).tolist()
    found = {
        "status": Counter(dict(zip(light.words("status"), _sizes(light, "status", at), strict=True))),
        "split": Counter({"explore": split[0], "confirm": split[1]}),
    }
    counted = _sizes(light, "condition", at)
    used = [code for code, size in enumerate(counted) if size]
    for factor in sorted(light.factors(used) - set(COLUMNS)):
        levels: Counter[str] = Counter()
        for code in used:
            levels[light.conditions[code].levels.get(factor, "")] += counted[code]
        found[factor] = levels
    return {field: {v: n for v, n in sorted(counts.items()) if n} for field, counts in found.items()}


def _sizes(light: Light, column: str, at: Ints) -> list[int]:
    sizes: list[int] = np.bincount(light.codes(column)[at], minlength=len(light.words(column))).tolist()
    return sizes


def _labels(keep: Keep, chosen: Chosen) -> list[Labelled]:
    held, now = Held(keep.labels, chosen.light), keep.log.checkpoint().size
    made = []
    for question in keep.labels.questions():
        for rater in keep.labels.raters(question.digest):
            answers = held.answers(Rated(question=question.digest, rater=rater.digest, before=now))
            codes = answers.codes[chosen.at]
            counts = np.bincount(codes[codes >= 0], minlength=len(answers.values)).tolist()
            told = {value: n for value, n in sorted(zip(answers.values, counts, strict=True)) if n}
            made.append(Labelled(question=question.name, rater=rater.name, labelled=sum(counts), answers=told))
    return sorted(made, key=lambda found: (found.question, found.rater))


def _lengths(what: str, values: Ints) -> Lengths:
    known = np.sort(values[values >= 0])
    n = len(known)
    if not n:
        return Lengths(what=what, n=0, least=0, greatest=0, mean=0.0, quantiles={}, bars=())
    at = [max(0, int(np.ceil(share * n)) - 1) for share in QUANTILES]
    return Lengths(
        what=what,
        n=n,
        least=int(known[0]),
        greatest=int(known[-1]),
        mean=round(float(known.mean()), 1),
        quantiles={f"{share:g}": int(known[i]) for share, i in zip(QUANTILES, at, strict=True)},
        bars=tuple(_bars(known)),
    )


def _bars(known: Ints) -> Sequence[tuple[int, int, int]]:
    """Counts of sorted lengths between edges that are whole numbers, near equal steps of the logarithm."""
    ends = np.geomspace(max(1, int(known[0])), int(known[-1]) + 1, BINS + 1) if known[-1] else np.array([0, 1])
    edges = np.unique(np.round(ends).astype(np.int64))
    edges[0] = min(int(edges[0]), int(known[0]))
    edges[-1] = max(int(edges[-1]), int(known[-1]) + 1)
    counts = np.diff(np.searchsorted(known, edges)).tolist()
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), counts, strict=True))
