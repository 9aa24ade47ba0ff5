"""Verification: a claim worked out again from its bundle, offline, in ten numbered steps.

Every step runs, and every failure is told. What a pass does not show: that the log was never thrown away and
started anew (grade ``local``), or that the raters were right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from allegiance.errors import AllegianceError, InputError, VerificationFailed
from allegiance.evidence import bundle, steps
from allegiance.evidence.material import Material
from allegiance.records.canonical import digest_bytes
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


class Verification(Record, frozen=True, kw_only=True):
    """The outcome of all steps. `claim` is None if the bundle cannot be read."""

    bundle: str
    checks: tuple[Check, ...]
    claim: Claim | None = None

    @property
    def passed(self) -> bool:
        """Whether every step passed."""
        return self.claim is not None and all(check.passed for check in self.checks)

    def verified(self) -> VerifiedClaim:
        """The verified claim.

        Raises:
            VerificationFailed: A step failed; the message names all that did.
        """
        if self.claim is None or not self.passed:
            failed = [f"{check.step} ({check.name}): {check.finding}" for check in self.checks if not check.passed]
            raise VerificationFailed("the claim does not verify.", where="; ".join(failed))
        return VerifiedClaim(claim=self.claim, checks=self.checks, bundle=self.bundle)


def verify(path: Path) -> Verification:
    """Checks a bundle. Needs no study, no network and no model.

    Raises:
        InputError: There is no such file, or it is not a bundle at all.
    """
    members = bundle.read_members(path)
    name = digest_bytes(path.read_bytes())
    try:
        claim, material = _open(members)
    except InputError as error:
        return Verification(bundle=name, checks=(Check(step=1, name="bundle", passed=False, finding=str(error)),))
    first = Check(step=1, name="bundle", passed=True, finding=f"{len(members)} members, as listed")
    return Verification(bundle=name, checks=(first, *run_steps(claim, material)), claim=claim)


def run_steps(claim: Claim, material: Material) -> tuple[Check, ...]:
    """Every step after the first, for a claim and material that could be read."""
    return tuple(_run(number, title, step, claim, material) for number, (title, step) in enumerate(STEPS, 2))


def _open(members: dict[str, bytes]) -> tuple[Claim, Material]:
    sealed = bundle.seal(members)
    if members["bundle.json"] != sealed["bundle.json"]:
        raise InputError("a member does not match the digest by which bundle.json lists it.")
    return bundle.parse(members)


def _run(
    number: int, title: str, step: Callable[[Claim, Material], str], claim: Claim, material: Material
) -> Check:
    try:
        return Check(step=number, name=title, passed=True, finding=step(claim, material))
    except AllegianceError as error:
        return Check(step=number, name=title, passed=False, finding=str(error))
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        return Check(step=number, name=title, passed=False, finding=f"cannot be checked: {error!r}")
