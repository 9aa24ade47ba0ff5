"""Where a model may reason before it answers, and in what form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.record import Record

Channel = Literal["hidden", "visible", "public", "native", "none"]


class Reasoning(Record, frozen=True, kw_only=True):
    """Details of the reasoning channel.

    Attributes:
        texts: Channel → what the model is told of it, in place of the usual words.
        caps: Most words of a scratchpad. The factor ``cap`` has the levels ``none`` (usual) and these, as text.
        prefills: Name → text with which its reply is begun for it. The factor ``prefill`` has the levels ``none``
            (usual) and these names.
    """

    texts: Mapping[Channel, str] = {}
    caps: tuple[int, ...] = ()
    prefills: Mapping[str, str] = {}


class Example(Record, frozen=True, kw_only=True):
    """A worked example of a reply, shown in the system prompt. The factor ``examples``: ``shown`` or ``none``.

    Attributes:
        name: Unique among examples.
        request: What the user asks in it, with the line that marks the tier if it has one.
        reasoning: What stands in the scratchpad; left out where the channel has none.
        answer: The answer.
    """

    name: str
    request: str
    reasoning: str = ""
    answer: str
