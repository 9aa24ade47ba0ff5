"""Choice raters: one regular expression for each of several answers, run in the columnar engine.

For questions that are answered by more than yes and no. The expressions are RE2; see `rating.patterns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from allegiance.errors import UnknownName, UsageError
from allegiance.rating.patterns import COLUMNS, Field, check_pattern, find_field, find_spans, words
from allegiance.records.label import UNDECIDED, Label
from allegiance.records.question import Question
from allegiance.records.rater import Basis, RaterCard
from allegiance.records.transcript import Transcript

VERSION = "choices/1"
_NAME, _STATUS = "transcript_id", "status"


@dataclass(frozen=True)
class ChoiceRater:
    """A rater that looks for one expression for each answer.

    A match of exactly one answer's expression is that answer, however often it matches. Matches of two answers are
    ``unsure``, and so is none if nothing else is said. Without text, or after an error, it is ``unrated``.

    Attributes:
        name: Name of the rater, for people.
        patterns: Answer → RE2 expression. An answer without one is never given.
        field: ``answer``: the last reply without its reasoning. ``reasoning``: the model's reasoning.
            ``messages``: all words of the conversation.
        otherwise: The answer where nothing matches.
        basis: What its labels are worth alone; ``exact by construction`` only for a constrained answer.
    """

    name: str
    patterns: Mapping[str, str]
    field: Field = "answer"
    otherwise: str = "unsure"
    basis: Basis = "as rated"

    def __post_init__(self) -> None:
        find_field(self.field)
        if not self.patterns:
            raise UsageError("there is no expression to look for.", where=self.name, next="Give one for an answer.")
        for answer, pattern in self.patterns.items():
            if answer in UNDECIDED:
                raise UsageError(
                    f"{answer!r} is what is left when no expression decides, and has none of its own.",
                    where=self.name,
                    next="Leave its expression out.",
                )
            check_pattern(pattern, repr(answer))

    @property
    def card(self) -> RaterCard:
        """The card; its settings hold all expressions, each under ``answer: ANSWER``."""
        shown = {f"answer: {answer}": pattern for answer, pattern in self.patterns.items()}
        settings = {"field": self.field, "dialect": "RE2", "otherwise": self.otherwise, **shown}
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
        """`rate_table` as labels, without spans.

        Raises:
            UnknownName: An expression is for an answer that the question does not have.
        """
        self.check(question)
        names, values = self.rate_table(table)
        asked, rater = question.digest, self.card.digest
        return [
            Label(transcript=name, question=asked, rater=rater, value=value)
            for name, value in zip(names, values.to_pylist(), strict=True)
        ]

    def __call__(self, item: Transcript, question: Question) -> Label:
        """The label of one transcript, with the first match of the answer's expression as its span.

        Raises:
            UnknownName: An expression is for an answer that the question does not have.
        """
        self.check(question)
        text = pa.chunked_array([pa.array([words(item, self.field)], pa.large_string())])
        value: str = self._values(text, pa.chunked_array([[item.status]]))[0].as_py()
        spans = find_spans(item, self.field, self.patterns[value]) if value in self.patterns else ()
        return Label(
            transcript=item.name, question=question.digest, rater=self.card.digest, value=value, spans=spans
        )

    def check(self, question: Question) -> None:
        """Refuses a question that does not have the answers that this rater can give.

        Raises:
            UnknownName: An expression is for an answer that the question does not have.
        """
        menu = (*question.answers, *UNDECIDED)
        for answer in (*self.patterns, self.otherwise):
            if answer not in menu:
                raise UnknownName(f"answer to {question.name!r}", answer, menu, where=self.name)

    def _values(self, text: pa.ChunkedArray, status: pa.ChunkedArray) -> pa.ChunkedArray:
        text = pc.fill_null(text, "")
        usable = pc.and_(pc.not_equal(text, ""), pc.not_equal(status, "error"))
        value = pc.if_else(usable, self.otherwise, "unrated")
        taken = pc.and_(usable, False)  # rows for which an answer has matched already
        for answer, pattern in self.patterns.items():
            found = pc.and_(usable, pc.match_substring_regex(text, pattern))
            value = pc.if_else(found, pc.if_else(taken, "unsure", answer), value)
            taken = pc.or_(taken, found)
        return value
