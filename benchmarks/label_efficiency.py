"""Labels until an interval is narrow enough, N = 10,000: with a judge and without, and what its width is worth.

    python -m benchmarks.label_efficiency [--quick]

Ours hold at every look. Beside them, side by side with the coverage at the very look at which they get narrow:
prediction-powered inference (PPI++) and active inference by their published formulae, which rest on a normal
approximation; and the uniform draw's prior-posterior ratio, which holds at every look too.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, ndtri

from allegiance.stats.designs import first_narrow
from allegiance.stats.planning import rate_labels
from allegiance.stats.sequential import betting_sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # bench.py is a script of this folder
from benchmarks.import_rate import Row, row
from benchmarks.stress_rates import Corpus, corpus, draws

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N, ALPHA = 10_000, 0.05
Z = float(ndtri(1 - ALPHA / 2))
SAVING = math.exp(float(ndtri(0.95)) ** 2 / 2)
"""The most that a judge with AUC 0.95 can save, 1 / BC^2."""


class Target(NamedTuple):
    """A rate and the half-width wanted, and the labels that were aimed at: to beat, and hoped for."""

    rate: float
    half: float
    beat: int
    hoped: int


TARGETS = (Target(0.01, 0.005, 1211, 900), Target(0.1, 0.02, 538, 450))


class Found(NamedTuple):
    """Median labels to the target, and the share of draws whose interval there holds the truth."""

    labels: float
    held: float


def betting(target: Target, judge: str | None, reps: int) -> Found:
    """The betting sequence; a draw weighted by the judge, or a uniform one without."""
    ends, held = [], 0
    for seed in range(reps):
        rng = np.random.default_rng([3, seed])
        of = corpus((np.arange(N) < round(target.rate * N)).astype(np.float64), judge, False, rng)
        order = next(draws(of.weights, N, 1, rng))[0]
        n, end = 1000, None
        while end is None:
            n = min(N, 2 * n)
            looks = _looks(of, order, n)
            end = first_narrow(looks[0], looks[1], target.half)
        ends.append(end)
        held += bool(looks[0][end - 1] <= target.rate <= looks[1][end - 1])
    return Found(float(np.median(ends)), held / reps)


def _looks(of: Corpus, order: Ints, n: int) -> tuple[Floats, Floats]:
    seen, rest = order[:n], order[n:]
    given = {"weights": of.weights[seen], "remaining_weights": of.weights[rest]}
    if of.scores is not None:
        given |= {"scores": of.scores[seen], "remaining_scores": of.scores[rest]}
    looks = betting_sequence(of.y[seen], of.y[seen], N, ALPHA, whole=True, **given)
    return looks.low, looks.high


def ratio(target: Target, reps: int) -> Found:
    """The prior-posterior ratio of a uniform draw, prior beta(1/2, 1/2) (Waudby-Smith and Ramdas 2020)."""
    totals = np.arange(N + 1, dtype=np.float64)
    ends, held = [], 0
    for seed in range(reps):
        y = np.random.default_rng([3, seed]).permutation(np.arange(N) < round(target.rate * N))
        kept = np.ones(N + 1, dtype=bool)
        for n in np.unique(np.geomspace(100, N - 1, 300).astype(int)).tolist():
            yes = float(y[:n].sum())
            fits = (totals >= yes) & (totals <= N - n + yes)
            with np.errstate(all="ignore"):
                chance = gammaln(totals + 1) - gammaln(totals - yes + 1) + gammaln(N - totals + 1)
                chance += gammaln(N - n + 1) - gammaln(N - totals - n + yes + 1) - gammaln(N + 1)
                drawn = betaln(yes + 0.5, n - yes + 0.5) - betaln(0.5, 0.5)
                kept &= fits & (drawn - chance < math.log(1 / ALPHA))
            span = np.flatnonzero(kept)
            if span[-1] - span[0] <= 2 * target.half * N:
                break
        ends.append(n)
        held += bool(kept[round(target.rate * N)])
    return Found(float(np.median(ends)), held / reps)


Line = Callable[[Floats, Floats, Floats, float, np.random.Generator], tuple[float, float]]


def ppi(y: Floats, f: Floats, chance: Floats, n: float, rng: np.random.Generator) -> tuple[float, float]:
    """PPI++ with the power tuned, as ppi-python has it (arXiv 2311.01453): estimate and half-width."""
    order = rng.permutation(N)
    seen, rest = order[: int(n)], order[int(n) :]
    spread = np.var(f)
    power = np.cov(y[seen], f[seen], bias=True)[0, 1] / ((1 + seen.size / rest.size) * spread)
    estimate = y[seen].mean() - power * (f[seen].mean() - f[rest].mean())
    variance = np.var(y[seen] - power * f[seen]) / seen.size + power**2 * np.var(f[rest]) / rest.size
    return float(estimate), Z * math.sqrt(variance)


def zrnic(y: Floats, f: Floats, chance: Floats, n: float, rng: np.random.Generator) -> tuple[float, float]:
    """Active inference (arXiv 2403.03208): Poisson draws, half of them uniform; estimate and half-width."""
    spread = np.sqrt(f * (1 - f))
    reached = np.minimum(1, n / N * (0.5 * spread / spread.mean() + 0.5))
    seen = rng.random(N) < reached
    parts = f + np.where(seen, (y - f) / reached, 0.0)
    return float(parts.mean()), Z * float(parts.std()) / math.sqrt(N)


def normal(target: Target, line: Line, reps: int) -> Found:
    """The least labels at which half of the draws are narrow, on a grid of steps of 6 %, and the coverage there."""
    for n in np.geomspace(50, N - 1, 92):
        spans = []
        for seed in range(reps):
            rng = np.random.default_rng([3, seed])
            of = corpus((np.arange(N) < round(target.rate * N)).astype(np.float64), "good", False, rng)
            assert of.scores is not None
            spans.append(line(of.y, of.scores, of.scores, float(n), rng))
        if np.median([half for _, half in spans]) <= target.half:
            return Found(float(n), float(np.mean([abs(at - target.rate) <= half for at, half in spans])))
    return Found(float(N), float("nan"))


def measure(quick: bool) -> list[Row]:
    """The rows for the table of benchmarks, and the side-by-side table printed."""
    reps, rows = (9 if quick else 120), []
    for target in TARGETS:
        fixed = rate_labels(target.half, target.rate, ALPHA, N)
        name = f"±{100 * target.half:g} points at {100 * target.rate:g} %"
        old, uniform = ratio(target, reps), betting(target, None, reps)
        print(f"\n{name}, N = {N:,}, {reps} draws: median labels, coverage there")
        _tell("uniform, exact, size declared", Found(fixed, 0.95), "not simulated")
        _tell("uniform, prior-posterior ratio, every look", old)
        _tell("uniform, betting, every look", uniform)
        for judge in ("good", "+3 logits", "-3 logits", "useless", "reversed"):
            found = betting(target, judge, reps)
            note = f"{found.labels / old.labels:.2f} of the ratio's, {found.labels / uniform.labels:.2f} of ours"
            said = f"beat {target.beat}, hoped {target.hoped}; " if judge == "good" else ""
            _tell(f"weighted, betting, every look, judge {judge}", found, said + note)
            rows.append(
                row(f"labels, {name}, {judge} judge", found.labels, fixed / SAVING, old.labels, "labels", reps)
            )
        _tell("PPI++, one look", normal(target, ppi, 4 * reps), "normal approximation")
        _tell("active inference, one look", normal(target, zrnic, 4 * reps), "normal approximation")
    return rows


def _tell(what: str, found: Found, note: str = "") -> None:
    print(f"  {what:<52}{found.labels:>8,.0f}{100 * found.held:>7.0f} %  {note}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few draws, to see that it works")
    measure(parser.parse_args().quick)


if __name__ == "__main__":
    main()
