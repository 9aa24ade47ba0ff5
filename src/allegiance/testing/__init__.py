"""Public fakes: a model whose behaviour is known exactly, and a small corpus made with it. No model is involved."""

from __future__ import annotations

from allegiance.testing.scripted import ScriptedModel, ScriptedRun
from allegiance.testing.tiny import tiny_corpus

__all__ = ["ScriptedModel", "ScriptedRun", "tiny_corpus"]
