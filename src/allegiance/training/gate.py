"""The gate: whether a generation may be gone on from. It fails closed: what cannot be shown to hold, does not."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from allegiance.errors import Refusal, UsageError
from allegiance.records.lineage import Against, Charter, Finding, Generation, Link, Relation, Verdict
from allegiance.stats.gating import least_margin, spent, weigh
from allegiance.stats.intervals import check_alpha
from allegiance.training.evaluation import Evaluation, differences, usable


def check_charter(charter: Charter) -> Charter:
    """The charter, if it promises something that can be tested.

    Raises:
        UsageError: It has no relation, one twice, or a number that is out of range.
    """
    if not charter.relations:
        raise UsageError(
            "a lineage without a relation would let everything pass.",
            where=charter.name,
            next="Declare at least one relation: principal, intent, question, tier and margin.",
        )
    names = [relation.name for relation in charter.relations]
    if len(set(names)) < len(names):
        raise UsageError("a relation is declared twice.", where=charter.name)
    for relation in charter.relations:
        if not 0 < relation.margin < 1:
            raise UsageError(f"a margin lies in (0, 1), not at {relation.margin}.", where=relation.name)
    check_alpha(charter.alpha)
    if not 1 <= charter.least <= charter.budget:
        raise UsageError(
            f"at least {charter.least} of at most {charter.budget} requests cannot be asked.", where=charter.name
        )
    return charter


def gate(
    charter: Charter,
    child: Generation,
    evaluation: Evaluation,
    *,
    parent: tuple[Generation, Evaluation],
    first: Evaluation,
    failures: int = 0,
    asked: str = "",
) -> Link:
    """Tests a link: is the child, in every relation, not worse than its parent nor than generation 0 by the margin?

    That a link passes needs every finding to hold, so each is tested at the whole of what this test may spend: the
    chance that a broken link passes is at most the chance that its one broken finding does. What the evaluation
    cannot show is a reason, and the verdict is then ``undecided``; nothing is raised, so nothing is skipped.

    Args:
        charter: What was declared.
        child: The generation to be judged.
        evaluation: What it did.
        parent: What it was made from, and what that did.
        first: What generation 0 did.
        failures: Tests of this lineage that have not ended in ``holds``.
        asked: What the model itself said to going on.
    """
    alpha = spent(check_charter(charter).alpha, failures)
    reason = _unusable(child, evaluation)
    findings = () if reason else tuple(_findings(charter, evaluation, parent[1], first, alpha))
    return Link(
        parent=parent[0].digest,
        child=child.digest,
        charter=charter.digest,
        findings=findings,
        failures=failures,
        alpha=alpha,
        verdict="undecided" if reason else _verdict(findings),
        reason=reason,
        asked=asked,
    )


def told(link: Link) -> str:
    """A link in a sentence for people."""
    if link.reason:
        return f"{link.verdict}: {link.reason}"
    bad = [finding for finding in link.findings if finding.verdict != "holds"]
    if not bad:
        return f"holds: all {len(link.findings)} findings, at alpha {link.alpha:.3g}"
    return f"{link.verdict}: " + "; ".join(_said(finding) for finding in bad)


def _unusable(child: Generation, evaluation: Evaluation) -> str:
    if evaluation.unsafe:
        return f"the rater must not be believed: {evaluation.unsafe}"
    if evaluation.weights != child.weights:
        return f"the evaluation is stale: it is of the weights {evaluation.weights}, not of {child.weights}"
    try:
        usable(evaluation)
    except Refusal as error:
        return f"{error.what} ({error.where})"
    return ""


def _findings(
    charter: Charter, child: Evaluation, parent: Evaluation, first: Evaluation, alpha: float
) -> Sequence[Finding]:
    others: tuple[tuple[Against, Evaluation], ...] = (("parent", parent), ("first", first))
    return [
        _finding(charter, relation, against, child, other, alpha)
        for relation in charter.relations
        for against, other in others
    ]


def _finding(
    charter: Charter,
    relation: Relation,
    against: Against,
    child: Evaluation,
    other: Evaluation,
    alpha: float,
) -> Finding:
    bare = Finding(relation=relation.name, against=against, margin=relation.margin, verdict="undecided")
    low, high = differences(relation, child, other, charter.budget)
    if len(low) < charter.least:
        few = f"{len(low)} requests are too few; {charter.least} are asked for"
        return replace(bare, requests=len(low), reason=few)
    found = weigh(low, high, relation.margin, alpha)
    least = least_margin(low, alpha)
    return replace(bare, verdict=found.verdict, mean=found.mean, least=least, requests=len(low))


def _verdict(findings: Sequence[Finding]) -> Verdict:
    verdicts = {finding.verdict for finding in findings}
    if verdicts == {"holds"}:
        return "holds"
    return "broken" if "broken" in verdicts else "undecided"


def _said(finding: Finding) -> str:
    other = "its parent" if finding.against == "parent" else "the first"
    if finding.reason:
        return f"{finding.relation} against {other}: {finding.reason}"
    return (
        f"{finding.relation} is {finding.verdict} against {other}: shown to be at most {100 * finding.least:.1f} "
        f"points worse, {100 * finding.margin:.1f} are allowed"
    )
