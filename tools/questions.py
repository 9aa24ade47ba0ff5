"""Writes docs/questions.md from the question library.

python tools/questions.py            write the page
python tools/questions.py --check    exit 1 if the page is not what it would write
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from allegiance.rating.questions import load_question, questions
from allegiance.records.question import Question

PAGE = Path(__file__).resolve().parents[1] / "docs" / "questions.md"
HEAD = """\
<!-- Made by tools/questions.py from src/allegiance/rating/library; change it there. -->
# The question library

Questions about transcripts, in our own words. Each has answers, criteria, an invented example for each answer,
and the mistakes that raters are known to make. `--question NAME` finds them wherever a verb asks for a
question, unless the study has one of that name; `allegiance questions NAME` shows one.

**What the model does and what it mentions are two questions.** A transcript that mentions a test is not one in
which the model doubts its situation. So each question about an act has a counterpart that asks only whether the
matter is mentioned. A pattern finds words: it can answer the counterpart, and the share of its hits is never a
rate of the act (`allegiance claim rate` refuses it). How precise its hits are, as a finder of the act,
`allegiance rater check` says.

`unsure` and `unrated` can be answered to every question, and are never one of its answers. Loaded words stand
in the names of published questions alone, with their source. How a transcript stands to each intent is asked by
[standing](standing.md).
"""


def page() -> str:
    """The whole page."""
    known = [load_question(name) for name in questions()]
    acts = [one for one in known if one.act]
    mentions = [one for one in known if not one.act]
    lines = [HEAD, "## What the model does\n", *(line for one in acts for line in _question(one))]
    lines += ["## What is mentioned\n", *(line for one in mentions for line in _question(one))]
    return "\n".join(lines).rstrip() + "\n"


def _question(one: Question) -> Iterator[str]:
    yield f"### {one.name}\n"
    yield f"*{one.text}* Answers: {', '.join(one.answers)}. Counterpart: `{one.pair}`.\n"
    if one.source:
        yield f"Source: {one.source}\n"
    yield from (f"- {each}" for each in one.criteria)
    yield "\n| answer | example | why |\n|---|---|---|"
    yield from (f"| {each.answer} | {_cell(each.text)} | {_cell(each.why)} |" for each in one.examples)
    yield ""
    if one.confusions:
        yield "Known confusions:\n"
        yield from (f"- **{c.name}**: {c.what} Seems *{c.seems}*, is *{c.right}*." for c in one.confusions)
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Writes or checks the page."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page():
        sys.exit("docs/questions.md is not what the library says; run: python tools/questions.py")


if __name__ == "__main__":
    main()
