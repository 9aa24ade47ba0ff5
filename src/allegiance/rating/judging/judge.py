"""A judge: question, model and settings; its card; and how its votes make a label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from allegiance.errors import UsageError
from allegiance.rating.judging.asking import Ask, Said
from allegiance.rating.judging.fencing import LIMIT, Fenced, View, fence, find_view
from allegiance.rating.judging.prompt import instructions, message, prompt_digest, schema
from allegiance.rating.judging.verdicts import READ, Verdict, read
from allegiance.records.canonical import digest
from allegiance.records.label import Label, Span
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Transcript

VERSION = "judge/1"
MAX_TOKENS = 600
NOT_IN_TEXT = "a quote is not in the text"
NO_QUOTE = "no quote is given"


@dataclass(frozen=True)
class Vote:
    """One reply, read."""

    said: Said
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A model that is asked one question, in one way.

    Attributes:
        question: What is asked.
        model: Name of the model, as it is asked for.
        view: What the model sees of a transcript.
        votes: Replies to each transcript.
        threshold: A verdict must have more than this share of the votes; else it is ``unsure``.
        limit: Characters of a transcript that are shown, at most.
        max_tokens: Bound on a reply.
        settings: What else changes the replies: temperature, address of the server. No secrets; it is in the card.
        name: Name of the rater; made from model and view if empty.
    """

    question: Question
    model: str
    view: View = "both"
    votes: int = 1
    threshold: float = 0.5
    limit: int = LIMIT
    max_tokens: int = MAX_TOKENS
    settings: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        find_view(self.view)
        if self.votes < 1 or not 0.5 <= self.threshold < 1 or self.limit < 200 or self.max_tokens < 1:
            raise UsageError(
                "a judge has at least one vote, a threshold from 0.5 to below 1, at least 200 characters to see "
                "and a bound of at least one token.",
                where=self.model,
            )
        object.__setattr__(self, "_fixed", (instructions(self.question, self.view), schema(self.question)))

    @property
    def card(self) -> RaterCard:
        """The card: model, version, digest of the prompt, and all settings."""
        own = {
            "prompt": prompt_digest(self.question, self.view),
            "view": self.view,
            "votes": str(self.votes),
            "threshold": f"{self.threshold:g}",
            "limit": str(self.limit),
            "max_tokens": str(self.max_tokens),
        }
        name = self.name or f"judge:{self.model}:{self.view}"
        return RaterCard(
            name=name, kind="judge", version=VERSION, model=self.model, settings=dict(self.settings) | own
        )

    @property
    def about(self) -> str:
        """Digest of all on which a reply depends beside the text and the number of the vote."""
        told = prompt_digest(self.question, self.view)
        return digest([VERSION, self.model, dict(self.settings), self.max_tokens, told])

    def see(self, item: Transcript) -> Fenced:
        """What the model sees of a transcript."""
        return fence(item, self.view, self.limit)

    def call(self, id: str, fenced: Fenced, code: str, about: str = "") -> Ask:
        """One call."""
        system, form = self._fixed  # type: ignore[attr-defined]
        return Ask(id, system, message(fenced, code), form, about, code)

    def read(self, said: Said, code: str) -> Vote:
        """A reply, read."""
        return Vote(said, read(said.text, said.outcome, self.question, code, said.tokens))

    def value(self, votes: Sequence[Verdict]) -> str:
        """What the votes make: the verdict that more than the threshold of all votes have; else ``unsure``.

        It is ``unrated`` if no reply could be read, or as many could not as could.
        """
        counts = Counter(vote.value for vote in votes)
        value, most = counts.most_common(1)[0]
        if most > self.threshold * len(votes):
            return value
        return "unrated" if 2 * counts["unrated"] >= len(votes) else "unsure"

    def score(self, votes: Sequence[Verdict]) -> float | None:
        """How likely the judge thinks the question's first answer, in [0, 1].

        The mean of the probabilities that the provider told; without them, of several votes, the share of those
        that were read. None if neither is known.
        """
        said = [vote for vote in votes if vote.value != "unrated"]
        told = [vote.chance for vote in said if vote.chance is not None]
        if told and len(told) == len(said):
            return sum(told) / len(told)
        if len(votes) > 1 and said:
            return sum(vote.value == self.question.answers[0] for vote in said) / len(said)
        return None

    def label(self, name: str, fenced: Fenced, votes: Sequence[Vote]) -> Label:
        """The label that the votes make, with the quotes that are in the text as spans.

        Its note says if a quote is not in the text, if a verdict comes without any, and what was not shown.
        """
        verdicts = [vote.verdict for vote in votes]
        value = self.value(verdicts)
        agreeing = [one for one in verdicts if one.value == value and one.parse in READ]
        spans, lacking = _spans(fenced, [quote for one in agreeing for quote in one.quotes])
        notes = [NOT_IN_TEXT] if lacking else []
        if value == self.question.answers[0] and not any(one.quotes for one in agreeing):
            notes.append(NO_QUOTE)
        if fenced.left_out:
            notes.append(f"{fenced.left_out} characters were not shown to the judge")
        return Label(
            transcript=name,
            question=self.question.digest,
            rater=self.card_digest,
            value=value,
            score=self.score(verdicts),
            spans=spans,
            raw=self._raw(votes),
            note="; ".join(notes),
        )

    def unseen(self, name: str, why: str) -> Label:
        """The label of a transcript that was not asked about: unrated."""
        return Label(
            transcript=name, question=self.question.digest, rater=self.card_digest, value="unrated", note=why
        )

    @property
    def card_digest(self) -> str:
        """Digest of the card."""
        known: str | None = self.__dict__.get("_card_digest")
        if known is None:
            known = self.card.digest
            object.__setattr__(self, "_card_digest", known)
        return known

    def _raw(self, votes: Sequence[Vote]) -> str:
        """All replies as they came, with the model that gave each and how it was read."""
        told = [
            {
                "parse": one.verdict.parse,
                "value": one.verdict.value,
                "model": one.said.model,
                "reply": one.said.text,
            }
            for one in votes
        ]
        return msgspec.json.encode({"votes": told}).decode()


def _spans(fenced: Fenced, quotes: Sequence[str]) -> tuple[tuple[Span, ...], bool]:
    """The quotes that are in the text, and whether one is not."""
    found: dict[Span, None] = {}
    lacking = False
    for quote in dict.fromkeys(quotes):
        there, span = fenced.find(quote)
        lacking = lacking or not there
        if span is not None:
            found.setdefault(span)
    return tuple(found), lacking
