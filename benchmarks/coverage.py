"""Does a 95 % interval hold the truth 95 times in 100? The stress grid, and the table of docs/statistics.md.

    python -m benchmarks.coverage              2,000 repetitions a cell; rewrites the table and coverage.json
    python -m benchmarks.coverage --quick      a part of the cells, 400 repetitions each; prints only
    python -m benchmarks.coverage --part rates only the cells of `stress_rates`, or only those of `stress_gaps`

Finished cells are kept in build/stress/, one line each, so that a run that was stopped goes on where it was; the
table has all that are finished. A cell fails if it misses more often than an interval with a chance of 5 % would,
by an exact binomial test of all default cells at once (Holm, at 1 %). A refused interval neither holds nor misses.
"""

from __future__ import annotations

import argparse
import json
import math
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from benchmarks import stress_gaps, stress_rates
from benchmarks.stress_gaps import Cell, Counts
from scipy.stats import binom

ALPHA = 0.05
LEVEL = 0.01
"""The chance that any cell at all is said to fail if each misses with a chance of 5 %."""
REPS, QUICK_REPS = 2000, 400
ROOT = Path(__file__).resolve().parents[1]
SHARDS = ROOT / "build" / "stress"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
SECOND = (
    "second line",
    "gap, paired-t",
    "gap, bootstrap-t",
    "rate, logit-t",
    "rate, bootstrap-t",
    "no gap, bootstrap-t",
    "audited, two-phase-t",
    "seeds, t",
    "test, sign-flip, equal means",
    "family, uncorrected",
)
"""Methods that are never a default: refused with few data, shown, not held to the test."""


class Row(NamedTuple):
    """A cell by its name and parameters, and what became of its repetitions."""

    name: str
    parameters: dict[str, Any]
    missed: float
    refused: int
    reps: int
    width: float | None

    @property
    def given(self) -> int:
        """Repetitions that were not refused."""
        return self.reps - self.refused

    @property
    def coverage(self) -> float:
        """The share of the intervals given that hold the truth; NaN if none was."""
        return 1 - self.missed / self.given if self.given else math.nan

    @property
    def p(self) -> float:
        """How likely so many misses are at a chance of 5 % each."""
        return float(binom.sf(math.ceil(self.missed - 1e-9) - 1, self.given, ALPHA)) if self.given else 1.0


def key(cell: Cell | Row, reps: int, seed: int) -> str:
    """What a cell is called in the shard files."""
    return json.dumps([cell.name, cell.parameters, reps, seed], sort_keys=True, default=list)


def run(
    cells: Iterable[Cell], reps: int, seed: int, done: dict[str, Row] | None = None
) -> Iterator[tuple[str, Row]]:
    """Each cell that is not done, with a generator of its own that depends on its name alone."""
    for cell in cells:
        name = key(cell, reps, seed)
        if done is not None and name in done:
            yield name, done[name]
            continue
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        counts: Counts = cell.simulate(rng, reps)
        width = None if math.isnan(counts.width) else round(counts.width, 6)
        about = json.loads(json.dumps(cell.parameters, default=list))
        yield name, Row(cell.name, about, counts.missed, counts.refused, counts.reps, width)


def held_to_it(rows: Iterable[Row]) -> list[Row]:
    """The cells of methods that may be a default."""
    return [row for row in rows if not row.name.startswith(SECOND)]


def failures(rows: Iterable[Row]) -> list[Row]:
    """The cells that miss too often, all default cells tested at once."""
    tested = sorted(held_to_it(rows), key=lambda row: row.p)
    out: list[Row] = []
    for i, row in enumerate(tested):
        if row.p * (len(tested) - i) > LEVEL:
            break
        out.append(row)
    return out


def grid(part: str) -> list[Cell]:
    """The cells of rates, of gaps, or of both."""
    rates = list(stress_rates.cells()) if part in {"rates", "all"} else []
    gaps = list(stress_gaps.cells()) if part in {"gaps", "all"} else []
    return rates + gaps


def quick_grid(part: str = "rates") -> list[Cell]:
    """Every eighth cell, but none of the largest corpora."""
    small = [cell for cell in grid(part) if cell.parameters.get("N", 0) <= 10_000]
    return small[::8]


