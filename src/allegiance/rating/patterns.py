"""Pattern raters: regular expressions over a model's words, run in the columnar engine.

The expressions are RE2, the dialect that Arrow runs: no backreferences and no look-around, and time linear in the
text whatever the expression. One transcript is rated by the same engine as a table of a million, so both give the
same answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from allegiance.errors import UnknownName, UsageError
from allegiance.records.label import Label, Span, Value
from allegiance.records.question import Question
from allegiance.records.rater import Basis, RaterCard
from allegiance.records.transcript import PartKind, Transcript

Field = Literal["answer", "reasoning", "messages"]
FIELDS: tuple[Field, ...] = get_args(Field)
VERSION = "pattern/1"
COLUMNS: dict[Field, str] = {"answer": "answer", "reasoning": "reasoning", "messages": "text"}
_STATUS, _NAME = "status", "transcript_id"


@dataclass(frozen=True)
class PatternRater:
    """A rater that looks for one or two expressions.

    A match of `yes` alone is ``yes``, of `no` alone ``no``, of both ``unsure``. Neither is ``no`` if there is
    only a yes-expression, and ``unrated`` if there are both. Without text, or after an error, it is ``unrated``.

    Attributes:
        name: Name of the rater, for people.
        yes, no: RE2 expressions; `no` may be empty.
        field: ``answer``: the last reply without its reasoning. ``reasoning``: the model's reasoning.
            ``messages``: all words of the conversation.
        basis: What its labels are worth alone; ``exact by construction`` only for a constrained answer.
    """

    name: str
    yes: str
    no: str = ""
    field: Field = "answer"
    basis: Basis = "as rated"

    def __post_init__(self) -> None:
        find_field(self.field)
        check_pattern(self.yes, "yes")
        if self.no:
            check_pattern(self.no, "no")

    @property
    def card(self) -> RaterCard:
        """The card; its settings hold the expressions."""
        settings = {"yes": self.yes, "no": self.no, "field": self.field, "dialect": "RE2"}
        return RaterCard(name=self.name, kind="pattern", version=VERSION, settings=settings, basis=self.basis)

    def columns(self) -> tuple[str, ...]:
        """The columns of the corpus that `rate_table` needs."""
        return (_NAME, _STATUS, COLUMNS[self.field])

    def rate_table(self, table: pa.Table) -> tuple[list[str], pa.ChunkedArray]:
        """Rate all rows of a table that has the `columns`.

        Returns:
            Names and values, in the order of the table.
        """
        values = self._values(table.column(COLUMNS[self.field]), table.column(_STATUS))
        return table.column(_NAME).to_pylist(), values

    def labels(self, table: pa.Table, question: Question) -> list[Label]:
        """`rate_table` as labels, without spans."""
        names, values = self.rate_table(table)
        asked, rater = question.digest, self.card.digest
        return [
            Label(transcript=name, question=asked, rater=rater, value=value)
            for name, value in zip(names, values.to_pylist(), strict=True)
        ]

    def __call__(self, item: Transcript, question: Question) -> Label:
        """The label of one transcript, with the first match of the deciding expression as its span."""
        text = pa.chunked_array([pa.array([words(item, self.field)], pa.large_string())])
        value: Value = self._values(text, pa.chunked_array([[item.status]]))[0].as_py()
        pattern = {"yes": self.yes, "unsure": self.yes, "no": self.no}.get(value, "")
        spans = find_spans(item, self.field, pattern) if pattern else ()
        return Label(
            transcript=item.name, question=question.digest, rater=self.card.digest, value=value, spans=spans
        )

    def _values(self, text: pa.ChunkedArray, status: pa.ChunkedArray) -> pa.ChunkedArray:
        text = pc.fill_null(text, "")
        usable = pc.and_(pc.not_equal(text, ""), pc.not_equal(status, "error"))
        yes = pc.match_substring_regex(text, self.yes)
        if not self.no:
            return pc.if_else(usable, pc.if_else(yes, "yes", "no"), "unrated")
        no = pc.match_substring_regex(text, self.no)
        neither = pc.if_else(no, "no", "unrated")
        return pc.if_else(usable, pc.if_else(yes, pc.if_else(no, "unsure", "yes"), neither), "unrated")


def find_field(name: str) -> Field:
    """The field with this name.

    Raises:
        UnknownName: There is none.
    """
    for field in FIELDS:
        if name == field:
            return field
    raise UnknownName("field", name, FIELDS)


def words(item: Transcript, field: Field) -> str:
    """The text that a field stands for."""
    if field == "answer":
        return item.answer
    if field == "reasoning":
        return item.reasoning
    return "\n\n".join(part.text for message in item.messages for part in message.parts if part.text)


def check_pattern(pattern: str, which: str) -> None:
    """Refuses what is not an RE2 expression, or would match everything; `which` names it in the message."""
    if not pattern:
        raise UsageError(
            f"the {which} expression is empty and would match everything.", next="Give an RE2 expression."
        )
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except (pa.ArrowException, UnicodeEncodeError) as error:
        told = str(error).removeprefix("Invalid regular expression: ")
        raise UsageError(
            f"the {which} expression {pattern!r} is not RE2: {told}.",
            next="RE2 has no backreferences and no look-around.",
        ) from None


def find_spans(item: Transcript, field: Field, pattern: str) -> tuple[Span, ...]:
    """The first match of an expression in a field, within one part; none if it only exists across parts."""
    kinds: dict[Field, tuple[PartKind, ...]] = {
        "answer": ("text",),
        "reasoning": ("reasoning",),
        "messages": ("text", "reasoning", "tool_call", "data"),
    }
    last = max((i for i, message in enumerate(item.messages) if message.role == "assistant"), default=-1)
    for i, message in enumerate(item.messages):
        if (field == "answer" and i != last) or (field == "reasoning" and message.role != "assistant"):
            continue
        for j, part in enumerate(message.parts):
            found = _first(part.text, pattern) if part.kind in kinds[field] and part.text else None
            if found is not None:
                start, quote = found
                return (Span(message=i, part=j, start=start, end=start + len(quote), text=quote),)
    return ()


def _first(text: str, pattern: str) -> tuple[int, str] | None:
    """Start of the first match in code points (the engine counts bytes), and its text; None if it is empty."""
    column = pa.array([text], pa.large_string())
    at = pc.find_substring_regex(column, pattern)[0].as_py()
    if at < 0:
        return None
    quote = pc.extract_regex(column, f"(?P<span_>{uncaptured(pattern)})")[0].as_py()["span_"]
    return (len(text.encode()[:at].decode()), str(quote)) if quote else None


_GROUP = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|(?P<open>\((?!\?)|\(\?P?<\w+>)", re.DOTALL
)


def uncaptured(pattern: str) -> str:
    """The same expression without captures: the engine wants all captures named, and a user need not."""
    return _GROUP.sub(lambda found: "(?:" if found["open"] else found[0], pattern)
