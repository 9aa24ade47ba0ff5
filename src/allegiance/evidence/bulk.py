"""Rating in bulk, and the hashes of a draw, by any engine of `corpus.bulk`.

A rater is asked of each segment apart. A worker is told the rater and the question as JSON, and gives names,
answers and scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from allegiance.corpus import bulk, segments
from allegiance.corpus.bulk import Engine, Job, Progress
from allegiance.corpus.digests import packed
from allegiance.corpus.store import Corpus
from allegiance.errors import MissingExtra
from allegiance.evidence import tickets
from allegiance.rating.choices import ChoiceRater
from allegiance.rating.classifier import ClassifierRater, Model
from allegiance.rating.patterns import Field, PatternRater
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import Basis
from allegiance.records.record import Record

if TYPE_CHECKING:
    from allegiance.evidence.columns import First
    from allegiance.records.encoder import Encoder

BulkRater = PatternRater | ChoiceRater | ClassifierRater
"""Raters that rate a table of transcripts at a time."""
VERSION = "rate/1"
NAMES_AT_ONCE = 250_000
"""Names whose tickets a worker hashes at a time."""
_HERE = "allegiance.evidence.bulk"
SCHEMA = pa.schema(
    [
        ("name", pa.binary(32)),
        ("value", pa.dictionary(pa.int32(), pa.large_string())),
        ("score", pa.float64()),
    ]
)
"""Columns of a piece: the 32 bytes of the name, the answer, and the score, null where there is none."""


class _Rating(Record, frozen=True, kw_only=True):
    """A question and a rater, as a worker is told them; exactly one rater."""

    question: Question
    pattern: dict[str, str] | None = None
    choices: tuple[dict[str, str], dict[str, str]] | None = None
    model: Model | None = None


class _Hashing(msgspec.Struct, frozen=True):
    """Names whose tickets are to be hashed, of which the first `n` are asked for; and their weights."""

    names: Sequence[bytes]
    n: int
    weights: Sequence[int] | None = None


def labels(
    corpus: Corpus, question: Question, rater: BulkRater, engine: Engine, progress: Progress | None = None
) -> Iterator[list[Label]]:
    """The labels of a rater for all transcripts of the current version, a segment at a time.

    Raises:
        StudyError: The engine kept losing its workers. What was finished is kept.
        AllegianceError: What the rater raised.
    """
    asked, by = question.digest, rater.card.digest
    hidden = set(corpus.head().withdrawn)
    for _, table in bulk.run(job_of(question, rater), corpus, engine, progress):
        names = [f"sha256:{name.hex()}" for name in table["name"].to_pylist()]
        found = zip(names, table["value"].to_pylist(), table["score"].to_pylist(), strict=True)
        yield [
            Label(transcript=name, question=asked, rater=by, value=value, score=score)
            for name, value, score in found
            if name not in hidden
        ]


def job_of(question: Question, rater: BulkRater) -> Job:
    """The job that rates."""
    told = msgspec.json.encode(_told(question, rater)).decode()
    return Job(name="rate", function=f"{_HERE}:rate_segment", version=VERSION, settings=told)


def rate_segment(path: Path, settings: str) -> pa.Table:
    """What a rater says of all transcripts of a segment; see `SCHEMA`."""
    question, rater = _rating(settings)
    made = rater.labels(segments.table([path], rater.columns(), ()), question)
    columns = [
        pa.array([name.tobytes() for name in packed([label.transcript for label in made])], SCHEMA.types[0]),
        pa.array([label.value for label in made], pa.large_string()).dictionary_encode(),
        pa.array([label.score for label in made], SCHEMA.types[2]),
    ]
    return pa.table(columns, schema=SCHEMA)


def first(engine: Engine) -> First:
    """`tickets.first`, with the hashes made by an engine where there are many names; for `Keep.draw`."""

    def made(seed: bytes, names: Sequence[bytes], n: int, weights: Sequence[int] | None = None) -> list[bytes]:
        if len(names) <= NAMES_AT_ONCE:
            return tickets.first(seed, names, n, weights)
        starts = range(0, len(names), NAMES_AT_ONCE)
        parts = [slice(start, start + NAMES_AT_ONCE) for start in starts]
        tasks = [_Hashing(names[part], n, None if weights is None else weights[part]) for part in parts]
        best: list[_Hashing] = []
        for _, answer in bulk.each(engine, f"{_HERE}:hash_tickets", seed, list(map(msgspec.msgpack.encode, tasks))):
            best.append(msgspec.msgpack.decode(answer, type=_Hashing))
        left = [name for part in best for name in part.names]
        given = None if weights is None else [weight for part in best for weight in part.weights or ()]
        return tickets.first(seed, left, n, given)

    return made


def hash_tickets(seed: bytes, order: bytes) -> bytes:
    """What a worker does for a draw: of some names, those that come first among them, with their weights."""
    told = msgspec.msgpack.decode(order, type=_Hashing)
    chosen = tickets.first(seed, told.names, told.n, told.weights)
    weights = None if told.weights is None else dict(zip(told.names, told.weights, strict=True))
    kept = None if weights is None else [weights[name] for name in chosen]
    return msgspec.msgpack.encode(_Hashing(chosen, told.n, kept))


def _told(question: Question, rater: BulkRater) -> _Rating:
    if isinstance(rater, ClassifierRater):
        return _Rating(question=question, model=rater.model)
    plain = {"name": rater.name, "field": rater.field, "basis": rater.basis}
    if isinstance(rater, PatternRater):
        return _Rating(question=question, pattern=plain | {"yes": rater.yes, "no": rater.no})
    return _Rating(question=question, choices=(plain | {"otherwise": rater.otherwise}, dict(rater.patterns)))


@lru_cache(maxsize=2)
def _rating(settings: str) -> tuple[Question, BulkRater]:
    told = msgspec.json.decode(settings, type=_Rating)
    if told.model is not None:
        return told.question, ClassifierRater(told.model, _encoder(told.model.encoder))
    if told.pattern is not None:
        return told.question, _pattern(told.pattern)
    assert told.choices is not None
    return told.question, _choices(*told.choices)


def _pattern(given: dict[str, str]) -> PatternRater:
    field, basis = _kinds(given)
    return PatternRater(given["name"], yes=given["yes"], no=given["no"], field=field, basis=basis)


def _choices(given: dict[str, str], patterns: dict[str, str]) -> ChoiceRater:
    field, basis = _kinds(given)
    return ChoiceRater(given["name"], patterns, field=field, otherwise=given["otherwise"], basis=basis)


def _kinds(given: dict[str, str]) -> tuple[Field, Basis]:
    return msgspec.convert(given["field"], Field), msgspec.convert(given["basis"], Basis)


def _encoder(name: str) -> Encoder:
    """The encoder that a model names; `ClassifierRater` holds it against the digest."""
    from allegiance.corpus.vectors.sentence import installed  # noqa: PLC0415  (slow to import)
    from allegiance.corpus.vectors.static import StaticEncoder  # noqa: PLC0415

    if name.startswith("wordllama"):
        return StaticEncoder()
    found = installed()
    if found is None:
        raise MissingExtra(name, "semantic")
    return found
