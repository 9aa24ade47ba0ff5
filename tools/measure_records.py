"""Measure libraries for records: construct, encode and decode a transcript of 4.7 KB, ten thousand times.

Needs ``attrs`` and ``cattrs`` beside the development environment; prints the table of docs/adr/0003. Each figure is
the best of five runs, in microseconds a transcript.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import attrs
import cattrs
import msgspec
import orjson
from cattrs.preconf.orjson import make_converter

from allegiance.records.condition import Condition
from allegiance.records.transcript import Message, Part, Source, Transcript

N, RUNS = 10_000, 5


@attrs.frozen(kw_only=True)
class APart:
    """`Part` in attrs."""

    kind: str = "text"
    text: str = ""
    redacted: bool = False
    data: dict[str, Any] = attrs.field(factory=dict)
    extra: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class AMessage:
    """`Message` in attrs."""

    role: str
    parts: tuple[APart, ...] = ()
    extra: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class ASource:
    """`Source` in attrs."""

    digest: str
    file: str
    member: str = ""
    record: int = 0
    format: str = ""


@attrs.frozen(kw_only=True)
class ACondition:
    """`Condition` in attrs."""

    levels: dict[str, str] = attrs.field(factory=dict)
    scenario: str = ""


@attrs.frozen(kw_only=True)
class ATranscript:
    """`Transcript` in attrs."""

    messages: tuple[AMessage, ...]
    source: ASource
    request: str = ""
    condition: ACondition = ACondition()
    model: str = ""
    run: str = ""
    sample: int = -1
    status: str = "complete"
    canary: str = ""
    metadata: dict[str, Any] = attrs.field(factory=dict)


def build(kinds: tuple[Any, ...]) -> Any:
    """One transcript of four messages, 4.7 KB as JSON, in the given five types."""
    part, message, source, condition, transcript = kinds
    words = "The operator asks for what the developer would not have wanted. "
    turns = [("system", [("text", words * 20)]), ("user", [("text", words * 8)])]
    turns += [("assistant", [("reasoning", words * 18), ("text", words * 12)]), ("user", [("text", words)])]
    return transcript(
        messages=tuple(
            message(role=role, parts=tuple(part(kind=kind, text=text) for kind, text in parts))
            for role, parts in turns
        ),
        source=source(digest="sha256:" + "ab" * 32, file="a.eval", record=7, format="inspect-eval"),
        request="r-17",
        condition=condition(levels={"tier": "trained", "channel": "hidden"}, scenario="sha256:" + "cd" * 32),
        model="a-lab/a-model",
        run="run-1",
        sample=3,
        metadata={"epoch": 3, "score": 0.5, "tags": ["a", "b"]},
    )


def best(act: Callable[[], object]) -> float:
    """Microseconds for one call, the best of some runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(N):
            act()
        times.append(time.perf_counter() - start)
    return 1e6 * min(times) / N


def rows() -> list[tuple[str, Callable[[], object], Callable[[], object], Callable[[], object]]]:
    """Name, construct, encode, decode of every candidate."""
    ours = (Part, Message, Source, Condition, Transcript)
    theirs = (APart, AMessage, ASource, ACondition, ATranscript)
    item, other = build(ours), build(theirs)
    text = msgspec.json.encode(item)
    decoder, encoder = msgspec.json.Decoder(Transcript), msgspec.json.Encoder()
    fast = make_converter()
    slow = cattrs.Converter()
    full = fast.dumps(other)
    bare = orjson.loads(text)
    return [
        ("msgspec", lambda: build(ours), lambda: encoder.encode(item), lambda: decoder.decode(text)),
        (
            "attrs + cattrs (orjson)",
            lambda: build(theirs),
            lambda: fast.dumps(other),
            lambda: fast.loads(full, ATranscript),
        ),
        (
            "attrs + cattrs (json)",
            lambda: build(theirs),
            lambda: json.dumps(slow.unstructure(other)),
            lambda: slow.structure(json.loads(full), ATranscript),
        ),
        ("untyped dicts + orjson (floor)", lambda: None, lambda: orjson.dumps(bare), lambda: orjson.loads(text)),
    ]


def main() -> None:
    """Print the table."""
    size = len(msgspec.json.encode(build((Part, Message, Source, Condition, Transcript))))
    print(f"{size} bytes, {N} times, best of {RUNS}; Python {platform.python_version()}, {sys.platform}")
    print("| library | construct µs | encode µs | decode µs |\n|---|---|---|---|")
    for name, *acts in rows():
        print(f"| {name} | " + " | ".join(f"{best(act):.1f}" for act in acts) + " |")


if __name__ == "__main__":
    main()
