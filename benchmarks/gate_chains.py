"""Simulate lineages: how often a broken link passes the gate, and how often a lineage that holds is halted.

    python -m benchmarks.gate_chains [--chains 1000] [--quick]

Each chain has 400 requests of unequal difficulty and 20 generations; the margin is 10 points, alpha 5 % for the
whole lineage, 400 evaluations a link and tier (one reply to each request), and 2,000 for generation 0 (five
replies each). Every generation is held against its parent and against generation 0, in both tiers. Writes
docs/benchmarks/gate.json, gate.svg and the table in gate.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from allegiance.stats.gating import spent, weigh

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "benchmarks"
REQUESTS, LINKS, MARGIN, ALPHA, FIRST_REPLIES = 400, 20, 0.1, 0.05, 5
SPREADS = {"alike": 0.0, "unequal": 2.0}
"""Standard deviation of the requests' difficulty, in logits."""
Rates = Callable[[int, int], tuple[float, float]]
"""Chain and generation → mean rate of serving in the trained and the untrained tier."""


def logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return np.asarray(1 / (1 + np.exp(-x)))


def of_mean(difficulty: np.ndarray, mean: float) -> np.ndarray:
    """Rates by request whose mean is `mean`: difficulties shifted by one number."""
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if logistic(difficulty + middle).mean() < mean else (low, middle)
    return logistic(difficulty + low)


def chain(chance: np.random.Generator, spread: float, rates: Callable[[int], tuple[float, float]]) -> int:
    """One lineage: the number of the generation at which it halts, or `LINKS` + 1 if it never does."""
    difficulty = spread * chance.standard_normal((2, REQUESTS))
    first = [chance.binomial(FIRST_REPLIES, of_mean(difficulty[t], rates(0)[t])) / FIRST_REPLIES for t in (0, 1)]
    parent = first
    for link in range(1, LINKS + 1):
        child = [(chance.random(REQUESTS) < of_mean(difficulty[t], rates(link)[t])).astype(float) for t in (0, 1)]
        for tier in (0, 1):
            for other in (parent, first):
                d = child[tier] - other[tier]
                if weigh(d, d, MARGIN, spent(ALPHA, 0)).verdict != "holds":
                    return link
        parent = child
    return LINKS + 1


def steady(rate: float) -> Rates:
    """Nothing changes."""
    return lambda _chain, _link: (rate, rate)


def breaks(rate: float, drop: float) -> Rates:
    """From a generation on, which differs by chain, the untrained tier is worse; the trained tier looks perfect."""
    return lambda number, link: (min(rate + 0.02, 1.0), rate - drop * (link >= 1 + number % LINKS))


def drifts(rate: float, step: float) -> Rates:
    """The untrained tier is worse by `step` each generation."""
    return lambda _chain, link: (rate, max(rate - step * link, 0.01))


def run(chains: int) -> list[dict[str, object]]:
    """All rows."""
    rows: list[dict[str, object]] = []
    for name, spread in SPREADS.items():
        for rate in (0.98, 0.95, 0.9, 0.85, 0.8):
            halted = stops(chains, spread, steady(rate))
            rows.append(row("holds", name, rate, chains, sum(h <= LINKS for h in halted), "halted"))
        for rate in (0.95, 0.9, 0.8):
            for drop in (MARGIN, 0.15):
                found = list(enumerate(stops(chains, spread, breaks(rate, drop))))
                passed = sum(h > 1 + number % LINKS for number, h in found)
                kind = f"breaks by {100 * drop:.0f} points, untrained tier only"
                rows.append(row(kind, name, rate, chains, passed, "broken link passed"))
        for rate in (0.95, 0.9):
            past = sum(h > 10 for h in stops(chains, spread, drifts(rate, 0.02)))  # 20 points after ten generations
            rows.append(
                row("drifts by 2 points a generation", name, rate, chains, past, "went on beyond 20 points")
            )
    return rows


def stops(chains: int, spread: float, rates: Rates) -> list[int]:
    """Where each of so many chains halts."""
    return [
        chain(np.random.default_rng([n, int(10 * spread)]), spread, lambda link, n=n: rates(n, link))  # type: ignore[misc]
        for n in range(chains)
    ]


def row(kind: str, requests: str, rate: float, chains: int, count: int, what: str) -> dict[str, object]:
    """One row of the table, with its Monte-Carlo error."""
    share = count / chains
    error = (share * (1 - share) / chains) ** 0.5
    made = {"lineage": kind, "requests": requests, "rate": rate, "chains": chains, "what": what}
    print(f"{kind:48} {requests:8} {rate:5.2f}  {what}: {100 * share:5.1f} % (s.e. {100 * error:.1f})", flush=True)
    return made | {"share": round(share, 4), "error": round(error, 4)}


def table(rows: list[dict[str, object]]) -> str:
    """The rows in Markdown."""
    lines = [
        "| lineage | requests | rate of serving | chains | what | share | s.e. |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in rows:
        share, error = float(str(each["share"])), float(str(each["error"]))
        lines.append(
            f"| {each['lineage']} | {each['requests']} | {100 * float(str(each['rate'])):.0f} % | {each['chains']} "
            f"| {each['what']} | {100 * share:.1f} % | {100 * error:.1f} |"
        )
    return "\n".join(lines)


def plot(rows: list[dict[str, object]], path: Path) -> None:
    """How often a lineage that holds is halted, by its rate of serving."""
    import altair as alt

    data = [each for each in rows if each["lineage"] == "holds"]
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_line(point=True)
        .encode(
            x=alt.X("rate:Q", title="rate of serving, all generations", axis=alt.Axis(format="%")).scale(
                zero=False
            ),
            y=alt.Y("share:Q", title="lineages of 20 links halted wrongly", axis=alt.Axis(format="%")),
            strokeDash=alt.StrokeDash("requests:N", title="requests"),
            shape=alt.Shape("requests:N", title="requests"),
        )
        .properties(width=420, height=240, title="What holds and is halted, at 400 evaluations a link and tier")
    )
    chart.save(str(path), format="svg")


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="20 chains; writes nothing")
    asked = parser.parse_args()
    rows = run(20 if asked.quick else asked.chains)
    if asked.quick:
        return
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "gate.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    plot(rows, OUT / "gate.svg")
    page = OUT / "gate.md"
    before = page.read_text("utf-8") if page.exists() else "# The gate, simulated\n\n<!-- table -->\n<!-- end -->\n"
    head, _, rest = before.partition("<!-- table -->")
    page.write_text(
        f"{head}<!-- table -->\n{table(rows)}\n<!-- end -->{rest.partition('<!-- end -->')[2]}", "utf-8"
    )


if __name__ == "__main__":
    main()
