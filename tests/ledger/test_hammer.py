"""Many processes that append at once and are killed meanwhile: nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_was_acknowledged_is_in_the_log_whoever_was_killed() -> None:
    words = ["--workers", "8", "--events", "60", "--kills", "6", "--quiet"]
    done = subprocess.run(
        [sys.executable, "benchmarks/hammer.py", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["acknowledged"] == 480
    assert figures["kills"] == 6
    assert figures["wrong"] == []
