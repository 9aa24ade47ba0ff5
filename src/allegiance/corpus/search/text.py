"""The full-text index, by Tantivy: every word of every transcript with its place, for BM25, phrases and prefixes.

    corpus/index/text/about.json    format of the index, versions of engine and tokeniser
    corpus/index/text/words/        the engine's own files

It is derived: whoever deletes it only makes the next build take longer. Which segments it covers stands in the
index itself, so that words and coverage cannot come apart. Words are runs of letters, marks and digits, in lower
case, not stemmed; a Chinese or Japanese sign is a word of its own. Runs of more than 255 bytes are left out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from allegiance.corpus.files import write_whole
from allegiance.corpus.needs import need
from allegiance.corpus.search.placing import FIELDS
from allegiance.corpus.search.port import Entry, Found, Within
from allegiance.corpus.search.query import PLACES, And, Not, Or, Phrase, Prefix, Query, Said, Word
from allegiance.errors import CorpusDamaged, StudyError
from allegiance.records.canonical import digest

if TYPE_CHECKING:
    import tantivy

FORMAT = "allegiance-text/1"
HEAP = 256_000_000
"""Bytes in which words are gathered before they are written; what a build needs beside it is small."""
MOST_TIED = 10_000
"""Hits that are put in order of name at most, where they have the same score."""
_LONGEST = 256
_WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{Alphabetic}\p{M}\p{N}--[\p{Han}\p{Hiragana}\p{Katakana}]]+"
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&\-~]")
_LONG_FACT = 512


class Token(NamedTuple):
    """A word of a text: in lower case, and where it stands, in code points."""

    text: str
    start: int
    end: int


class TantivyIndex:
    """See `port.TextIndex`. Any number of processes may read; one writes (the engine holds a lock)."""

    def __init__(self, folder: Path) -> None:
        """Opens the index in a folder, or makes an empty one; an index of another format is thrown away.

        Raises:
            MissingExtra: The engine is not installed.
            StudyError: There is none, and none can be made here.
            CorpusDamaged: The engine cannot read what is there.
        """
        need("tantivy", "search")
        import tantivy  # noqa: PLC0415  (an extra)

        self.folder, self._engine = folder, tantivy
        self._schema = _schema()
        try:
            if not _fits(folder):
                _begin(folder)
            self._index = tantivy.Index(self._schema, path=str(folder / "words"), reuse=True)
        except OSError as error:
            raise StudyError(f"the index cannot be kept: {error.strerror}.", where=str(folder)) from None
        except ValueError as error:
            raise _damaged(folder, error) from None
        self._index.register_tokenizer("words", _plain_tokenizer())
        self._searcher = self._index.searcher()

    def covered(self) -> Mapping[str, int]:
        """The segments that are indexed, by digest, with their number of transcripts."""
        return {f"sha256:{term}": count for term, count in self._searcher.terms_with_prefix("segment", "")}

    def facts(self) -> frozenset[str]:
        """The fields that a filter can ask for."""
        return frozenset(term for term, _ in self._searcher.terms_with_prefix("field", ""))

    def add(self, segments: Iterable[tuple[str, Iterable[Entry]]]) -> None:
        """Index whole segments; when this returns they are on disk, and after a kill all of them or none.

        Raises:
            CorpusDamaged: The engine cannot write to what is there.
        """
        writer = self._writer()
        try:
            for segment, entries in segments:
                for entry in entries:
                    writer.add_document(self._document(segment, entry))
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        writer.wait_merging_threads()
        self._reload()

    def drop(self, segments: Collection[str]) -> None:
        """Forget these segments. Their words are no longer found; they leave the disk when the index is rebuilt."""
        writer = self._writer()
        for segment in segments:
            writer.delete_documents_by_term("segment", _bare(segment))
        writer.commit()
        writer.wait_merging_threads()
        self._reload()

    def search(self, query: Query, within: Within, limit: int) -> Found:
        """The best by BM25, larger scores first, equal ones by name; and how many there are, counted.

        Where more than `MOST_TIED` have the score at which the list ends, those of them come that are stored first.
        """
        asked, filters = self._query(query), self._filters(within)
        if filters:
            asked = self._engine.Query.boolean_query([(self._engine.Occur.Must, asked), *filters])
        try:
            count, hits = self._best(asked, limit)
            ranked = sorted(
                ((self._name(address), score) for score, address in hits), key=lambda hit: (-hit[1], hit[0])
            )
            return Found(count, self._size(filters), tuple(ranked[:limit]))
        except (ValueError, OSError) as error:
            raise _damaged(self.folder, error) from None

    def _best(self, asked: tantivy.Query, limit: int) -> tuple[int, list[tuple[float, tantivy.DocAddress]]]:
        """How many there are; and the best, with all that have the score of the last if they are not too many."""
        depth = limit + 1
        while True:
            result = self._searcher.search(asked, limit=depth, count=True)
            hits = [(float(score), address) for score, address in result.hits]
            if len(hits) < depth or depth >= MOST_TIED or hits[limit - 1][0] != hits[-1][0]:
                return _count(result), hits
            depth = min(10 * depth, MOST_TIED)

    def _size(self, filters: list[tuple[tantivy.Occur, tantivy.Query]]) -> int:
        """How many transcripts pass filters."""
        if not filters:
            return int(self._searcher.num_docs)
        must = self._engine.Occur.Must
        everything = [] if any(occur == must for occur, _ in filters) else [(must, self._engine.Query.all_query())]
        query = self._engine.Query.boolean_query([*everything, *filters])
        return _count(self._searcher.search(self._silent(query), limit=1, count=True))

    def _name(self, address: tantivy.DocAddress) -> str:
        return f"sha256:{self._searcher.doc(address).get_first('name')}"

    def _query(self, query: Query) -> tantivy.Query:
        make, occur = self._engine.Query, self._engine.Occur
        match query:
            case And(parts):
                return make.boolean_query([self._part(part) for part in parts] + self._base(parts))
            case Or(parts):
                return make.boolean_query([(occur.Should, self._query(part)) for part in parts])
            case Not(part):
                return make.boolean_query([(occur.Must, make.all_query()), (occur.MustNot, self._query(part))])
            case Said(role):
                return self._any([self._term("said", field) for field in PLACES[role]])
            case Prefix(text, place):
                pattern = _SPECIAL.sub(r"\\\g<0>", tokens(text)[0].text) + ".*"
                return self._any([make.regex_query(self._schema, field, pattern) for field in PLACES[place]])
            case Word(text, place) | Phrase(text, place):
                return self._row([token.text for token in tokens(text)], place)

    def _part(self, part: Query) -> tuple[tantivy.Occur, tantivy.Query]:
        occur = self._engine.Occur
        return (occur.MustNot, self._query(part.part)) if isinstance(part, Not) else (occur.Must, self._query(part))

    def _base(self, parts: tuple[Query, ...]) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """Everything, where parts only leave out."""
        only = all(isinstance(part, Not) for part in parts)
        return [(self._engine.Occur.Must, self._engine.Query.all_query())] if only else []

    def _row(self, row: list[str], place: str) -> tantivy.Query:
        """Words in a row, in one field of a place."""
        if not row:
            return self._engine.Query.empty_query()
        if len(row) == 1:
            return self._any([self._term(field, row[0], "position") for field in PLACES[place]])
        words: list[str | tuple[int, str]] = [*row]
        return self._any([self._engine.Query.phrase_query(self._schema, field, words) for field in PLACES[place]])

    def _filters(self, within: Within) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """What must and must not hold besides the query; it adds nothing to scores."""
        must, no = self._engine.Occur.Must, self._engine.Occur.MustNot
        made = [
            (must, self._silent(self._set("fact", [fact(key, one) for one in values])))
            for key, values in within.facts
        ]
        if within.among is not None:
            made.append((must, self._silent(self._set("name", map(_bare, within.among)))))
        if within.without:
            made.append((no, self._set("name", map(_bare, within.without))))
        if within.segments is not None:
            stale = set(self.covered()) - set(within.segments)
            made += [(no, self._set("segment", map(_bare, stale)))] if stale else []
        return made

    def _set(self, field: str, values: Iterable[str]) -> tantivy.Query:
        listed = list(values)
        if len(listed) == 1:
            return self._term(field, listed[0])
        return self._engine.Query.term_set_query(self._schema, field, listed)

    def _term(self, field: str, value: str, option: str = "basic") -> tantivy.Query:
        return self._engine.Query.term_query(self._schema, field, value, option)

    def _any(self, queries: list[tantivy.Query]) -> tantivy.Query:
        if len(queries) == 1:
            return queries[0]
        return self._engine.Query.boolean_query([(self._engine.Occur.Should, query) for query in queries])

    def _silent(self, query: tantivy.Query) -> tantivy.Query:
        return self._engine.Query.const_score_query(query, 0.0)

    def _document(self, segment: str, entry: Entry) -> tantivy.Document:
        made = self._engine.Document()
        made.add_text("name", _bare(entry.name))
        made.add_text("segment", _bare(segment))
        for field, texts in entry.words.items():
            made.add_text("said", field)
            for text in texts:
                if text.isascii():
                    made.add_text(field, text)
                else:
                    made.add_pre_tokenized_text(field, _tokenizer().pre_tokenize(text))
        for key, value in entry.facts.items():
            made.add_text("field", key)
            made.add_text("fact", fact(key, value))
        return made

    def _writer(self) -> tantivy.IndexWriter:
        threads = max(1, min(4, os.cpu_count() or 1))
        try:
            return self._index.writer(heap_size=HEAP, num_threads=threads)
        except ValueError as error:
            raise _damaged(self.folder, error) from None

    def _reload(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()


def tokens(text: str) -> list[Token]:
    """The words of a text, as they are indexed."""
    made = _tokenizer().pre_tokenize(text).tokens
    return [Token(one.text, one.char_offset_from, one.char_offset_to) for one in made]


def fact(key: str, value: str) -> str:
    """A field and its value as one term."""
    term = f"{key}\0{value}"
    return term if len(term) <= _LONG_FACT else digest([key, value])


def forget(folder: Path) -> None:
    """Throws an index away."""
    if folder.exists():
        shutil.rmtree(folder)


def _begin(folder: Path) -> None:
    """An empty index."""
    (folder / "about.json").unlink(missing_ok=True)
    forget(folder / "words")
    (folder / "words").mkdir(parents=True)
    write_whole(folder / "about.json", json.dumps(_about()).encode())


def _fits(folder: Path) -> bool:
    """Whether there is an index here as this version makes it."""
    try:
        return bool(json.loads((folder / "about.json").read_bytes()) == _about())
    except (OSError, ValueError):
        return False


def _about() -> dict[str, str]:
    from importlib.metadata import version  # noqa: PLC0415  (slow, and seldom needed)

    return {"format": FORMAT, "engine": f"tantivy {version('tantivy')}", "words": _WORD}


def _schema() -> tantivy.Schema:
    from tantivy import SchemaBuilder  # noqa: PLC0415  (an extra)

    made = SchemaBuilder()
    for field in FIELDS:
        made.add_text_field(field, tokenizer_name="words", index_option="position")
    made.add_text_field("name", stored=True, tokenizer_name="raw", index_option="basic")
    for field in ("segment", "fact", "field", "said"):
        made.add_text_field(field, tokenizer_name="raw", index_option="basic")
    return made.build()


@cache
def _tokenizer() -> tantivy.TextAnalyzer:
    """The tokeniser, for any text."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer  # noqa: PLC0415  (an extra)

    made = TextAnalyzerBuilder(Tokenizer.regex(_WORD))
    return made.filter(Filter.remove_long(_LONGEST)).filter(Filter.lowercase()).build()


def _plain_tokenizer() -> tantivy.TextAnalyzer:
    """The same for ASCII, where a word is a run of letters and digits: four times as fast."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer  # noqa: PLC0415  (an extra)

    made = TextAnalyzerBuilder(Tokenizer.simple())
    return made.filter(Filter.remove_long(_LONGEST)).filter(Filter.lowercase()).build()


def _count(result: tantivy.SearchResult) -> int:
    return int(getattr(result, "count"))  # noqa: B009  (the engine's stubs leave it out)


def _bare(name: str) -> str:
    return name.removeprefix("sha256:")


def _damaged(folder: Path, error: Exception) -> CorpusDamaged:
    return CorpusDamaged(
        f"the text index cannot be used: {' '.join(str(error).split())}.",
        where=str(folder),
        next="Make it anew: allegiance corpus index --rebuild",
    )
