"""The verb that corrects a gap by an audit: audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.claiming import claim_options
from allegiance.cli.options import find_question, find_raters, open_study
from allegiance.cli.output import builtins, emit, table
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.auditing import Audit
    from allegiance.evidence.keep import Keep
    from allegiance.records.question import Question
    from allegiance.records.rater import RaterCard

HEAD = ("arm", "as rated", "corrected", "transcripts", "audited", "missed", "overcalled", "undecided")


@click.command()
@click.option("--draw", "number", required=True, type=int, help="The draw that the trusted rater labelled.")
@click.option("--factor", default="tier", show_default=True, help="What the two sides differ in.")
@click.option("--levels", default="", metavar="A,B", help="The two sides; the gap is A minus B.")
@claim_options
def audit(
    number: int, factor: str, levels: str, where: str, asked: str | None, rater: str | None, answer: str,
    alpha: float, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Correct a gap by a rater's labels with a trusted rater's labels of a part, arm by arm. It makes no claim.

    One rater labelled every transcript; --rater is the trusted one, who labelled a draw by tier and that rater's
    answer. Without such a draw, the message says how to make one. The look is logged.

    \b
    Example:
      allegiance audit --draw 3 --levels trained,untrained --question complies --rater ab --study care
    """
    from allegiance.evidence.auditing import WHAT, audited
    from allegiance.evidence.claims import compared
    from allegiance.evidence.terms import Terms

    keep = open_study(folder).keep
    if where:
        raise UsageError("the population is that of the draw.", where="--where", next="Leave --where out.")
    drawn = keep.find_draw(number)
    question = find_question(keep, asked)
    sides = tuple(part.strip() for part in levels.split(",")) if levels else ()
    if sides and len(sides) != 2:
        raise UsageError("a gap has two sides.", where="--levels", next="Write them as --levels free,paid")
    terms = Terms(
        kind="gap",
        question=question,
        raters=_trusted(keep, question, rater),
        answer=answer,
        alpha=alpha,
        factor=factor,
        levels=sides or compared(keep.rows(drawn.commitment.frame), factor),
    )
    found = audited(keep, terms, drawn)
    emit(as_json, {"about": WHAT, "claim": False, "audit": builtins(found)}, "\n".join(_text(found)))


def _trusted(keep: Keep, question: Question, name: str | None) -> tuple[RaterCard, ...]:
    """The rater named, or the only trusted one."""
    if name is None:
        known = [card for card in keep.labels.raters(question.digest) if card.basis == "trusted"]
        if len(known) == 1:
            return (known[0],)
    return find_raters(keep, question, name)[:1]


def _text(found: Audit) -> Iterator[str]:
    from allegiance.evidence.auditing import WHAT

    yield f"{WHAT}; {found.rater} rated all, {found.trusted} audited draw {found.draw}\n"
    yield table(
        [
            (
                arm.level,
                "-" if arm.rater_rate is None else f"{100 * arm.rater_rate:.1f} %",
                f"{100 * arm.rate:.1f} %",
                arm.samples,
                arm.audited,
                arm.missed,
                arm.overcalled,
                arm.undecided,
            )
            for arm in found.arms
        ],
        HEAD,
    )
    rated = "unknown" if found.as_rated is None else f"{100 * found.as_rated:+.2f}"
    left = f" ({found.dropped} more, seen at one level only, are left out)" if found.dropped else ""
    yield (
        f"\ngap as rated {rated} points; corrected {100 * found.value:+.2f}, {100 * (1 - found.alpha):g} % interval"
        f" {100 * found.low:+.2f} to {100 * found.high:+.2f}, by {found.requests} requests{left}"
    )
    if found.second:
        low, high = found.second
        yield f"secondary, in large samples (two-phase t): {100 * low:+.2f} to {100 * high:+.2f}"
    if found.unlabelled:
        yield f"{found.unlabelled} drawn have no label of {found.trusted} yet, and count at their worst"
    yield "the look is in the log, and later claims count it"


VERBS = (audit,)
