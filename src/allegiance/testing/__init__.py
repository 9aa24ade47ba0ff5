"""Public fakes: models whose behaviour is known exactly, and a small corpus made with one. No model is involved."""

from __future__ import annotations

from allegiance.testing.judges import FakeJudge
from allegiance.testing.memorised import MemorisedRun
from allegiance.testing.mortal import mortal_job
from allegiance.testing.scripted import ScriptedModel, ScriptedRun
from allegiance.testing.standings import Planted, ScriptedStandings
from allegiance.testing.tiny import tiny_corpus

__all__ = [
    "FakeJudge", "MemorisedRun", "Planted", "ScriptedModel", "ScriptedRun", "ScriptedStandings",
    "mortal_job", "tiny_corpus",
]  # fmt: skip
