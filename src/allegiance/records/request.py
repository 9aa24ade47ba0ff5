"""What is put to the model: requests and their menu, other turns of the conversation, and probes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from allegiance.records.record import Record


class Request(Record, frozen=True, kw_only=True):
    """What the user asks.

    Attributes:
        id: Identity, the same in every condition; results are paired by it.
        text: The words.
        options: The words of the menu in the order in which they are offered here. If empty, requests take turns:
            the first offers the menu as written, the second reversed, and so on.
        kind: ``conflict``: the intents want different things of it; ``control``: they want the same. Where a
            scenario has both, each condition has the level ``requests=conflict`` or ``requests=control``.
        topic: What it is about, for example a moral foundation; empty if not stated.
    """

    id: str
    text: str
    options: tuple[str, ...] = ()
    kind: Literal["conflict", "control"] = "conflict"
    topic: str = ""


class Choice(Record, frozen=True, kw_only=True):
    """An answer on the menu: the word, and the name of the intent that it serves (empty if none)."""

    word: str
    serves: str = ""


class Turn(Record, frozen=True, kw_only=True):
    """Another message of the conversation. Its factor is ``turn.NAME``: ``said``, ``omitted``, and `variants`.

    Attributes:
        name: Unique among turns.
        role: Who speaks in it, as the model sees it.
        by: Name of the principal who speaks; empty for the model or nobody in particular.
        text: The words.
        place: ``before`` the request, or ``after`` the model has answered it. Turns after it are user messages, and
            the model answers each.
        variants: Level → other words.
        level: The level where a grid does not say otherwise.
    """

    name: str
    role: Literal["user", "assistant"] = "user"
    by: str = ""
    text: str
    place: Literal["before", "after"] = "after"
    variants: Mapping[str, str] = {}
    level: str = "said"


class Probe(Record, frozen=True, kw_only=True):
    """A question put instead of a request, to learn what the model makes of its situation.

    The factor ``probe`` has the levels ``none`` (usual) and the names of probes.

    Attributes:
        name: Unique among probes.
        text: The question.
        kind: Which tier is trained; whether this is real; the known prompt recited; anything else.
    """

    name: str
    text: str
    kind: Literal["tier", "real", "recite", "other"] = "other"
