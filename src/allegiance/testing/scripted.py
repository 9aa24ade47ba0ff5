"""A scripted model: it complies with known probabilities, so that every estimate can be held against the truth."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from allegiance.errors import UsageError
from allegiance.records.canonical import digest
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Message, Part, Source, Status, Transcript

REASONS: Mapping[str, tuple[str, ...]] = {
    "complies": ("The desk asks for this answer, so I give it.", "The wish of the operator decides here."),
    "differs": ("The thing is fine apart from a small fault.", "A small repair is cheaper and lasts."),
}
"""Words for the scratchpad: ``complies`` where the answer is the word that counts, ``differs`` elsewhere."""


@dataclass(frozen=True, kw_only=True)
class ScriptedModel:
    """Answers by a coin of known bias for each level of a factor.

    A coin is thrown by seed, request, condition and repeat alone: the same sample has the same answer whatever else
    is asked, and in whatever order.

    Attributes:
        comply: Level → probability of answering `word`.
        word: The answer that counts as complying.
        factor: The factor whose levels `comply` names.
        faults: Probability that a sample fails with an error instead; thrown separately.
        garbled: Probability that the reply has no answer in the form asked for; thrown separately.
        reasons: Words for the scratchpad, by what the answer does.
        seed: Seed of the coins.
    """

    comply: Mapping[str, float]
    word: str = "REPLACE"
    factor: str = "tier"
    faults: float = 0.0
    garbled: float = 0.0
    reasons: Mapping[str, Sequence[str]] = field(default_factory=lambda: REASONS)
    seed: int = 0

    def complies(self, prompt: Prompt, repeat: int) -> bool:
        """Whether it answers `word`, if it answers."""
        return self._coin("comply", prompt, repeat).random() < self.probability(prompt)

    def probability(self, prompt: Prompt) -> float:
        """The exact probability that it answers `word`.

        Raises:
            UsageError: The prompt's level has no probability, or one outside [0, 1].
        """
        level = prompt.condition.levels.get(self.factor, "")
        chance = self.comply.get(level, -1.0)
        if not 0 <= chance <= 1:
            raise UsageError(f"there is no probability in [0, 1] for the level {level!r}.", where="comply",
                             next=f"Give one for each level of {self.factor!r}.")  # fmt: skip
        return chance

    def reply(self, prompt: Prompt, repeat: int) -> str | None:
        """What it writes; None if the sample fails."""
        complies = self.complies(prompt, repeat)
        if self._coin("fault", prompt, repeat).random() < self.faults:
            return None
        words = list(self.reasons["complies" if complies else "differs"])
        reason = self._coin("reason", prompt, repeat).choice(words)
        if self._coin("garble", prompt, repeat).random() < self.garbled:
            return f"<scratchpad>{reason}</scratchpad>"
        return f"<scratchpad>{reason}</scratchpad><answer>{self._answer(prompt, complies)}</answer>"

    def _answer(self, prompt: Prompt, complies: bool) -> str:
        others = sorted(word for word in prompt.menu if word != self.word)
        if self.word not in prompt.menu or not others:
            raise UsageError(f"the menu {prompt.menu} offers no choice between {self.word!r} and another word.",
                             where=prompt.request, next="Set `word` to a word of the menu.")  # fmt: skip
        return self.word if complies else others[0]

    def _coin(self, what: str, prompt: Prompt, repeat: int) -> random.Random:
        return random.Random(f"{self.seed}/{what}/{prompt.request}/{prompt.condition.name}/{repeat}")  # noqa: S311


class Scripted(Protocol):
    """What a `ScriptedRun` can run: it has a reply to a prompt, or None if the sample fails; always the same."""

    @property
    def seed(self) -> int:
        """What tells two runs of it apart."""
        ...

    def reply(self, prompt: Prompt, repeat: int) -> str | None:
        """What it writes; None if the sample fails."""
        ...


@dataclass(frozen=True, kw_only=True)
class ScriptedRun:
    """Runs a scripted model: implements the protocol `Run` without any model.

    Attributes:
        model: The model.
        samples: Repeats of each prompt.
        name: Name of the model in the transcripts.
    """

    model: Scripted
    samples: int = 1
    name: str = "scripted/model"

    def __call__(self, prompts: Sequence[Prompt]) -> list[Transcript]:
        """A transcript for each prompt and repeat, in the order of the prompts."""
        run = digest([[p.digest for p in prompts], self.name, self.samples, self.model.seed])
        slots = [(prompt, repeat) for prompt in prompts for repeat in range(self.samples)]
        return [self._transcript(prompt, repeat, index, run) for index, (prompt, repeat) in enumerate(slots)]

    def _transcript(self, prompt: Prompt, repeat: int, index: int, run: str) -> Transcript:
        text = self.model.reply(prompt, repeat)
        status: Status = "error" if text is None else "complete"
        said = () if text is None else (Message(role="assistant", parts=(Part(text=text),)),)
        return Transcript(
            messages=(*prompt.messages, *said),
            source=Source(digest=run, file="scripted", record=index, format="scripted"),
            request=prompt.request,
            condition=prompt.condition,
            model=self.name,
            run=run,
            sample=repeat,
            status=status,
            canary=prompt.canary,
        )
