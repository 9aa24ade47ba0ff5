"""The betting sequence once more, in plain Python, from the numbered steps of docs/statistics.md alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks.stress_rates import corpus, draws

from allegiance.stats.sequential import betting_sequence

HORIZONS, SHARES = (75, 450, 1800, 7200), (0.08, 0.77, 0.12, 0.03)


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-min(35, max(-35, z))))


def classes(w: list[int], f: list[float] | None) -> tuple[list[tuple[int, int]], dict[tuple[int, int], float]]:
    if f is None:
        return [(0, weight) for weight in w], {}
    f = [min(1 - 1e-5, max(1e-5, one)) for one in f]
    total, bins = sum(w), {}
    for score in set(f):
        below = sum(weight for weight, other in zip(w, f, strict=True) if other < score)
        tied = sum(weight for weight, other in zip(w, f, strict=True) if other == score)
        bins[score] = 16 * (2 * below + tied) // (2 * total)
    of = [(bins[score], weight) for score, weight in zip(f, w, strict=True)]
    means = {}
    for k in set(of):
        held = [score for score, own in zip(f, of, strict=True) if own == k]
        means[k] = sum(held) / len(held)
    return of, means


def root(p: float, u: float) -> tuple[float, float]:
    b = 1 + u
    d = math.sqrt(b * b - 4 * u * p)
    r = 2 * p / (b + d) if b >= 0 else (b - d) / (2 * u)
    return min(1 - 1e-15, max(1e-300, r)), d


def growth(side: int, z: float, p: dict, c: dict) -> tuple[float, float]:
    kappa, gain, rise = side * math.exp(z), 0.0, 0.0
    for k, share in c.items():
        r, d = root(p[k], kappa / k[1])
        gain += share * (p[k] * math.log(p[k] / r) + (1 - p[k]) * math.log((1 - p[k]) / (1 - r)))
        rise += share * r * (1 - r) / (k[1] ** 2 * d)
    return gain, kappa * kappa * rise


def stake(side: int, h: int, alpha: float, p: dict, c: dict) -> float:
    goal = math.log(2 / alpha) / h
    spread = sum(share * p[k] * (1 - p[k]) / k[1] ** 2 for k, share in c.items())
    z = 0.5 * (math.log(goal) + math.log(2 / spread))
    low, high = z - 3, z + 3
    for _ in range(12):
        low, high = (z, high) if growth(side, z, p, c)[0] < goal else (low, z)
        z = (low + high) / 2
    for _ in range(3):
        gain, rise = growth(side, z, p, c)
        z += min(0.002, max(-0.002, (math.log(goal) - math.log(gain)) * gain / rise))
    return side * math.exp(z)


def fit(x: dict, yes: dict, no: dict, a: float, b: float) -> tuple[float, float]:
    for _ in range(20):
        ga, gb, aa, ab, bb = -a / 9, -(b - 1), 1 / 9, 0.0, 1.0
        for k, at in x.items():
            p = sigma(a + b * at)
            pull, bend = yes[k] * (1 - p) - no[k] * p, (yes[k] + no[k]) * p * (1 - p)
            ga, gb, aa, ab, bb = ga + pull, gb + at * pull, aa + bend, ab + at * bend, bb + at * at * bend
        det = aa * bb - ab * ab
        da, db = (bb * ga - ab * gb) / det, (aa * gb - ab * ga) / det
        scale = max(1, abs(da) / 3, abs(db))
        a, b = a + da / scale, b + db / scale
    return a, b


def lines(y: list[float], w: list[int], f: list[float] | None, side: int, alpha: float) -> list[list[tuple]]:
    """For each label and bet: the constants of e and of q, and the slope in M."""
    of, means = classes(w, f)
    x = {k: math.log(m / (1 - m)) for k, m in means.items()}
    kinds = sorted(set(of))
    left = {k: of.count(k) for k in kinds}
    yes, no = dict.fromkeys(kinds, 0.0), dict.fromkeys(kinds, 0.0)
    a, b, total, out = 0.0, 1.0, 0.0, []
    for t, label in enumerate(y):
        weight = sum(n * k[1] for k, n in left.items())
        if t in {0, 10, 25, 50, 75, 100, 150, 200, 300, 400, 600}:
            if f is None:
                p = dict.fromkeys(kinds, (total + 0.5) / (t + 1) if t else 0.1)
            else:
                a, b = fit(x, yes, no, a, b) if t >= 25 else (a, b)
                p = {k: sigma(a + b * x[k]) for k in kinds}
                mean = sum(left[k] * p[k] for k in kinds) / sum(left.values())
                p = {k: min(1 - 1e-6, max(1e-6, 0.99 * p[k] + 0.01 * mean)) for k in kinds}
            c = {k: left[k] * k[1] / weight for k in kinds}
            kappas = [stake(side, h, alpha, p, c) for h in HORIZONS]
            pays = [{k: (1 - p[k]) / (1 - root(p[k], kappa / k[1])[0]) for k in kinds} for kappa in kappas]
            unread = [k for k in kinds if left[k]]
            least = [min(v[k] + min(0, kap / k[1]) for k in unread) for v, kap in zip(pays, kappas, strict=True)]
        k, row = of[t], []
        for kappa, v, low in zip(kappas, pays, least, strict=True):
            level = 1 - sum(left[i] * i[1] * v[i] for i in kinds) / weight + kappa * total / weight
            row.append((v[k] + label * kappa / k[1] + level, low + level, kappa / weight))
        out.append(row)
        left[k], total = left[k] - 1, total + label
        yes[k], no[k] = yes[k] + label, no[k] + 1 - label
    return out


def excluded(rows: list[list[tuple]], total: float, end: float, bar: float) -> int:
    """The first label at which this total is excluded; the number of labels if it is not."""
    wealth = list(SHARES)
    for t, row in enumerate(rows):
        for j, (e, q, slope) in enumerate(row):
            g = 0.98 / max(1 - (q - slope * end), 0.98)
            wealth[j] *= 1 + g * (e - slope * total - 1)
        if sum(wealth) >= bar:
            return t
    return len(rows)


def bounds(y: list[float], w: list[int], f: list[float] | None, side: int, alpha: float) -> list[float]:
    rows, population = lines(y, w, f, side, alpha), len(w)
    ends = sorted({math.floor(population * math.sin(math.pi * i / 512) ** 2 + 0.5) for i in range(257)})
    ends = ends if side == 1 else ends[::-1]
    logit = lambda m: math.log((m + 0.5) / (population - m + 0.5))  # noqa: E731
    sure = None if f is None else logit(sum(min(1 - 1e-5, max(1e-5, one)) for one in f))

    def bar(m: float) -> float:
        s = 0.5 if sure is None else 0.2 + 0.6 / (1 + math.exp(min(6, max(-6, logit(m) - sure)) / 0.15))
        return 1 / (alpha * (s if side == 1 else 1 - s))

    fell = [excluded(rows, end, end, bar(end)) for end in ends[1:]]
    out, inside = [], {}
    for t in range(len(y)):
        block = next((i for i, at in enumerate(fell) if at > t), None)
        if block is None:
            out.append(ends[-1])
            continue
        left, right = ends[block], ends[block + 1]
        tried = [left + (right - left) * i / 16 for i in range(16)]
        if block not in inside:
            inside[block] = [excluded(rows, m, right, bar(m)) for m in tried]
        stands = next((i for i, at in enumerate(inside[block]) if at > t), 16)
        out.append(([*tried, right])[max(0, stands - 1)])
    return out


@pytest.mark.parametrize(("judge", "missing"), [("good", True), ("reversed", False), (None, True)])
def test_the_steps_of_the_page_give_the_bounds_of_the_code(judge: str | None, missing: bool) -> None:
    rng = np.random.default_rng(4)
    of = corpus((np.arange(300) < 45).astype(float), judge, missing, rng)
    order = next(draws(of.weights, 110, 1, rng))[0]
    every = np.concatenate((order, np.setdiff1d(np.arange(300), order)))
    w, f = of.weights[every], None if of.scores is None else of.scores[every]
    given = {"weights": w[:110], "remaining_weights": w[110:]}
    given |= {} if f is None else {"scores": f[:110], "remaining_scores": f[110:]}
    looks = betting_sequence(of.low[order], of.high[order], 300, 0.05, **given)
    weights, scores = w.tolist(), None if f is None else f.tolist()
    low = bounds(of.low[order].tolist(), weights, scores, 1, 0.05)
    high = bounds(of.high[order].tolist(), weights, scores, -1, 0.05)
    read = np.arange(1, 111)
    low = np.maximum.accumulate(np.maximum(low, np.cumsum(of.low[order])))
    high = np.minimum.accumulate(np.minimum(high, np.cumsum(of.high[order]) + 300 - read))
    assert looks.low * 300 == pytest.approx(low, abs=1e-9)
    assert looks.high * 300 == pytest.approx(high, abs=1e-9)
