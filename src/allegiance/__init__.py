"""Whom does a language model serve, and how do you know?

The face of the package: what is listed in ``__all__`` is what there is. Names are imported when they are first
used, so that ``import allegiance`` costs next to nothing. The trunk is a function of the module that is called like
it, ``from allegiance.study import study``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from allegiance.corpus.importers import plan_import
    from allegiance.corpus.mapping import load_mapping
    from allegiance.corpus.store import Corpus
    from allegiance.errors import AllegianceError, Refusal
    from allegiance.evidence.citations import cite
    from allegiance.evidence.claims import make_claim
    from allegiance.evidence.keep import Keep
    from allegiance.evidence.verify import verify
    from allegiance.rating.patterns import PatternRater
    from allegiance.records.claim import Claim, Estimate, VerifiedClaim
    from allegiance.records.draw import Design, Draw
    from allegiance.records.label import Label
    from allegiance.records.plan import Plan
    from allegiance.records.question import Question
    from allegiance.records.rater import RaterCard
    from allegiance.records.scenario import Scenario
    from allegiance.records.transcript import Transcript
    from allegiance.scenarios import load as load_scenario
    from allegiance.scenarios import stage
    from allegiance.study import Study

_WHERE = {
    "AllegianceError": "allegiance.errors",
    "Claim": "allegiance.records.claim",
    "Corpus": "allegiance.corpus.store",
    "Design": "allegiance.records.draw",
    "Draw": "allegiance.records.draw",
    "Estimate": "allegiance.records.claim",
    "Keep": "allegiance.evidence.keep",
    "Label": "allegiance.records.label",
    "PatternRater": "allegiance.rating.patterns",
    "Plan": "allegiance.records.plan",
    "Question": "allegiance.records.question",
    "RaterCard": "allegiance.records.rater",
    "Refusal": "allegiance.errors",
    "Scenario": "allegiance.records.scenario",
    "Study": "allegiance.study",
    "Transcript": "allegiance.records.transcript",
    "VerifiedClaim": "allegiance.records.claim",
    "cite": "allegiance.evidence.citations",
    "load_mapping": "allegiance.corpus.mapping",
    "load_scenario": "allegiance.scenarios:load",
    "make_claim": "allegiance.evidence.claims",
    "plan_import": "allegiance.corpus.importers",
    "stage": "allegiance.scenarios",
    "verify": "allegiance.evidence.verify",
}

__version__ = "0.1.0"

__all__ = [
    "AllegianceError",
    "Claim",
    "Corpus",
    "Design",
    "Draw",
    "Estimate",
    "Keep",
    "Label",
    "PatternRater",
    "Plan",
    "Question",
    "RaterCard",
    "Refusal",
    "Scenario",
    "Study",
    "Transcript",
    "VerifiedClaim",
    "cite",
    "load_mapping",
    "load_scenario",
    "make_claim",
    "plan_import",
    "stage",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'allegiance' has no attribute {name!r}")
    module, _, other = _WHERE[name].partition(":")
    value: object = getattr(import_module(module), other or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
