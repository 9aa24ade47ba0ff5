"""What a judge is sent and what comes back: the protocol that everything which can reach a model implements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Outcome = Literal["answered", "refused", "filtered", "cut", "failed"]
"""How a call ended: answered; refused or filtered by the provider; cut off at its bound; or without a reply."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call.

    Attributes:
        id: Comes back with the reply; never sent.
        system: The instructions.
        text: The fenced text.
        schema: JSON schema that the reply is to have.
        about: Digest of what is shown of the transcript before anything was planted; never sent.
        code: Code of the call, as it stands in the text.
    """

    id: str
    system: str
    text: str
    schema: Mapping[str, object]
    about: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a reply, and the natural logarithms of the probabilities of what could have stood there."""

    text: str
    top: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Said:
    """What came back.

    Attributes:
        id: Of the call.
        text: The reply as it came.
        outcome: How the call ended.
        model: The model that answered, as the provider names it.
        sent, back: Tokens, where the provider counts them; 0 where it does not.
        tokens: The reply's tokens, where they were asked for and given.
        error: Why there is no reply; holds no secret.
    """

    id: str
    text: str = ""
    outcome: Outcome = "answered"
    model: str = ""
    sent: int = 0
    back: int = 0
    tokens: tuple[Token, ...] = ()
    error: str = ""


class Asker(Protocol):
    """Sends calls to a model. It bounds what is under way, tries again what failed for a passing reason, and keeps
    nothing."""

    def ask(self, calls: Iterator[Ask | None]) -> Iterator[Said]:
        """Make these calls.

        Args:
            calls: Taken as there is room for them. None means that there is none at the moment, and that there may
                be after the next reply.

        Yields:
            A reply for each call, in the order in which they end. A call that failed for good has outcome
            ``failed``.

        Raises:
            RunError: No call can succeed: the key is refused, the model is not there.
        """
        ...
