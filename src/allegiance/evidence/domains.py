"""Shares within any part of a population, by the design of a draw: what was drawn of a part is a draw of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence.drawing import highest, scores_of, strata, weights
from allegiance.evidence.keep import Keep
from allegiance.evidence.rates import Sampled, estimate_rate
from allegiance.records.draw import Draw
from allegiance.records.label import Label
from allegiance.records.record import Record
from allegiance.stats.intervals import Interval

NAN = float("nan")


class Share(Record, frozen=True, kw_only=True):
    """A share with its interval; `value` is None where nothing is decided. `n` were read, `of` are there."""

    value: float | None
    low: float
    high: float
    n: int
    of: int

    @property
    def interval(self) -> Interval:
        """The interval alone."""
        return Interval(self.low, self.high)


class Base:
    """A population, what was read of it, and the design by which that came to be read.

    Attributes:
        names: The population.
        read: What was read of it, in order.
        design: ``uniform``, ``weighted``, ``stratified``, ``elusion``, ``census``; or ``as if uniform`` where what
            was read was not drawn, so that no share holds beyond it.
        fixed: Whether the numbers read were declared beforehand (a census is).
    """

    def __init__(self, keep: Keep, draw: Draw | None, rows: Sequence[Row], read: Sequence[str]) -> None:
        """Reads off the design what a share needs; `rows` are the population, all of the draw's frame or a part."""
        self._rows = {row.name: row for row in rows}
        self.names = frozenset(self._rows)
        self.read = tuple(name for name in read if name in self.names)
        self._weights: Mapping[str, int] = {}
        self._scores: Mapping[str, float] = {}
        self._parts: list[frozenset[str]] = []
        whole = set(self.read) == self.names
        if draw is None:
            self.design, self.fixed = ("census" if whole else "as if uniform"), True
            return
        design = draw.commitment.design
        frame = keep.rows(draw.commitment.frame)
        every = [row.name for row in frame]
        self.design, self.fixed = design.kind, design.stop == "fixed"
        if design.kind == "weighted":
            self._weights = weights(design, keep.source, every)
            self._scores = scores_of(design, keep.source, every)
        elif design.kind == "elusion":
            top = frozenset(highest(design, keep.source, every))
            self._parts = [top, frozenset(every) - top]
        elif design.kind == "stratified":
            self._parts = [frozenset(names) for names, _ in strata(design, frame, keep.source)]

    @property
    def simple(self) -> bool:
        """Whether what was read is a uniform draw of a declared size, or all, so that counts say everything."""
        return self.fixed and self.design in {"uniform", "census", "as if uniform"}

    def share(self, value: Callable[[str], float], alpha: float, inside: Collection[str] | None = None) -> Share:
        """The share of a part of the population for which something holds.

        Args:
            value: Transcript → 1 or 0, NaN where it is not known; asked of what was read only. What is not known
                counts against both ends.
            alpha: One minus the confidence, in (0, 1).
            inside: The part; by default all.
        """
        part = self.names if inside is None else self.names & frozenset(inside)
        read = [name for name in self.read if name in part]
        nothing = Share(value=None, low=0.0, high=1.0, n=len(read), of=len(part))
        if not read:
            return nothing
        words = {1.0: "yes", 0.0: "no"}
        told = {name: _label(name, words.get(value(name), "unsure")) for name in read}
        method = "" if self.fixed or self.design == "weighted" else "betting"
        try:
            made = estimate_rate(self._sampled(part, read), told, alpha=alpha, method=method)
        except Refusal:
            return nothing
        low, high = min(made.low, made.value), max(made.high, made.value)
        return Share(value=made.value, low=low, high=high, n=len(read), of=len(part))

    def _sampled(self, part: frozenset[str], read: Sequence[str]) -> Sampled:
        rows = tuple(self._rows[name] for name in read)
        if self._parts:
            sizes, ordered = [], []
            for stratum in self._parts:
                mine = [row for row in rows if row.name in stratum]
                if stratum & part:
                    sizes.append((len(mine), len(stratum & part)))
                    ordered += mine
            kind = "stratified"
            if len(sizes) == 1:  # then it is a uniform draw of one part
                return Sampled(kind="uniform", population=sizes[0][1], rows=tuple(ordered))
            if any(n == 0 for n, _ in sizes):
                raise Refusal("nothing was read of a stratum.")
            return Sampled(kind=kind, population=len(part), rows=tuple(ordered), parts=tuple(sizes))
        if self.design == "weighted":
            return Sampled(
                kind="weighted",
                stop="open",
                population=len(part),
                rows=rows,
                weights={name: self._weights[name] for name in part},
                scores={name: self._scores[name] for name in part},
            )
        if self.design == "census" or not self.fixed:
            kind = "uniform" if not self.fixed else "census"
            return Sampled(kind=kind, stop="fixed" if self.fixed else "open", population=len(part), rows=rows)
        return Sampled(kind="uniform", population=len(part), rows=rows)


def _label(name: str, value: str) -> Label:
    return Label(transcript=name, question="", rater="", value=value)
