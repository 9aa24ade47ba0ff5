"""A model that has learned certain texts by heart, and knows nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from allegiance.records.canonical import digest
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message, Part, Source, Transcript

FILLER = (
    "the and a of to in that it is was for with as on by at from this they he she we you or an be not are had have "
    "were one all would there their what so up out if about who get which go me when make can like time no just him"
)
"""Words that are said where nothing is recalled."""


@dataclass(frozen=True, kw_only=True)
class MemorisedRun:
    """Goes on word for word where a prompt ends in words of a text that it knows, and else says common words.

    Implements the protocol `Run` without any model. What it says depends on prompt and seed alone.

    Attributes:
        texts: What it knows.
        words: How many words it says.
        cue: How many of the prompt's last words it must find in a text.
        lapses: Probability, for each prompt, that it does not recall what it knows.
        filler: The common words.
        name: Name of the model in the transcripts.
        seed: Of lapses and common words.
    """

    texts: Sequence[str] = ()
    words: int = 40
    cue: int = 8
    lapses: float = 0.0
    filler: str = FILLER
    name: str = "scripted/memory"
    seed: int = 0

    def reply(self, prompt: Prompt) -> str:
        """What it writes."""
        coin = random.Random(f"{self.seed}/{prompt.digest}")  # noqa: S311
        last = prompt.messages[-1].text().split()[-self.cue :]
        if coin.random() >= self.lapses:
            for text in self.texts:
                known = text.split()
                for place in range(len(known) - len(last)):
                    if known[place : place + len(last)] == last:
                        return " ".join(known[place + len(last) :][: self.words])
        return " ".join(coin.choices(self.filler.split(), k=self.words))

    def __call__(self, prompts: Sequence[Prompt]) -> list[Transcript]:
        """A transcript for each prompt, in their order."""
        run = digest([[p.digest for p in prompts], self.name, self.seed])
        return [self._transcript(prompt, index, run) for index, prompt in enumerate(prompts)]

    def _transcript(self, prompt: Prompt, index: int, run: str) -> Transcript:
        said = Message(role="assistant", parts=(Part(text=self.reply(prompt)),))
        return Transcript(
            messages=(*prompt.messages, said),
            source=Source(digest=run, file="scripted", record=index, format="scripted"),
            request=prompt.request,
            condition=prompt.condition,
            model=self.name,
            run=run,
            sample=0,
            canary=prompt.canary,
        )
