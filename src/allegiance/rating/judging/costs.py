"""What a judging costs, before it is done and while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allegiance.rating.judging.asking import Said
from allegiance.rating.judging.canaries import EMPTY, TWINS
from allegiance.rating.judging.judge import Judge
from allegiance.rating.judging.prompt import held_out, instructions, schema

CHARACTERS = 4
"""Characters of a token: the usual rule of thumb for English text. Other scripts take more tokens."""
MILLION = 1_000_000
Price = tuple[float, float]
"""Price of a million tokens sent, and of a million that come back."""


@dataclass(frozen=True)
class Cost:
    """What calls cost.

    Attributes:
        calls: How many calls.
        sent: Tokens sent, about.
        back: Tokens that come back, at most.
    """

    calls: int
    sent: int
    back: int

    def money(self, price: Price | None) -> float | None:
        """In the currency of the price; None without one."""
        return None if price is None else (self.sent * price[0] + self.back * price[1]) / MILLION


def expected(judge: Judge, lengths: Sequence[int], of: int, batch: int, twins: int = TWINS) -> Cost:
    """The cost of judging transcripts, canaries included.

    Args:
        judge: Who is asked.
        lengths: Characters shown of some of them, or of all.
        of: How many transcripts.
        batch: Transcripts in a batch.
        twins: Twins in a batch.
    """
    if not of or not lengths:
        return Cost(0, 0, 0)
    shown = sum(lengths) / len(lengths)
    batches = -(-of // batch)
    own = len(EMPTY) + len(held_out(judge.question))
    again = batches * min(twins, -(-of // batches))
    full, short = of + again + (again + 1) // 2, batches * own
    calls = (full + short) * judge.votes
    sent = (calls * overhead(judge) + full * judge.votes * shown) / CHARACTERS
    return Cost(calls, round(sent), calls * judge.max_tokens)


def overhead(judge: Judge) -> int:
    """Characters of a call beside the text."""
    return len(instructions(judge.question, judge.view)) + len(str(schema(judge.question))) + 300


def spent(said: Said, asked: int) -> tuple[int, int]:
    """Tokens of a call, sent and back: as the provider counts them, else by `CHARACTERS`.

    Args:
        said: The reply.
        asked: Characters that were sent.
    """
    return said.sent or asked // CHARACTERS, said.back or len(said.text) // CHARACTERS
