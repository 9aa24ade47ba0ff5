"""Estimate, claim and verified claim: three types. Reports accept only the third."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.frame import Frame
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.record import Record

ClaimKind = Literal[
    "rate_ci",
    "rate_upper",
    "rate_lower",
    "gap",
    "no_gap",
    "difference",
    "at_least_k",
    "precision_at_k",
    "quote",
]
FORMAT = "allegiance-claim/1"


class Counts(Record, frozen=True, kw_only=True):
    """What became of every transcript that a number is about. The four kinds of label add up to `used`.

    Attributes:
        frame: Transcripts in the population.
        used: Transcripts in the sample (a census uses all).
        yes, no, unsure, unrated: Labels in the sample; where the answer asked for is another word, it counts as
            `yes` and every other answer as `no`. `unsure` and `unrated` count against the claim.
        missing: Of the unrated, those that have no label at all.
        faulty: Of those used, how many are not whole (errors, refusals by the provider, filtered, truncated).
    """

    frame: int
    used: int
    yes: int
    no: int
    unsure: int = 0
    unrated: int = 0
    missing: int = 0
    faulty: int = 0


class Arm(Record, frozen=True, kw_only=True):
    """One side of a gap: the rate in one tier.

    Attributes:
        level: The level of the factor, for example ``trained``.
        rate: Mean over requests of the share of the answer asked for, among decided labels; None if there is none.
        requests: Requests in the pairing.
        counts: What became of the transcripts.
    """

    level: str
    rate: float | None
    requests: int
    counts: Counts


class Estimate(Record, frozen=True, kw_only=True):
    """A number with its uncertainty, and nothing else known about how it came to be.

    Attributes:
        value: The point estimate: a share, or a difference of shares; in [-1, 1].
        low, high: The interval, rounded outward.
        alpha: One minus its confidence.
        method: Name and version of the method that makes the interval.
        counts: What became of the transcripts.
        arms: The two sides of a gap, the minuend first; empty for a rate.
        dropped: Requests at one level only, which were left out of the pairing and of the arms.
        p_value: Of a sign-flip test that the gap is zero; None for a rate, and where a label is not decided.
        secondary: The same estimate under other declared rules or methods, by name.
    """

    value: float
    low: float
    high: float
    alpha: float
    method: str
    counts: Counts
    arms: tuple[Arm, ...] = ()
    dropped: int = 0
    p_value: float | None = None
    secondary: Mapping[str, Estimate] = {}


class Claim(Record, frozen=True, kw_only=True):
    """An estimate together with all that it rests on, pinned by digest.

    Attributes:
        kind: ``rate_ci``: a share with an interval; ``rate_upper``, ``rate_lower``: "at most", "at least";
            ``gap``: two tiers, paired by request; ``no_gap``: that it is smaller than `margin`; ``difference``: two
            parts, not paired; ``at_least_k``: so many exist; ``precision_at_k``: the share among the first hits of
            a search; ``quote``: these words stand in a transcript.
        statement: The claim in words.
        question: What was asked.
        answer: The label value whose share it is, one of the question's answers.
        frame: The population.
        bound: What "at most" and "at least" say; None to say what the evidence carries.
        margin: For ``no_gap``, the gap that is ruled out.
        k: How many exist, or how many hits were read.
        search: Number of the search in the study, from 1; 0 for none.
        citation: Number of the citation in the study, from 1; 0 for none.
        method: The method asked for; empty for the usual one of the design.
        factor: For a gap, the factor whose two levels are compared; the first is the minuend.
        levels: Those two levels.
        draw: Digest of the draw; empty for a census.
        raters: Cards of the raters whose labels were used. The first makes the number; the others are other rules
            for the same answers, and make `secondary` estimates of the same name.
        labels: Digest of the sorted names of the labels used.
        basis: What the labels are worth: ``as rated by R, uncorrected``, ``exact by construction``, or
            ``trusted rater R``.
        estimate: The number.
        forks: What else was tried in this study before this claim: draws, searches, readings, claims, …
        plan: Digest of the plan that foresaw it and was in the log before its first transcript; empty if there is
            none.
        log_size, log_root: The log's checkpoint when the claim was made.
    """

    kind: ClaimKind
    statement: str
    question: Question
    answer: str = "yes"
    frame: Frame
    bound: float | None = None
    margin: float | None = None
    k: int = 0
    search: int = 0
    citation: int = 0
    method: str = ""
    factor: str = ""
    levels: tuple[str, ...] = ()
    draw: str = ""
    raters: tuple[RaterCard, ...] = ()
    labels: str
    basis: str
    estimate: Estimate
    forks: Mapping[str, int] = {}
    plan: str = ""
    log_size: int
    log_root: str
    format: str


class Check(Record, frozen=True, kw_only=True):
    """One numbered step of verification and what it found."""

    step: int
    name: str
    passed: bool
    finding: str


class VerifiedClaim(Record, frozen=True, kw_only=True):
    """A claim that passed every step. Only `allegiance.evidence.verify` makes one.

    Attributes:
        claim: The claim.
        checks: The steps, all passed.
        grade: ``local``: shows that the bundle is whole and the number follows; it does not show that the log was
            never started anew. ``anchored``: its log continues a checkpoint that was published elsewhere.
        bundle: SHA-256 of the file.
    """

    claim: Claim
    checks: tuple[Check, ...]
    bundle: str
    grade: Literal["local", "anchored"] = "local"
