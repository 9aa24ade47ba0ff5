"""Populations and draws of a whole corpus from its columns: the same bytes as `population` and `drawing` give from
rows, for a million transcripts in seconds. A bundle is still checked row by row, by those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np
import pyarrow as pa

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Corpus
from allegiance.corpus.tables import digests
from allegiance.corpus.tables.light import Light, light, whole
from allegiance.corpus.tables.masks import Answers, select
from allegiance.errors import Refusal
from allegiance.evidence import tickets
from allegiance.evidence.drawing import check_cover, check_design
from allegiance.evidence.rated import SCORES, UNSCORED, rated_fields
from allegiance.rating.labels import LabelStore
from allegiance.records.draw import Commitment, Design, Draw
from allegiance.records.frame import Frame, Rated
from allegiance.stats.designs import draw_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from allegiance.corpus.tables.light import Ints

    Floats = NDArray[np.float64]


class First(Protocol):
    """Who is first in ticket order; as `tickets.first`."""

    def __call__(  # noqa: D102
        self, seed: bytes, names: Sequence[bytes], n: int, weights: Sequence[int] | None = None
    ) -> list[bytes]: ...


@dataclass(frozen=True)
class Chosen:
    """Transcripts of one version, in order of name.

    Attributes:
        light: All transcripts of the version.
        at: Positions among them, ascending.
    """

    light: Light
    at: Ints

    def __len__(self) -> int:
        return len(self.at)

    @cached_property
    def names(self) -> list[bytes]:
        """Their names, as UTF-8."""
        return self.light.names(self._at)

    def rows(self) -> list[Row]:
        """Them as rows."""
        return self.light.rows(self.at)

    def pin(self, predicate: str, columns: tuple[Rated, ...] = ()) -> Frame:
        """The frame that they make."""
        return Frame(
            corpus=self.light.version,
            predicate=predicate,
            rated=columns,
            members=digests.members_digest(self.light, self._at),
            columns=digests.columns_digest(self.light, self._at),
            n=len(self),
        )

    @property
    def _at(self) -> Ints | None:
        return None if len(self.at) == len(self.light) else self.at


class Held:
    """The labels of a study, as columns beside the transcripts of one version; each is read once."""

    def __init__(self, store: LabelStore, transcripts: Light) -> None:
        self.light = transcripts
        self._store = store
        self._read: dict[Rated, tuple[Answers, Floats]] = {}
        self._pinned: tuple[Chosen, Rated, tuple[Floats, str]] | None = None

    def answers(self, column: Rated) -> Answers:
        """The answer that counts, for each transcript that has one."""
        return self._column(column)[0]

    def scores(self, column: Rated) -> Floats:
        """How likely the rater thinks the answer ``yes``, for each transcript; see `rated.scores`."""
        return self._column(column)[1]

    def pinned(self, column: Rated, chosen: Chosen) -> tuple[Floats, str]:
        """The scores of some transcripts, and their digest; kept for the last ones asked for."""
        if self._pinned is None or self._pinned[0] is not chosen or self._pinned[1] != column:
            given = self.scores(column)[chosen.at]
            self._pinned = (chosen, column, (given, digests.scores_digest(chosen.names, given)))
        return self._pinned[2]

    def _column(self, column: Rated) -> tuple[Answers, Floats]:
        if column not in self._read:
            found = self._store.columns(column.question, column.rater, before=column.before)
            self._read[column] = _beside(self.light, found)
        return self._read[column]


def choose(held: Held, predicate: Predicate, columns: Sequence[Rated], among: Chosen | None = None) -> Chosen:
    """The transcripts that pass a filter; `columns` says what its rated fields mean, in their order.

    Raises:
        UnknownName: The filter names a field that no transcript has.
    """
    fields = rated_fields(predicate)
    answers = {field: held.answers(each) for field, each in zip(fields, columns, strict=True)}
    return Chosen(held.light, select(held.light, predicate, answers, None if among is None else among.at))


def frame_of(population: Frame, corpus: Corpus, store: LabelStore) -> tuple[Chosen, Held]:
    """The transcripts of a frame, from the version that it pins, and the labels beside them."""
    held = Held(store, light(corpus, population.corpus))
    return choose(held, parse(population.predicate), population.rated), held


def with_scores(design: Design, chosen: Chosen, held: Held) -> Design:
    """The design with the digest of the scores that it rests on."""
    if design.scored is None:
        return design
    return msgspec.structs.replace(design, scores=held.pinned(design.scored, chosen)[1])


def carry_out(
    commitment: Commitment, chosen: Chosen, held: Held, size: int | None = None, first: First = tickets.first
) -> Draw:
    """The draw that follows from a commitment; see `drawing.carry_out`. `first` hashes, as `tickets.first` does.

    Raises:
        Refusal: The design does not fit the frame.
    """
    design, seed = commitment.design, tickets.seed_of(commitment)
    check_design(design, commitment.frame)
    n = design.n if size is None else size
    match design.kind:
        case "census":
            items = first(seed, chosen.names, len(chosen))
        case "uniform":
            items = first(seed, chosen.names, n)
        case "weighted":
            items = first(seed, chosen.names, n, draw_weights(_scores(design, chosen, held)).tolist())
        case "elusion":
            items = _elusion(seed, design, chosen, held, first)
        case "stratified":
            parts = _strata(design, chosen, held)
            items = [name for part, k in parts for name in first(seed, part.names, k)]
    return Draw(commitment=commitment, seed=seed.hex(), items=tuple(name.decode() for name in items))


def _elusion(seed: bytes, design: Design, chosen: Chosen, held: Held, first: First) -> list[bytes]:
    # In order of name, so that of equal scores the lesser name stands first.
    order = np.argsort(-_scores(design, chosen, held), kind="stable")
    top, rest = order[: design.top].tolist(), np.sort(order[design.top :]).tolist()
    names = chosen.names
    return [*(names[i] for i in top), *first(seed, [names[i] for i in rest], design.n)]


def _strata(design: Design, chosen: Chosen, held: Held) -> list[tuple[Chosen, int]]:
    parts = [(choose(held, parse(each.predicate), each.rated, chosen), each.n) for each in design.strata]
    placed = np.concatenate([part.at for part, _ in parts]) if parts else np.empty(0, np.int64)
    whole = bool(np.array_equal(np.sort(placed), chosen.at))
    check_cover(whole, (len(placed), len(np.unique(placed)), len(chosen)), [(len(part), n) for part, n in parts])
    return parts


def _scores(design: Design, chosen: Chosen, held: Held) -> Floats:
    given, digest = held.pinned(design.scored, chosen) if design.scored else (np.empty(0), digests.NOTHING)
    if digest != design.scores:
        raise Refusal("the scores are not those that the draw was committed to.", where=design.scores)
    return given


def _beside(transcripts: Light, labels: pa.Table) -> tuple[Answers, Floats]:
    """Labels put beside the transcripts that they are about."""
    at = transcripts.find(whole(labels["transcript"]))
    value = whole(labels["value"])
    words = [str(word) for word in value.dictionary.to_pylist()]
    # The last place is that of -1: no label.
    codes = np.append(np.asarray(value.indices), -1).astype(np.int32)
    bare = np.array([SCORES.get(word, UNSCORED) for word in words] + [UNSCORED])[codes]
    given = np.append(labels["score"].to_numpy(), np.nan)
    scores = np.where(np.isnan(given), bare, np.clip(given, 0.0, 1.0))
    return Answers(codes[at], tuple(words)), scores[at]
