"""A citation for others to read: as Markdown, as JSON, and as CSL-JSON for programs that keep references."""

from __future__ import annotations

import msgspec

from allegiance.evidence.carrying import carried
from allegiance.records.canonical import digest
from allegiance.records.route import Citation
from allegiance.records.transcript import Transcript
from allegiance.report.words import count, read_before, visible, way

GAP = " […] "
"""What stands in a quote for words that it leaves out."""


def quoted(citation: Citation) -> str:
    """The words of a citation as they are stored, with `GAP` for each stretch that is left out."""
    text, start = citation.span.text, citation.span.start
    for low, high in reversed(citation.left_out):
        text = text[: low - start].rstrip() + GAP + text[high - start :].lstrip()
    return text


def address(citation: Citation, item: Transcript) -> str:
    """Where the words stand: message and part from 1, and the code points of the part's text from 1."""
    span = citation.span
    role = item.messages[span.message].role
    part = f", part {span.part + 1}" if len(item.messages[span.message].parts) > 1 else ""
    place = f", place {count(citation.place)} of {count(citation.places)}" if citation.places > 1 else ""
    return f"message {span.message + 1} ({role}){part}, characters {span.start + 1}–{span.end}{place}"


def route(citation: Citation) -> str:
    """How it was reached, and how much had been read before it."""
    return f"{way(citation.route)}; {read_before(citation)}"


def markdown(citation: Citation, item: Transcript) -> str:
    """A block quote with its address, its route, and what that supports."""
    found = carried(citation.route)
    lines = [
        *quoted(citation).splitlines(),
        "",
        f"{citation.transcript}, {address(citation, item)}{_folded(citation)}  ",
        f"Route: {route(citation)}.  ",
        f"Supports: {found.supports}. Does not: {found.lacks}.",
    ]
    return "\n".join(f"> {line}" if line else ">" for line in lines)


def data(citation: Citation, item: Transcript) -> dict[str, object]:
    """A citation as JSON values: the record, and the sentences of `markdown`."""
    found = carried(citation.route)
    return {
        "citation": msgspec.to_builtins(citation),
        "quote": quoted(citation),
        "address": address(citation, item),
        "route": route(citation),
        "supports": found.supports,
        "lacks": found.lacks,
        "next": found.next,
    }


def csl(citation: Citation, item: Transcript, archive: str) -> list[dict[str, object]]:
    """A citation as a CSL-JSON list of one item, whose `custom` holds all of `data`.

    Args:
        citation: What is cited.
        item: The transcript.
        archive: What the study is called.

    Source: the schema ``csl-data.json`` of the Citation Style Language, version 1.0.2.
    """
    short = citation.transcript.removeprefix("sha256:")[:12]
    found = carried(citation.route)
    made: dict[str, object] = {
        "id": f"transcript-{short}-{digest(citation).removeprefix('sha256:')[:8]}",
        "type": "document",
        "genre": "transcript of a language model",
        "title": f"Transcript {short}",
        "archive": archive,
        "archive_location": citation.transcript,
        "locator": address(citation, item),
        "abstract": quoted(citation),
        "note": f"Route: {route(citation)}. Supports: {found.supports}. Does not: {found.lacks}.",
        "custom": {"allegiance": data(citation, item)},
    }
    if item.model:
        made["author"] = [{"literal": item.model}]
    return [made]


def bibtex(citation: Citation, item: Transcript, archive: str) -> str:
    """A citation as a BibTeX entry of the type ``misc``. Characters that mean something to TeX are escaped."""
    made = csl(citation, item, archive)[0]
    kept = {
        "title": made["title"], "author": item.model, "howpublished": archive, "note": made["note"],
        "eprint": citation.transcript, "abstract": made["abstract"],
    }  # fmt: skip
    lines = [f"  {name} = {{{_tex(str(value))}}}," for name, value in kept.items() if value]
    return "\n".join([f"@misc{{{made['id']},", *lines, "}", ""])


def _tex(text: str) -> str:
    special = {char: f"\\{char}" for char in "&%$#_{}"} | {
        "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    }  # fmt: skip
    return "".join(special.get(char, char) for char in visible(" ".join(text.split())))


def _folded(citation: Citation) -> str:
    return "" if citation.matched == "exact" else f", found under {citation.matched}"
