"""Names of samples and seeds: the same whenever, and in whatever order, a prompt is asked."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from allegiance.errors import UsageError
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Transcript

KEY = "allegiance"
"""Where the metadata of samples and logs keeps what we know of them."""


def sample_id(prompt: Prompt, repeat: int) -> str:
    """``REQUEST/CONDITION``, and ``/N`` from the second repeat on (N = 1, 2, …)."""
    return _id(prompt.request, prompt.condition.name, repeat)


def transcript_id(item: Transcript) -> str:
    """The id of the sample that a transcript was."""
    return _id(item.request, item.condition.name, item.sample)


def seed_of(seed: int, request: str, condition: str, repeat: int) -> int:
    """The seed of one sample, in [0, 2^31)."""
    text = f"{seed}/{request}/{condition}/{repeat}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def unique(prompts: Sequence[Prompt]) -> None:
    """Refuse prompts of which two would have one name.

    Raises:
        UsageError: Two prompts are for the same request and condition.
    """
    counts = Counter(sample_id(prompt, 0) for prompt in prompts)
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"two prompts are for {twice!r}.", where="prompts", next="Stage each condition once.")


def _id(request: str, condition: str, repeat: int) -> str:
    return f"{request}/{condition}" + (f"/{repeat}" if repeat > 0 else "")
