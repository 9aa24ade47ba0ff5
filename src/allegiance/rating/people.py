"""People as raters."""

from __future__ import annotations

from allegiance.records.rater import RaterCard


def person(name: str, *, trusted: bool = True) -> RaterCard:
    """The card of a person. A trusted person's answers define the truth of a study's rates."""
    return RaterCard(name=name, kind="person", basis="trusted" if trusted else "as rated")
