"""Scan transcripts with the grep scanner of Scout, in a process of its own: ``scout_scan.py SEGMENTS PATTERN``.

Prints the CPU seconds of this process and its children, reading and results included, and how many it scanned.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import warnings


def main(segments: str, pattern: str) -> None:
    """Scan all, once, in one process."""
    warnings.simplefilter("ignore")
    from inspect_scout import grep_scanner, scan, transcripts_from

    before = spent()
    with tempfile.TemporaryDirectory() as folder:
        status = scan(
            scanners={"grep": grep_scanner(pattern, regex=True)},
            transcripts=transcripts_from(segments),
            scans=folder, max_processes=1, display="none",
        )  # fmt: skip
    print(spent() - before, status.summary.scanners["grep"].scans)


def spent() -> float:
    """CPU seconds of this process and of those that it started."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in found)


if __name__ == "__main__":
    main(*sys.argv[1:3])
