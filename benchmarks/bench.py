"""Run the benchmarks: print a table, and write the same rows to build/bench/NAME.json.

    python benchmarks/bench.py [--quick] [NAME ...]

Rows are ``{what, ours, floor, peer, ratio, unit, n, machine}``. `floor` is the least that the job could cost;
`peer` is another program at the same job, where there is one.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cluster_rate
import columns_rate
import import_rate
import judge_rate
import label_efficiency
import meaning
import pattern_rate
import run_rate
import verify_rate
import words_rate
from import_rate import ROOT, Row, row

OUT = ROOT / "build" / "bench"


def startup(quick: bool) -> list[Row]:
    """CPU seconds of ``allegiance --help``, against starting Python to do nothing."""
    times = 2 if quick else 5
    ours = min(_child(["-m", "allegiance", "--help"]) for _ in range(times))
    floor = min(_child(["-c", "pass"]) for _ in range(times))
    return [row("allegiance --help", ours, floor, None, "CPU s", times)]


BENCHES: dict[str, Callable[[bool], list[Row]]] = {
    "cluster_rate": cluster_rate.measure,
    "columns_rate": columns_rate.measure,
    "import_rate": import_rate.measure,
    "judge_rate": judge_rate.measure,
    "label_efficiency": label_efficiency.measure,
    "meaning": meaning.measure,
    "pattern_rate": pattern_rate.measure,
    "run_rate": run_rate.measure,
    "startup": startup,
    "verify_rate": verify_rate.measure,
    "words_rate": words_rate.measure,
}


def _child(arguments: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _show(rows: Sequence[Row]) -> None:
    for one in rows:
        peer = "" if one["peer"] is None else f"{one['peer']:>12,.2f}"
        figures = f"{one['ours']:>12,.2f}{one['floor']:>14,.2f}{peer:>12}{one['ratio']:>9.3f}"
        print(f"{one['what']:<52}{figures}  {one['unit']}")


def main() -> None:
    """Run the benchmarks that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], default=[])
    parser.add_argument("--quick", action="store_true", help="small inputs, to see that it works")
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"{'':<52}{'ours':>12}{'floor':>14}{'peer':>12}{'ratio':>9}")
    for name in given.names or BENCHES:
        rows = BENCHES[name](given.quick)
        Path(OUT, f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
        _show(rows)


if __name__ == "__main__":
    main()
