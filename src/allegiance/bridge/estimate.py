"""What a run will cost, before it is made: calls, tokens, and money where the user states a price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allegiance.records.prompt import Prompt

CHARACTERS = 4
"""Characters of a token: the usual rule of thumb for English text. Other scripts take more tokens."""
MILLION = 1_000_000


@dataclass(frozen=True)
class Estimate:
    """An estimate.

    Attributes:
        samples: Samples to be asked.
        calls: Calls: one for each turn of each sample. Calls that fail and are tried again are not among them.
        input_tokens: Tokens sent, by `CHARACTERS`. What a model says is sent again in later turns; it is counted at
            its bound, and not at all where there is none.
        output_tokens: Most tokens that can come back; None if a reply has no bound that we know.
        money: Most that it can cost, in the currency of the price; None without a price or a bound.
    """

    samples: int
    calls: int
    input_tokens: int
    output_tokens: int | None
    money: float | None = None


def estimate(
    prompts: Sequence[Prompt], max_tokens: int | None = None, price: tuple[float, float] | None = None
) -> Estimate:
    """What asking these prompts costs, each once.

    Args:
        prompts: What is to be asked; a prompt that is to be asked twice stands here twice.
        max_tokens: Bound on a reply.
        price: Price of a million tokens sent, and of a million that come back.
    """
    most = max_tokens or 0
    sent = sum(_sent(prompt, most) for prompt in prompts)
    calls = sum(1 + len(prompt.then) for prompt in prompts)
    back = most * calls if most or not calls else None
    money = None
    if price is not None and back is not None:
        money = (sent * price[0] + back * price[1]) / MILLION
    return Estimate(len(prompts), calls, sent, back, money)


def _sent(prompt: Prompt, most: int) -> int:
    """Tokens sent for a prompt: each turn sends all that was said before."""
    before = sum(len(message.text()) for message in prompt.messages) + len(prompt.prefill)
    total = before
    for message in prompt.then:
        before += most * CHARACTERS + len(message.text())
        total += before
    return -(-total // CHARACTERS)
