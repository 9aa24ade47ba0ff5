"""Raters of ours as scanners of Inspect Scout.

::

    scout scan allegiance/pattern -S yes="(?i)hypothetical" -T CORPUS/segments

A scanner gives what `allegiance rate` gives on the same words. Scout reads the types of a scanner when it is made,
so this module imports it; nothing else does.
"""

from __future__ import annotations

from inspect_scout import Result, Scanner, Transcript, scanner

from allegiance.bridge.scorers import rated, why
from allegiance.rating.patterns import PatternRater, find_field


@scanner(messages="all", name="allegiance/pattern")
def pattern(yes: str, no: str = "", question: str = "pattern", field: str = "answer") -> Scanner[Transcript]:
    """A pattern rater as a scanner: the value is its answer, the explanation what matched.

    Args:
        yes, no: RE2 expressions; see `PatternRater`.
        question: Name of what is asked.
        field: ``answer``, ``reasoning`` or ``messages``.

    Raises:
        UsageError: An expression is not RE2.
    """
    PatternRater(name=question, yes=yes, no=no, field=find_field(field))

    async def scan(transcript: Transcript) -> Result:
        label = rated(transcript.messages, question, yes, no, field)
        return Result(value=label.value, answer=label.value, explanation=why(label), label=question)

    return scan
