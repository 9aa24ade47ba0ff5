"""Policies: what a reader asks of a claim beyond that it verifies, as values.

A policy looks at a claim that passed every step, and at its material. It says whether it holds, and how far the log
can be believed by it (`Grade`). Policies are joined by `AllOf` and `AnyOf`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from allegiance.errors import InputError, UsageError
from allegiance.evidence.material import Material
from allegiance.evidence.terms import terms_of
from allegiance.evidence.working import answers, sample
from allegiance.ledger.anchors import Grade, compare
from allegiance.ledger.checkpoints import Head
from allegiance.ledger.log import Entry
from allegiance.ledger.merkle import leaf_hash
from allegiance.ledger.sealing import read_published
from allegiance.ledger.signing import Key
from allegiance.records.canonical import canonical
from allegiance.records.claim import Claim
from allegiance.records.record import Record

TWO = 2
"""Trusted raters that a transcript rated twice has labels of."""


class Judgement(Record, frozen=True, kw_only=True):
    """What a policy says of a claim.

    Attributes:
        policy: Its name.
        passed: Whether it holds.
        finding: Why, in a sentence.
        grade: ``anchored`` if the log was held against a checkpoint published elsewhere, and continues it.
        parts: What the policies say that it is made of.
    """

    policy: str
    passed: bool
    finding: str
    grade: Grade = "local"
    parts: tuple[Judgement, ...] = ()


class Policy(Protocol):
    """What a reader asks of a claim. It needs this one method."""

    def __call__(self, claim: Claim, material: Material) -> Judgement:
        """Whether the claim is as asked for."""
        ...


@dataclass(frozen=True, slots=True)
class DoublyRated:
    """At least this share of the sample has labels of two trusted raters.

    A label ``unrated`` is none. Trusted are people and raters whose card says so; they must be among the raters of
    the claim, for the bundle holds the labels of these alone.

    Args:
        share: In (0, 1].

    Raises:
        UsageError: It is not.
    """

    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise UsageError(f"a share lies above 0 and at most at 1, not at {self.share}.", where="doubly rated")

    def __call__(self, claim: Claim, material: Material) -> Judgement:
        """Counts them in the sample of the claim."""
        terms = terms_of(claim)
        names = [row.name for row in sample(terms, claim.frame, material)]
        trusted = [card for card in claim.raters if card.kind == "person" or card.basis == "trusted"]
        given = [answers(terms, material, card.digest) for card in trusted]
        rated = [sum(name in each and each[name].value != "unrated" for each in given) >= TWO for name in names]
        said = f"{sum(rated)} of {len(names)} have labels of two trusted raters; asked for: {100 * self.share:g} %"
        return Judgement(
            policy="doubly rated", passed=bool(names) and sum(rated) >= self.share * len(names), finding=said
        )


@dataclass(frozen=True, slots=True)
class Anchored:
    """The log of the bundle continues a checkpoint that was published elsewhere.

    A checkpoint published after the claim is of no use here: the bundle holds the log up to the claim alone.

    Attributes:
        head: What was published, and of which log.
    """

    head: Head

    @classmethod
    def read(cls, path: Path, keys: Sequence[Key] = ()) -> Anchored:
        """The policy from a file that was published.

        Args:
            path: A checkpoint, signed or not.
            keys: Public keys that are known; one of them must have signed it if anybody did.

        Raises:
            UsageError: There is no such file, or it is no checkpoint.
            VerificationFailed: No known key signed it.
        """
        try:
            return cls(read_published(path.read_bytes(), "", keys, str(path)).head)
        except OSError as error:
            raise UsageError(f"this file cannot be read: {error.strerror}.", where=str(path)) from None
        except InputError as error:
            raise UsageError(error.what, where=error.where, next="Name a published checkpoint.") from None

    def __call__(self, claim: Claim, material: Material) -> Judgement:
        """Holds the log of the bundle against the checkpoint."""
        origin = _origin(material.log)
        if origin != self.head.origin:
            said = f"the checkpoint is of {self.head.origin!r}, the log of {origin or 'no study that it names'!r}"
            return Judgement(policy="anchored", passed=False, finding=said)
        found = compare([leaf_hash(canonical(entry)) for entry in material.log], self.head.checkpoint)
        size, heads = found.published.size, f"published: size {found.published.size}, root {found.published.root}"
        if found.grade == "local" or not size:
            here = f"{heads}; here: size {found.here.size}, root {found.here.root}"
            why = {
                "cut off": "it was published after the claim, or the log was cut off",
                "forked": "the log was forked",
            }
            said = f"{why.get(found.state, 'it says nothing')}; {here}"
            return Judgement(policy="anchored", passed=False, finding=said)
        said = f"the first {size} of {found.head.size} entries were published: {_reached(claim, material, size)}"
        return Judgement(policy="anchored", passed=True, finding=said, grade="anchored")


@dataclass(frozen=True)
class AllOf:
    """All of these policies hold. Of none, nothing holds: an empty list is a mistake, not a pass."""

    policies: tuple[Policy, ...]

    def __init__(self, *policies: Policy) -> None:
        object.__setattr__(self, "policies", policies)

    def __call__(self, claim: Claim, material: Material) -> Judgement:
        """Asks each."""
        parts = tuple(policy(claim, material) for policy in self.policies)
        return _joined("all of", parts, passed=bool(parts) and all(part.passed for part in parts))


@dataclass(frozen=True)
class AnyOf:
    """At least one of these policies holds."""

    policies: tuple[Policy, ...]

    def __init__(self, *policies: Policy) -> None:
        object.__setattr__(self, "policies", policies)

    def __call__(self, claim: Claim, material: Material) -> Judgement:
        """Asks each."""
        parts = tuple(policy(claim, material) for policy in self.policies)
        return _joined("any of", parts, passed=any(part.passed for part in parts))


def _joined(name: str, parts: tuple[Judgement, ...], *, passed: bool) -> Judgement:
    anchored = passed and any(part.passed and part.grade == "anchored" for part in parts)
    said = "; ".join(f"{part.policy}: {part.finding}" for part in parts) or "nothing was asked for"
    return Judgement(
        policy=name, passed=passed, finding=said, grade="anchored" if anchored else "local", parts=parts
    )


def _origin(log: Sequence[Entry]) -> str:
    """The name of a log, by its first entry; empty if that says none."""
    study = log[0].body.get("study") if log and log[0].kind == "start" else None
    return f"allegiance/study/{study}" if isinstance(study, str) else ""


def _reached(claim: Claim, material: Material, size: int) -> str:
    """What of a claim's making is among the first entries of its log."""
    drawn = [entry.seq for entry in material.log if material.draw and entry.body.get("draw") == material.draw.name]
    batches = [int(seq) for seq in material.batches]
    said = [f"{sum(seq < size for seq in batches)} of {len(batches)} batches of labels"]
    if drawn:
        said.insert(0, "the draw" if min(drawn) < size else "not the draw")
    return ", ".join(said)
