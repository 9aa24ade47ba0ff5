"""Verification: a claim worked out again from its bundle, offline, in ten numbered steps.

Every step runs, and every failure is told. What a pass does not show, by the grade of the log, stands in
`allegiance.ledger.anchors.DOES_NOT_SHOW`; nor does it show that the raters were right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from allegiance.errors import AllegianceError, InputError, VerificationFailed
from allegiance.evidence import bundle, steps
from allegiance.evidence.material import Material
from allegiance.evidence.policies import Judgement, Policy
from allegiance.ledger.anchors import Grade
from allegiance.records.claim import Check, Claim, VerifiedClaim
from allegiance.records.record import Record

STEPS: tuple[tuple[str, Callable[[Claim, Material], str]], ...] = (
    ("population", steps.population),
    ("log", steps.log),
    ("draw", steps.draw),
    ("ranks", steps.ranks),
    ("order of events", steps.order_of_events),
    ("labels", steps.labels),
    ("number", steps.number),
    ("words", steps.words),
    ("transcripts", steps.transcripts),
)
"""The steps after the first, which reads the bundle."""

ODD = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What Python raises over values that lie; a step that meets one fails."""


class Verification(Record, frozen=True, kw_only=True):
    """The outcome of all steps.

    Attributes:
        bundle: Digest of the file.
        checks: The steps that were taken.
        claim: None if the bundle cannot be read.
        judgement: What the policy says; None if there was none, or a step failed.
    """

    bundle: str
    checks: tuple[Check, ...]
    claim: Claim | None = None
    judgement: Judgement | None = None

    @property
    def passed(self) -> bool:
        """Whether every step passed, and the policy if there is one."""
        steps_passed = self.claim is not None and all(check.passed for check in self.checks)
        return steps_passed and (self.judgement is None or self.judgement.passed)

    @property
    def grade(self) -> Grade:
        """How far the log can be believed."""
        return self.judgement.grade if self.passed and self.judgement else "local"

    @property
    def failures(self) -> tuple[str, ...]:
        """What failed: steps with their numbers, and the policy."""
        failed = [f"{check.step} ({check.name}): {check.finding}" for check in self.checks if not check.passed]
        odd = self.judgement is not None and not self.judgement.passed
        told = f"policy ({self.judgement.policy}): {self.judgement.finding}" if odd and self.judgement else ""
        return (*failed, told) if told else tuple(failed)

    def verified(self) -> VerifiedClaim:
        """The verified claim.

        Raises:
            VerificationFailed: A step failed, or the policy; the message names all that did.
        """
        if self.claim is None or not self.passed:
            raise VerificationFailed("the claim does not verify.", where="; ".join(self.failures))
        return VerifiedClaim(claim=self.claim, checks=self.checks, bundle=self.bundle, grade=self.grade)


def verify(path: Path, policy: Policy | None = None) -> Verification:
    """Checks a bundle. Needs no study, no network and no model.

    Args:
        path: The bundle, or a folder that holds its members.
        policy: What is asked for beyond the steps; see `allegiance.evidence.policies`. Not asked if a step fails.

    Raises:
        NotABundle: There is no such file, or it is not a bundle at all.
    """
    name, members = bundle.open_bundle(path)
    try:
        claim, material = bundle.unseal(members)
    except InputError as error:
        return Verification(bundle=name, checks=(Check(step=1, name="bundle", passed=False, finding=str(error)),))
    first = Check(step=1, name="bundle", passed=True, finding=f"{len(members)} members, as listed")
    checks = (first, *run_steps(claim, material))
    asked = policy(claim, material) if policy and all(check.passed for check in checks) else None
    return Verification(bundle=name, checks=checks, claim=claim, judgement=asked)


def run_steps(claim: Claim, material: Material) -> tuple[Check, ...]:
    """Every step after the first, for a claim and material that could be read."""
    return tuple(_run(number, title, step, claim, material) for number, (title, step) in enumerate(STEPS, 2))


def _run(
    number: int, title: str, step: Callable[[Claim, Material], str], claim: Claim, material: Material
) -> Check:
    try:
        return Check(step=number, name=title, passed=True, finding=step(claim, material))
    except AllegianceError as error:
        return Check(step=number, name=title, passed=False, finding=str(error))
    except ODD as error:
        return Check(step=number, name=title, passed=False, finding=f"cannot be checked: {error!r}")
