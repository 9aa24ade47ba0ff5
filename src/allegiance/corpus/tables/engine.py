"""DuckDB over the light columns of one version: in memory, locked down, asked with bound values only.

It sees whole numbers alone: codes of models, conditions, requests and answers, and positions in order of name. What
a filter says is turned into codes here, so no word of a filter, a corpus or a rater ever stands in SQL; names of
columns come from `FIELDS`. External access, extensions and replacement scans are off, the configuration is locked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from allegiance.corpus.needs import need
from allegiance.corpus.predicate import Predicate
from allegiance.corpus.tables import masks
from allegiance.corpus.tables.light import Light, light
from allegiance.corpus.tables.masks import Answers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from allegiance.corpus.store import Corpus
    from allegiance.corpus.tables.light import Codes, Ints

MEMORY, THREADS = "1GB", 2
FIELDS: Mapping[str, str] = {
    "model": "model", "run": "run", "status": "status", "source": "source_format",
}  # fmt: skip
"""Column of the table → coded light column."""
_LOCKED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}


class Tables:
    """The transcripts of one version that count (see `masks.current`), in DuckDB, and the labels joined to them.

    Attributes:
        light: All transcripts of the version.
        left_out: How many of them do not count: failed samples that were asked again.
        words: For each of `FIELDS`, code → value; codes are in the order of values.
    """

    def __init__(self, transcripts: Light) -> None:
        need("duckdb", "search")
        import duckdb  # noqa: PLC0415

        self.light = transcripts
        self._at = masks.current(transcripts, np.arange(len(transcripts)))
        self.left_out = len(transcripts) - len(self._at)
        self._answers: dict[str, Answers] = {}
        self._joining = Lock()
        raw = {name: transcripts.words(column) for name, column in FIELDS.items()}
        self.words = {name: sorted(words) for name, words in raw.items()}
        self._columns = self._own({name: _ranks(words) for name, words in raw.items()})
        self._db = duckdb.connect(":memory:", config={"memory_limit": MEMORY, "threads": THREADS})
        for name, value in _LOCKED.items():
            self._db.execute(f"SET {name}={value}")
        self._load()

    def join(self, field: str, answers: Answers) -> None:
        """Put what a rater answered beside the transcripts, under the field ``QUESTION@RATER``."""
        with self._joining:
            if self._answers.get(field) is not answers:
                self._answers[field] = answers
                self._columns[self.answer_of(field)] = answers.codes[self._at]
                self._load()

    def answer_of(self, field: str) -> str:
        """The column with the answers that were joined under a field; -1 stands for none."""
        return f"answer_{list(self._answers).index(field)}"

    def ask(self, select: Sequence[str], predicate: Predicate, ending: str = "") -> list[tuple[int, ...]]:
        """Rows of numbers: ``SELECT select FROM the transcripts that pass ending``.

        Args:
            select, ending: SQL of ours, never of a caller's words.
            predicate: The filter.

        Raises:
            UnknownName: The filter names a field that no transcript has.
        """
        with self._run(select, predicate, ending) as cursor:
            return cursor.fetchall()

    def arrays(self, select: Sequence[str], predicate: Predicate, ending: str = "", among: str = "") -> list[Ints]:
        """As `ask`, by column; `among` is a condition of ours that must hold too."""
        with self._run(select, predicate, ending, among) as cursor:
            return [np.asarray(column, np.int64) for column in cursor.fetchnumpy().values()]

    @contextmanager
    def _run(
        self, select: Sequence[str], predicate: Predicate, ending: str, among: str = ""
    ) -> Iterator[DuckDBPyConnection]:
        masks.check_fields(self.light, predicate, self._answers, self._at)
        terms = [self._term(key, values) for key, values in predicate.terms]
        conditions = [*(_in(column) for column, _ in terms), *filter(None, [among])]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT {', '.join(select)} FROM transcripts{where} {ending}"  # noqa: S608  (all of it is ours)
        with self._db.cursor() as cursor:
            yield cursor.execute(query, [codes for _, codes in terms])

    def _term(self, key: str, values: Sequence[str]) -> tuple[str, list[int]]:
        """A term of a filter as a column and the codes of it that pass."""
        chosen = frozenset(values)
        if key in self._answers:
            return self.answer_of(key), _codes(self._answers[key].values, chosen)
        if key == "split":
            return "confirm", _codes(("explore", "confirm"), chosen)
        if key == "request":
            return "request", masks.request_codes(self.light, chosen).tolist()
        if key in masks.OWN:
            return key, _codes(self.words[key], chosen)
        return "condition", masks.codes_with(self.light, key, chosen)

    def _own(self, ranks: Mapping[str, Codes]) -> dict[str, Ints | Codes]:
        transcripts, at = self.light, self._at
        return {
            "pos": at.astype(np.int32),
            **{name: ranks[name][transcripts.codes(column)[at]] for name, column in FIELDS.items()},
            "condition": transcripts.codes("condition")[at],
            "request": transcripts.requests[0][at],
            "confirm": transcripts.confirm[at].astype(np.int32),
            "sample": transcripts.ints("sample")[at],
            "messages": transcripts.ints("message_count")[at],
        }

    def _load(self) -> None:
        self._db.register("incoming", pa.table({key: pa.array(value) for key, value in self._columns.items()}))
        self._db.execute("CREATE OR REPLACE TABLE transcripts AS SELECT * FROM incoming")
        self._db.unregister("incoming")


def tables(corpus: Corpus, version: str | None = None) -> Tables:
    """The tables of a version (the current one if None); the last two asked for stay in memory.

    Raises:
        MissingExtra: DuckDB is not installed.
        CorpusDamaged: A segment is missing or cannot be read.
    """
    return _kept(_Same(light(corpus, version)))


class _Same:
    """Light columns, equal if they are the same object."""

    def __init__(self, transcripts: Light) -> None:
        self.light = transcripts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.light is self.light

    def __hash__(self) -> int:
        return id(self.light)


@lru_cache(maxsize=2)
def _kept(same: _Same) -> Tables:
    return Tables(same.light)


def _in(column: str) -> str:
    return f"{column} IN (SELECT unnest(?::INTEGER[]))"


def _ranks(words: Sequence[str]) -> Codes:
    """Code → place in ascending order."""
    place = {word: rank for rank, word in enumerate(sorted(words))}
    return np.array([place[word] for word in words], np.int32)


def _codes(words: Sequence[str], chosen: frozenset[str]) -> list[int]:
    return [code for code, word in enumerate(words) if word in chosen]
