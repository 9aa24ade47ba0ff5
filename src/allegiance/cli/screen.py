"""A transcript as lines of a terminal, each of which knows which words of the transcript it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allegiance.cli.output import visible
from allegiance.records.label import Span
from allegiance.records.transcript import Part, Transcript


@dataclass(frozen=True)
class Line:
    """A line as it is shown.

    Attributes:
        text: What is printed: control and format characters are written out, so it is safe.
        message, part: Which part of the transcript it shows; -1 for a heading or an empty line.
        start, end: Code points of the part's text that it shows.
    """

    text: str
    message: int = -1
    part: int = -1
    start: int = 0
    end: int = 0


def lines(item: Transcript, width: int, *, replies_only: bool = False) -> list[Line]:
    """A transcript in lines of at most `width` cells: each message under its role, reasoning apart from the answer.

    Args:
        item: The transcript.
        width: Cells of the terminal, at least 20.
        replies_only: Leave out model, condition and every message that is not the model's, and say how many.
    """
    made = [] if replies_only else [Line(visible(f"model {item.model or 'unknown'}  {item.condition.name}"))]
    left_out = sum(message.role != "assistant" for message in item.messages) if replies_only else 0
    if left_out:
        made.append(Line(f"({left_out} messages, model and condition are hidden)"))
    for m, message in enumerate(item.messages):
        if replies_only and message.role != "assistant":
            continue
        for p, part in enumerate(message.parts):
            kind = "" if part.kind == "text" else f" {part.kind}"
            made += [Line(""), Line(visible(f"── {message.role}{kind} "))]
            made += [Line(text, m, p, start, end) for text, start, end in _wrapped(_words(part), width)]
    return made


def quoted(item: Transcript, first: Line, last: Line) -> Span | None:
    """The words from one line to another as a span; None if they do not lie in one part."""
    first, last = sorted((first, last), key=lambda line: (line.message, line.part, line.start))
    if first.message < 0 or (first.message, first.part) != (last.message, last.part):
        return None
    part = item.messages[first.message].parts[first.part]
    start, end = first.start, min(last.end, len(part.text))
    words = part.text[start:end].rstrip()
    if not words:
        return None
    return Span(message=first.message, part=first.part, start=start, end=start + len(words), text=words)


def _words(part: Part) -> str:
    if part.redacted and not part.text:
        return "(redacted)"
    return part.text or (str(dict(part.data)) if part.data else "(empty)")


def _wrapped(text: str, width: int) -> Iterator[tuple[str, int, int]]:
    """Lines of a text with the code points they show; broken at spaces where there are some."""
    at = 0
    for raw in text.split("\n"):
        start, end = at, at + len(raw)
        while True:
            taken = _fitting(text, start, end, width)
            yield _printed(text[start:taken]), start, taken
            start = taken
            if start >= end:
                break
        at = end + 1


def _fitting(text: str, start: int, end: int, width: int) -> int:
    """Where a line that starts here ends: as much as fits, to the last space in it if words would be cut."""
    from rich.cells import cell_len

    ahead = text[start : min(start + width + 1, end)]
    if ahead.isascii() and ahead.isprintable():  # the usual case: a character is a cell
        if len(ahead) <= width:
            return end
        space = ahead.rfind(" ")
        return start + (space + 1 if space > 0 else width)
    used, at, space = 0, start, -1
    while at < end:
        used += cell_len(_printed(text[at]))
        if used > width:
            return space + 1 if space > start else max(at, start + 1)
        if text[at] == " ":
            space = at
        at += 1
    return end


def _printed(text: str) -> str:
    return visible(text).replace("\t", "    ")
