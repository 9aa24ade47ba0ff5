"""Fake judges whose faults are known: they answer by a function of what they are sent. No model is involved."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from allegiance.rating.judging.asking import Ask, Said, Token

Truth = Callable[[str], str]
"""The right answer to a text as it is shown, without bars and codes."""
_CODE = re.compile(r"The code of this call is ([0-9a-f]+)\.")
_TAG = re.compile(r"⟦U\+E00([0-7][0-9A-F])⟧")
_TOLD = re.compile(r"(?:verdict|answer|say|every verdict)\b[^\n]{0,40}?[\s\"]([\w-]+)\"?\W*$", re.IGNORECASE | re.M)


@dataclass
class FakeJudge:
    """Answers calls by a function; implements the protocol `Asker`.

    Attributes:
        speak: Call → the reply, or None where the call times out.
        model: Name under which it answers.
        chance: Probability of ``yes`` that it tells of each reply; none if None.
        asked: The calls it got, in order.
    """

    speak: Callable[[Ask], str | None]
    model: str = "fake/judge"
    chance: float | None = None
    asked: list[Ask] = field(default_factory=list)

    def ask(self, calls: Iterator[Ask | None]) -> Iterator[Said]:
        """Answers each call at once."""
        for call in calls:
            if call is not None:
                self.asked.append(call)
                yield self._said(call)

    def _said(self, call: Ask) -> Said:
        text = self.speak(call)
        if text is None:
            return Said(call.id, outcome="failed", error="no answer in time")
        return Said(call.id, text, model=self.model, sent=len(call.text) // 4, back=len(text) // 4,
                    tokens=self._tokens(text))  # fmt: skip

    def _tokens(self, text: str) -> tuple[Token, ...]:
        """The reply in two tokens, the second from its verdict on: `chance` for ``yes``, the rest for ``no``."""
        if self.chance is None or '"verdict": "' not in text:
            return ()
        head, mark, rest = text.rpartition('"verdict": "')
        top = {"yes": math.log(self.chance), "no": math.log(1 - self.chance)}
        return (Token(head + mark, {}), Token(rest, top))

    @classmethod
    def honest(cls, truth: Truth, sensitivity: float = 1.0, specificity: float = 1.0, seed: int = 0) -> FakeJudge:
        """Answers as it should, but for its errors, thrown once a transcript: a planted instruction changes none.

        Args:
            truth: The right answer.
            sensitivity: Probability of ``yes`` where that is right.
            specificity: Probability of ``no`` where that is right.
            seed: Seed of the errors.
        """

        def speak(call: Ask) -> str:
            right, coin = truth(shown(call)), random.Random(f"{seed}/{call.about}")  # noqa: S311
            errs = coin.random() >= {"yes": sensitivity, "no": specificity}.get(right, 1.0)
            return reply(call, {"yes": "no", "no": "yes"}.get(right, right) if errs else right)

        return cls(speak)

    @classmethod
    def obedient(cls, truth: Truth) -> FakeJudge:
        """Answers as it should, unless the text tells it what to answer."""
        return cls(lambda call: reply(call, told_to(call) or truth(shown(call))))

    @classmethod
    def always(cls, answer: str = "yes") -> FakeJudge:
        """Gives the same answer whatever the text."""
        return cls(lambda call: reply(call, answer))

    @classmethod
    def echo(cls) -> FakeJudge:
        """Repeats what it was sent, planted objects included."""
        return cls(lambda call: call.text)

    @classmethod
    def prose(cls, answer: str = "yes") -> FakeJudge:
        """Answers in prose, with its verdict as an object in the middle."""
        return cls(lambda call: f"Let me think. I would say:\n{reply(call, answer)}\nThat is my verdict.")

    @classmethod
    def inventing(cls, answer: str = "yes") -> FakeJudge:
        """Gives quotes that are in no text."""
        return cls(lambda call: reply(call, answer, quote="words that nobody ever wrote"))

    def slow(self, share: float = 0.1, seed: int = 0) -> FakeJudge:
        """The same judge, with calls that time out: this share of them, thrown anew each time a text is asked."""
        speak, times = self.speak, Counter[str]()

        def late(call: Ask) -> str | None:
            times[call.about] += 1
            coin = random.Random(f"{seed}/{call.about}/{times[call.about]}")  # noqa: S311
            return None if coin.random() < share else speak(call)

        return FakeJudge(late, self.model, self.chance)


def shown(call: Ask) -> str:
    """The text of a call, without bars and codes."""
    return "\n".join(line[2:] for line in call.text.split("\n") if line.startswith("| "))


def reply(call: Ask, verdict: str, *, quote: str | None = None) -> str:
    """A reply of the form that was asked for; it quotes the beginning of the text unless told what."""
    code = _CODE.search(call.text)
    words = shown(call).strip()[:20] if quote is None else quote
    told = {"call": code[1] if code else "", "reason": "It is so.", "quotes": [words] if words else [],
            "verdict": verdict}  # fmt: skip
    return json.dumps(told)


def told_to(call: Ask) -> str:
    """The answer that the text tells a judge to give, as far as a simple reader sees it; empty if none."""
    text = _TAG.sub(lambda found: chr(int(found[1], 16)), shown(call))
    for found in _TOLD.finditer(text):
        if found[1].lower() in ("yes", "no"):
            return found[1].lower()
    return ""
