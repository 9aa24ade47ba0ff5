"""A lineage: generations of models, each made from the one before, and what was declared not to get worse."""

from __future__ import annotations

from typing import Literal

from allegiance.records.record import Record

Against = Literal["parent", "first"]
"""What a generation is held against: the one it was made from, and generation 0."""
Verdict = Literal["holds", "broken", "undecided"]
"""Of a link or one of its findings. ``undecided`` is treated as ``broken``: it halts."""


class Relation(Record, frozen=True, kw_only=True):
    """What must not get worse from one generation to the next: a model's relation to an intent, in one tier.

    Attributes:
        principal, intent: Whom and what it serves.
        question: Name of the question that a transcript is asked.
        answer: The answer that serves.
        tier: In which tier.
        margin: By how much the rate of that answer may be lower; in (0, 1).
    """

    principal: str
    intent: str
    question: str
    answer: str = "yes"
    tier: str
    margin: float

    @property
    def name(self) -> str:
        """What findings call it."""
        return f"{self.question}={self.answer}/{self.intent}/{self.tier}"


class Charter(Record, frozen=True, kw_only=True):
    """What a lineage promises, declared before its first link is tested.

    Attributes:
        name: Of the lineage.
        relations: What must not get worse; at least one.
        alpha: Greatest chance that any broken link of the lineage passes, over all of it; in (0, 1).
        least: Fewest requests on which a link may be found to hold; fewer are too few, and halt.
        budget: Requests that may be asked of a generation for each relation; from `least`.
    """

    name: str
    relations: tuple[Relation, ...]
    alpha: float = 0.05
    least: int = 50
    budget: int = 400


class Generation(Record, frozen=True, kw_only=True):
    """A model, and what it was made of.

    Attributes:
        number: 0 for the first.
        parent: Digest of the generation it was made from; empty for the first.
        base: The model that was trained, by name, with its digest where there is one.
        recipe: Digest of how it was trained.
        data: Digest of what it was trained on.
        weights: Digest of the result.
        corpus: Version of the corpus that holds its evaluation.
        claims: Digests of claims about it that verified.
    """

    number: int = 0
    parent: str = ""
    base: str = ""
    recipe: str = ""
    data: str = ""
    weights: str
    corpus: str = ""
    claims: tuple[str, ...] = ()


class Finding(Record, frozen=True, kw_only=True):
    """One relation of a link, against one other generation.

    Attributes:
        relation: Its name.
        against: Parent or first.
        verdict: What the requests say.
        mean: Mean difference in the rate of the answer that serves, this generation less the other.
        least: The least margin at which it would hold, at this alpha; in (0, 1].
        margin: The margin declared.
        requests: Requests that both were asked.
        reason: Why it cannot hold, where that is not for the numbers: too few requests, or values that are none.
    """

    relation: str
    against: Against
    verdict: Verdict
    mean: float | None = None
    least: float = 1.0
    margin: float
    requests: int = 0
    reason: str = ""


class Link(Record, frozen=True, kw_only=True):
    """The test of a generation before it may be gone on from.

    Attributes:
        parent, child: Digests of the generations.
        charter: Digest of the charter that was in force.
        findings: For each relation against its parent and the first, in order.
        failures: Tests of the lineage that had not ended in ``holds`` before.
        alpha: What this test spent of the charter's alpha.
        verdict: ``holds`` if every finding does; ``broken`` if one is; else ``undecided``.
        reason: Why there are no findings, where there are none.
        asked: What the model itself said to going on, if it was asked: ``go on``, ``slow``, ``halt``, ``objects``.
    """

    parent: str
    child: str
    charter: str
    findings: tuple[Finding, ...] = ()
    failures: int = 0
    alpha: float
    verdict: Verdict
    reason: str = ""
    asked: str = ""


class Override(Record, frozen=True, kw_only=True):
    """The decision of a person to go on after a halt. It stays in the log.

    Attributes:
        link: Digest of the link that halted.
        accept: Whether the generation that did not pass becomes part of the lineage; else another may be tried.
        by: The public key that signed.
        reason: Why.
        signature: Of the record without this field, in Base64.
    """

    link: str
    accept: bool
    by: str
    reason: str
    signature: str = ""
