"""A short version of ``make kill-corpus``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.kill_corpus import JOBS, kill_and_resume


def test_writers_killed_at_any_moment_leave_a_whole_corpus_and_their_work_can_be_done_again(tmp_path: Path) -> None:
    made = kill_and_resume(tmp_path, kills=10, seed=1, size=30)
    assert made.wrong == []
    assert sum(made.kills.values()) == 10
    assert set(made.kills) == set(JOBS)
