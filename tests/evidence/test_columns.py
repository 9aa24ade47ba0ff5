"""Columns say what rows say: the same filters, populations, digests and draws, byte for byte."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.evidence.conftest import PATTERN, QUESTION, label_all, transcript

from allegiance.corpus.predicate import Predicate, parse
from allegiance.corpus.rows import Row
from allegiance.corpus.store import Corpus
from allegiance.corpus.tables import digests, looking
from allegiance.corpus.tables.light import FOLDER, light
from allegiance.errors import NotCanonical, Refusal, UnknownName
from allegiance.evidence import columns, drawing, rated, tickets
from allegiance.evidence.keep import Keep
from allegiance.evidence.population import columns_digest, columns_digest_of, pin
from allegiance.ledger.database import Database
from allegiance.records.canonical import canonical, digest_names
from allegiance.records.condition import Condition
from allegiance.records.draw import ALGORITHM, Commitment, Design, Stratum
from allegiance.records.frame import Rated
from allegiance.records.label import Label
from allegiance.records.transcript import Message, Part, Source, Transcript

Outcome = TypeVar("Outcome")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
FEW = st.sampled_from(["", "a", "b", 'q"\\\n', "é", "ÿ\u2028"])
ITEMS = st.lists(
    st.builds(
        Transcript,
        messages=st.builds(lambda text: (Message(role="user", parts=(Part(text=text),)),), WORDS),
        source=st.builds(
            Source, digest=st.just("sha256:" + "0" * 64), file=FEW, member=FEW, record=st.integers(0, 2**53 - 1)
        ),
        request=FEW,
        condition=st.builds(
            Condition, levels=st.dictionaries(st.sampled_from(["tier", "é", "model"]), FEW), scenario=FEW
        ),
        model=FEW,
        run=FEW,
        sample=st.integers(-1, 2),
        status=st.sampled_from(["complete", "error", "error", "truncated"]),
    ),
    max_size=12,
)
FILTERS = st.dictionaries(
    st.sampled_from(["tier", "é", "model", "run", "request", "split", "status", "complies@pattern"]),
    st.sets(FEW | st.sampled_from(["yes", "no", "confirm", "explore", "complete", "error"]), min_size=1),
    max_size=3,
)


@contextmanager
def study() -> Iterator[Keep]:
    folder = Path(tempfile.mkdtemp())
    keep = Keep(Corpus.create(folder / "corpus"), Database.create(folder / "study.sqlite"))
    try:
        yield keep
    finally:
        keep.database.close()
        shutil.rmtree(folder)


def pinned(keep: Keep) -> Rated:
    return Rated(question=QUESTION.digest, rater=PATTERN.digest, before=keep.log.checkpoint().size)


def rate(keep: Keep, answers: list[tuple[str, float | None]]) -> Rated:
    """Labels for some transcripts, the first of them revised."""
    given = zip(keep.corpus.names(), answers, strict=False)
    made = [
        Label(transcript=name, question=QUESTION.digest, rater=PATTERN.digest, value=value, score=score)
        for name, (value, score) in given
    ]
    keep.labels.save(QUESTION, PATTERN, made)
    keep.labels.save(
        QUESTION, PATTERN, [keep.labels.revise(msgspec.structs.replace(x, value="no")) for x in made[:1]]
    )
    return pinned(keep)


ANSWERS = st.lists(
    st.tuples(st.sampled_from(["yes", "no", "unsure"]), st.none() | st.floats(-0.5, 1.5)), max_size=12
)
SLOW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(ITEMS, FILTERS, ANSWERS)
def test_a_filter_chooses_from_columns_what_it_chooses_from_rows(
    items: list[Transcript], terms: dict[str, set[str]], answers: list[tuple[str, float | None]]
) -> None:
    predicate = Predicate(tuple(sorted((key, tuple(sorted(values))) for key, values in terms.items())))
    with study() as keep:
        keep.add(items)
        column = rate(keep, answers)
        asked = [column for _ in rated.rated_fields(predicate)]
        held = columns.Held(keep.labels, light(keep.corpus))
        named = {field: held.answers(column) for field in rated.rated_fields(predicate)}
        wanted = outcome(lambda: rated.select(predicate, keep.corpus.rows(), asked, keep.source))
        assert outcome(lambda: columns.choose(held, predicate, asked).rows()) == wanted
        if isinstance(wanted, str):
            assert outcome(lambda: looking.facets(keep.corpus, predicate, named)) == wanted
        else:
            check_looking(keep, predicate, named, wanted)


def outcome(work: Callable[[], Outcome]) -> Outcome | str:
    """What comes of it, or the words with which it is refused."""
    try:
        return work()
    except (Refusal, UnknownName) as refused:
        return str(refused)


def check_looking(keep: Keep, predicate: Predicate, named: dict[str, object], wanted: list[Row]) -> None:
    """Facets, pages and group counts by DuckDB are those of the rows."""
    found = looking.facets(keep.corpus, predicate, named)  # type: ignore[arg-type]
    left_out = len(keep.corpus.rows()) - len(rated.current(keep.corpus.rows()))
    requests = len({row.request for row in wanted} - {""})
    assert (found.count, found.requests, found.left_out) == (len(wanted), requests, left_out)
    for facet in found.facets:
        if facet.field in wanted_fields(wanted):
            told = [row.fields().get(facet.field, "") for row in wanted]
            assert {one.value: one.count for one in facet.values} == {
                value: told.count(value) for value in set(told)
            }
    page = looking.page(keep.corpus, predicate, "-request", 1, 5, named)  # type: ignore[arg-type]
    ordered = sorted(sorted(wanted, key=lambda row: row.name), key=lambda row: row.request, reverse=True)
    assert (page.count, list(page.rows)) == (len(wanted), ordered[1:6])
    groups = looking.group_counts(keep.corpus, ["request", "split"], predicate, named)  # type: ignore[arg-type]
    pairs = [(row.request, row.fields()["split"]) for row in wanted]
    assert dict(groups.groups) == {pair: pairs.count(pair) for pair in set(pairs)}


def wanted_fields(rows: list[Row]) -> set[str]:
    """Fields of facets that a row tells; a factor that is called like a field of every row is not one of them."""
    return {"model", "run", "status", "split"} | {key for row in rows for key in row.condition.levels}


@SLOW
@given(ITEMS)
def test_digests_from_columns_are_those_from_rows(items: list[Transcript]) -> None:
    with study() as keep:
        keep.add(items)
        rows = keep.corpus.rows()
        assert columns_digest_of(keep.corpus) == columns_digest(rows)
        assert digests.members_digest(light(keep.corpus)) == digest_names(row.name for row in rows)


@SLOW
@given(ITEMS.filter(len), ANSWERS, st.data())
def test_every_draw_from_columns_is_that_from_rows(
    items: list[Transcript], answers: list[tuple[str, float | None]], data: st.DataObject
) -> None:
    with study() as keep:
        keep.add(items)
        column = rate(keep, answers)
        rows = rated.select(Predicate(), keep.corpus.rows(), (), keep.source)
        design = data.draw(st.sampled_from(designs(rows, column)))
        held = columns.Held(keep.labels, light(keep.corpus))
        chosen = columns.choose(held, Predicate(), ())
        frame = pin(keep.corpus.head().version, "", rows)
        assert chosen.pin("") == frame
        whole = drawing.with_scores(design, keep.source, [row.name for row in rows])
        assert columns.with_scores(design, chosen, held) == whole
        commitment = Commitment(counter=1, frame=frame, design=whole, algorithm=ALGORITHM)
        made = outcome(lambda: drawing.carry_out(commitment, rows, keep.source))
        assert outcome(lambda: columns.carry_out(commitment, chosen, held)) == made


def designs(rows: list[Row], column: Rated) -> list[Design]:
    parts = tuple(Stratum(predicate=f"split={half}", n=1) for half in looking.HALVES)
    return [
        Design(kind="uniform", n=max(1, len(rows) // 2)),
        Design(kind="census"),
        Design(kind="weighted", n=1, stop="open", scored=column),
        Design(kind="elusion", top=1, n=1, scored=column),
        Design(kind="stratified", n=2, strata=parts),
        Design(kind="stratified", n=1, strata=(Stratum(predicate="tier=a", n=1),)),
    ]


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=40), st.data())
def test_the_first_tickets_are_the_start_of_the_order(names: set[str], data: st.DataObject) -> None:
    weights = {name: data.draw(st.integers(1, 16)) for name in sorted(names)}
    n = data.draw(st.integers(0, len(names)))
    listed = [name.encode() for name in sorted(names)]
    order = [name.encode() for name in tickets.order(b"s" * 32, names, weights)]
    assert tickets.first(b"s" * 32, listed, n, [weights[name] for name in sorted(names)]) == order[:n]


def test_the_first_of_many_chunks_of_tickets_are_the_start_of_the_order() -> None:
    names = [str(number) for number in range(20_000)]
    order = tickets.order(b"s" * 32, names)[:50]
    assert [name.decode() for name in tickets.first(b"s" * 32, [name.encode() for name in names], 50)] == order


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@example([0.0, -0.0, 1.0, 1e-4, 9.9e-5, 5e-324, 0.1 + 0.2, 1 - 2**-53])
def test_scores_are_written_as_the_canonical_form_has_them(scores: list[float]) -> None:
    names = [f'"n{at:02}\n' for at in range(len(scores))]
    made = digests.scores_digest([name.encode() for name in names], np.array(scores))
    assert made == rated.scores_digest(dict(zip(names, scores, strict=True)))


def test_a_number_that_has_no_canonical_form_is_refused(keep: Keep) -> None:
    source = Source(digest="d", file="", record=2**53)
    keep.corpus.add([msgspec.structs.replace(transcript(1, "trained", 9), source=source)])
    with pytest.raises(NotCanonical, match="safe integer"):
        columns_digest_of(keep.corpus)


def test_a_million_rows_are_written_without_their_objects(keep: Keep) -> None:
    written = b"".join(digests.canonical_rows(light(keep.corpus)))
    assert written == b"".join(canonical(row) + b"\n" for row in keep.corpus.rows())


def test_columns_that_were_deleted_are_made_again(keep: Keep) -> None:
    before = columns_digest_of(keep.corpus)
    shutil.rmtree(keep.corpus.folder / FOLDER)
    light.__globals__["_kept"].cache_clear()
    assert columns_digest_of(keep.corpus) == before


def test_kept_columns_that_were_changed_do_not_reach_the_log(keep: Keep) -> None:
    before = columns_digest_of(keep.corpus)
    [path] = (keep.corpus.folder / FOLDER).glob("*.arrow")
    path.write_bytes(path.read_bytes().replace(b"request-1", b"request-7"))
    light.__globals__["_kept"].cache_clear()
    assert columns_digest_of(keep.corpus) == before


def test_columns_of_a_folder_that_cannot_be_written_are_read_all_the_same(keep: Keep) -> None:
    before = columns_digest_of(keep.corpus)
    shutil.rmtree(keep.corpus.folder / FOLDER)
    (keep.corpus.folder / FOLDER).write_text("no folder")
    light.__globals__["_kept"].cache_clear()
    assert columns_digest_of(keep.corpus) == before


def test_a_draw_from_an_older_version_reads_that_version(keep: Keep) -> None:
    made = keep.draw(Design(kind="uniform", n=7))
    keep.add([transcript(99, "trained", 0)])
    assert len(keep.rows(made.commitment.frame)) == 120


def test_a_label_that_was_revised_counts_once_and_as_revised(keep: Keep) -> None:
    label_all(keep)
    name = keep.corpus.names()[0]
    [first] = [one for one in keep.labels.all(QUESTION.digest, PATTERN.digest) if one.transcript == name]
    other = "no" if first.value == "yes" else "yes"
    keep.labels.save(QUESTION, PATTERN, [keep.labels.revise(msgspec.structs.replace(first, value=other))])
    table = keep.labels.columns(QUESTION.digest, PATTERN.digest)
    found = dict(zip(table["transcript"].to_pylist(), table["value"].to_pylist(), strict=True))
    assert (len(found), table.num_rows, found[name]) == (120, 120, other)


def test_labels_of_a_rater_who_labelled_few_of_many_are_read_too(keep: Keep) -> None:
    label_all(keep)
    few = msgspec.structs.replace(PATTERN, name="few")
    name = next(iter(islice(keep.corpus.names(), 1)))
    keep.labels.save(
        QUESTION, few, [Label(transcript=name, question=QUESTION.digest, rater=few.digest, value="yes")]
    )
    assert keep.labels.columns(QUESTION.digest, few.digest).to_pylist() == [
        {"transcript": name, "value": "yes", "score": None}
    ]


def test_labels_saved_later_are_not_read(keep: Keep) -> None:
    before = keep.log.checkpoint().size
    label_all(keep)
    assert keep.labels.columns(QUESTION.digest, PATTERN.digest, before=before).num_rows == 0


def test_a_filter_is_told_with_what_it_counts(keep: Keep) -> None:
    assert looking.facets(keep.corpus, parse("tier=trained model=small")).predicate == "model=small tier=trained"


def test_words_of_a_filter_never_become_part_of_a_query(keep: Keep) -> None:
    hostile = "x'; DROP TABLE transcripts; --"
    predicate = parse(f"request={json.dumps(hostile)} model={json.dumps(hostile)}")
    assert looking.facets(keep.corpus, predicate).count == 0
    assert looking.facets(keep.corpus).count == 120
