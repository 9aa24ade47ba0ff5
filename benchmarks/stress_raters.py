"""How often the intervals of `rater check` hold, over populations, raters and designs.

python benchmarks/stress_raters.py [REPEATS]     a line for each cell; 95 % asked; 200 repetitions by default

A population has a share of true answers; the rater has a sensitivity and a specificity. `uniform`: n drawn of all.
`strata`: half of n from what the rater calls yes (all of it if there is less), half from the rest. In brackets: the
median width. A figure that is undefined in the population (no positives, one answer only) is left out of its count.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from allegiance.corpus.rows import Row
from allegiance.evidence import figures
from allegiance.evidence.domains import Base
from allegiance.records.label import Label
from allegiance.records.question import Question

QUESTION = Question(name="does", text="Does it?")
RATERS = {"good": (0.9, 0.95), "sharp": (0.99, 0.999), "chance": (0.5, 0.5)}
FIGURES = ("raw agreement", "kappa", "alpha", "AC1", "sensitivity", "specificity", "positive predictive value",
           "negative predictive value", "positive agreement", "sensitivity + specificity - 1")  # fmt: skip


class Drawn(Base):
    """A base of a design, without a study behind it."""

    def __init__(self, rows: Sequence[Row], read: Sequence[str], parts: Sequence[frozenset[str]] = ()) -> None:
        super().__init__(None, None, rows, read)  # type: ignore[arg-type]
        self.design, self._parts = ("stratified" if parts else "uniform"), list(parts)


def label(name: str, yes: bool) -> Label:
    """A label with this answer."""
    return Label(transcript=name, question="", rater="", value="yes" if yes else "no")


def told(base: Base, said: np.ndarray, true: np.ndarray, alpha: float = 0.05) -> dict[str, figures.Figure]:
    """All figures of one draw."""
    names = sorted(base.names)
    labels = {name: label(name, bool(said[i])) for i, name in enumerate(names)}
    truth = {name: label(name, bool(true[names.index(name)])) for name in base.read}
    both = figures.Said(QUESTION, labels, truth, base)
    return {
        each.name: each for each in (*figures.agreement(both, alpha), *figures.by_answer(both, "yes", alpha).all)
    }


def population(size: int, rate: float, rater: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What the rater and the trusted rater answer."""
    true = np.zeros(size, bool)
    true[: round(rate * size)] = True
    found, clear = RATERS[rater]
    said = np.where(true, rng.random(size) < found, rng.random(size) > clear)
    return said, true


def draw(rows: Sequence[Row], said: np.ndarray, n: int, design: str, rng: np.random.Generator) -> Drawn:
    """One draw."""
    names = np.array([row.name for row in rows])
    if design == "uniform":
        return Drawn(rows, list(rng.permutation(names)[:n]))
    parts, read = [], []
    for kind in (True, False):
        inside = names[said == kind]
        if inside.size:
            parts.append(frozenset(inside))
            read += list(rng.permutation(inside)[: max(1, n // 2)])
    return Drawn(rows, read, parts)


def cell(size: int, rate: float, rater: str, n: int, design: str, repeats: int) -> dict[str, tuple[float, float]]:
    """Coverage and median width of each figure; NaN where it is not defined."""
    rng = np.random.default_rng([11, size, n, round(1000 * rate), len(rater), len(design)])
    said, true = population(size, rate, rater, rng)
    rows = [Row(name=f"{i:06d}", text_digest="") for i in range(size)]
    whole = {k: v.value for k, v in told(Drawn(rows, [row.name for row in rows]), said, true).items()}
    held: dict[str, list[bool]] = {name: [] for name in FIGURES}
    widths: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(repeats):
        made = told(draw(rows, said, n, design, rng), said, true)
        for name in FIGURES:
            value = whole[name]
            if value is not None:
                held[name].append(made[name].low - 1e-9 <= value <= made[name].high + 1e-9)
                widths[name].append(made[name].high - made[name].low)
    nan = float("nan")
    return {k: (float(np.mean(v)), float(np.median(widths[k]))) if v else (nan, nan) for k, v in held.items()}


def main() -> None:
    """Prints the table and its worst figures."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    worst: dict[str, float] = dict.fromkeys(FIGURES, 1.0)
    for design in ("uniform", "strata"):
        for size in (300, 2000):
            for rate in (0.01, 0.1, 0.5):
                for rater in RATERS:
                    for n in (40, 200):
                        found = cell(size, rate, rater, n, design, repeats)
                        shown = " ".join(f"{100 * c:5.1f} ({w:.2f})" for c, w in found.values())
                        print(f"{design:8} {size:5} {rate:5} {rater:7} {n:4}  {shown}", flush=True)
                        worst |= {k: min(worst[k], c) for k, (c, _) in found.items() if c == c}
    for name, share in worst.items():
        print(f"worst  {name:32} {100 * share:.1f} %")


if __name__ == "__main__":
    main()