def summary(rows: Sequence[Row]) -> str:
    """One line for each method: its cells, its worst cell, and how that fares in the test."""
    lines = [
        "| interval | cells | least coverage | in the cell | misses there | p, all cells at once | refused |",
        "|---|---|---|---|---|---|---|",
    ]
    tested = len(held_to_it(rows))
    for name in dict.fromkeys(row.name for row in rows):
        group = [row for row in rows if row.name == name]
        refused = sum(row.refused for row in group) / sum(row.reps for row in group)
        often = [row for row in group if row.given >= row.reps / 2]
        if not often:
            lines.append(f"| {name} | {len(group)} | – | – | – | – | {100 * refused:.0f} % |")
            continue
        worst = min(often, key=lambda row: row.coverage)
        about = ", ".join(f"{k} {_told(v)}" for k, v in worst.parameters.items() if _counts(v))
        verdict = "second line" if worst.name.startswith(SECOND) else f"{min(1.0, worst.p * tested):.2g}"
        lines.append(
            f"| {name} | {len(group)} | {100 * worst.coverage:.1f} % | {about} | {worst.missed:,.0f} of "
            f"{worst.given:,} | {verdict} | {100 * refused:.0f} % |"
        )
    return "\n".join(lines)


def by_rate(rows: Sequence[Row]) -> str:
    """Least coverage of the sequences by size of the corpus and judge."""
    sequences = [row for row in rows if row.name.startswith("every look")]
    sizes = sorted({row.parameters["N"] for row in sequences})
    lines = ["| judge | " + " | ".join(f"N = {size:,}" for size in sizes) + " |", "|---|" + "---|" * len(sizes)]
    for judge in dict.fromkeys(row.parameters["judge"] for row in sequences):
        worst = [
            min(r.coverage for r in sequences if r.parameters["judge"] == judge and r.parameters["N"] == size)
            for size in sizes
        ]
        lines.append(f"| {judge or 'none, uniform'} | " + " | ".join(f"{100 * w:.1f}" for w in worst) + " |")
    return "\n".join(lines)


def _counts(value: object) -> bool:
    return value is not None and value is not False and value != "labels"


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, list):
        return "/".join(map(_told, value))
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _publish(rows: list[Row], reps: int, seed: int, seconds: float) -> None:
    page = ROOT / "docs" / "statistics.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    failed, short = failures(rows), len(grid("all")) - len(rows)
    note = (
        f"{len(rows):,} cells, {reps:,} repetitions each, seed {seed}, {seconds / 60:.0f} minutes of CPU. "
        f"{len(failed)} of the {len(held_to_it(rows)):,} cells of default intervals fail the test of all at once."
        + (f" {short:,} cells of the grid have not been run." if short else "")
    )
    body = f"{BEGIN}\n{note}\n\n{summary(rows)}\n\nSequences, least coverage over all looks, in per cent:\n\n"
    page.write_text(f"{before}{body}{by_rate(rows)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    lines = ",\n".join(json.dumps(row._asdict()) for row in rows)
    head = {"format": "allegiance-coverage/2", "alpha": ALPHA, "reps": reps, "seed": seed}
    text = json.dumps(head)[:-1] + f', "rows": [\n{lines}\n]}}\n'
    (ROOT / "benchmarks" / "coverage.json").write_text(text, encoding="utf-8")


def _shard(path: Path) -> tuple[dict[str, Row], float]:
    done, spent = {}, 0.0
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:  # a line that a stopped run left half written
            continue
        done[entry["key"]], spent = Row(**entry["row"]), spent + entry["seconds"]
    return done, spent


def main() -> None:
    """Run the grid, or what is left of it; with the full number of repetitions, write the table into the page."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals.")
    parser.add_argument("--quick", action="store_true", help="a part of the cells, few repetitions; prints only")
    parser.add_argument("--part", choices=["rates", "gaps", "all"], default="all")
    parser.add_argument("--reps", type=int, default=None, help="repetitions a cell; under 1,000 nothing is written")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    reps = options.reps or (QUICK_REPS if options.quick else REPS)
    cells = quick_grid("rates" if options.part == "all" else options.part) if options.quick else grid(options.part)
    SHARDS.mkdir(parents=True, exist_ok=True)
    path = SHARDS / f"cells-{reps}-{options.seed}.jsonl"
    done, spent = ({}, 0.0) if options.quick else _shard(path)
    rows: list[Row] = []
    start = last = time.process_time()
    for name, row in run(cells, reps, options.seed, done):
        rows.append(row)
        now = time.process_time()
        if name not in done and not options.quick:
            with path.open("a", encoding="utf-8") as shard:
                entry = {"key": name, "row": row._asdict(), "seconds": round(now - last, 3)}
                shard.write(json.dumps(entry) + "\n")
        last = now
    seconds = spent + time.process_time() - start
    print(summary(rows), f"{len(rows)} cells, {seconds:.0f} s of CPU", sep="\n\n")
    for row in failures(rows):
        print("FAILED", row)
    if reps >= 1000 and not options.quick:
        done, spent = _shard(path)
        finished = [done[name] for name in (key(cell, reps, options.seed) for cell in grid("all")) if name in done]
        _publish(finished, reps, options.seed, spent)


if __name__ == "__main__":
    main()
