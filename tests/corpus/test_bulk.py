"""The port for bulk operations: pieces by job and segment, whoever makes them, and none twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from allegiance.corpus import bulk
from allegiance.corpus.bulk import TRIES, Job, Local, Lost, each, home, obey, run
from allegiance.corpus.store import Corpus
from allegiance.errors import StudyError, UnknownName, UsageError
from allegiance.testing import mortal_job, tiny_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    made = Corpus.create(tmp_path / "corpus")
    items = tiny_corpus()
    for start in range(0, len(items), 8):
        made.add(items[start : start + 8])
    return made


def counted(job: Job, corpus: Corpus) -> list[int]:
    return [table["rows"][0].as_py() for _, table in run(job, corpus, Local())]


def done(folder: Path) -> list[str]:
    path = folder / "done"
    return path.read_text().split() if path.exists() else []


class Losing:
    """An engine that loses its worker after every answer, or before any."""

    name = "losing"

    def __init__(self, answers: int) -> None:
        self.answers, self.calls = answers, 0

    def map(self, function: str, shared: bytes, orders: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        self.calls += 1
        for number, order in list(enumerate(orders))[: self.answers]:
            yield number, obey(function, shared, order)
        raise Lost("it is gone")


def test_a_job_gives_a_table_for_each_segment_in_the_order_of_storage(corpus: Corpus, tmp_path: Path) -> None:
    found = list(run(mortal_job(tmp_path), corpus, Local()))
    assert [held.digest for held, _ in found] == [held.digest for held in corpus.held()]
    assert [table["rows"].to_pylist() for _, table in found] == [[8], [8], [8]]


def test_what_was_done_is_not_done_again(corpus: Corpus, tmp_path: Path) -> None:
    job = mortal_job(tmp_path)
    assert counted(job, corpus) == counted(job, corpus) == [8, 8, 8]
    assert len(done(tmp_path)) == 3


def test_only_what_came_since_is_done(corpus: Corpus, tmp_path: Path) -> None:
    job = mortal_job(tmp_path)
    counted(job, corpus)
    corpus.add(tiny_corpus(seed=1, requests=1)[:1])
    assert counted(job, corpus) == [8, 8, 8, 1]
    assert len(done(tmp_path)) == len(set(done(tmp_path))) == 4


def test_other_settings_are_another_job(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = mortal_job(tmp_path), mortal_job(tmp_path / "other")
    counted(one, corpus)
    assert home(corpus, one) != home(corpus, other)
    counted(other, corpus)
    assert len(done(tmp_path / "other")) == 3


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 400])
def test_a_piece_that_is_not_whole_is_made_again(corpus: Corpus, tmp_path: Path, damage: bytes) -> None:
    job = mortal_job(tmp_path)
    counted(job, corpus)
    piece = next(home(corpus, job).iterdir())
    whole = piece.read_bytes()
    piece.write_bytes(damage)
    assert counted(job, corpus) == [8, 8, 8]
    assert piece.read_bytes() == whole


def test_one_changed_bit_of_a_piece_is_seen(corpus: Corpus, tmp_path: Path) -> None:
    job = mortal_job(tmp_path)
    counted(job, corpus)
    piece = next(home(corpus, job).iterdir())
    data = bytearray(piece.read_bytes())
    data[len(data) // 2] ^= 1
    piece.write_bytes(data)
    assert counted(job, corpus) == [8, 8, 8]
    assert len(done(tmp_path)) == 4


def test_pieces_of_segments_that_are_gone_are_removed(corpus: Corpus, tmp_path: Path) -> None:
    job = mortal_job(tmp_path)
    counted(job, corpus)
    stale = home(corpus, job) / f"{'0' * 64}.arrow"
    stale.write_bytes(b"old")
    counted(job, corpus)
    assert not stale.exists()


def test_an_engine_that_loses_its_workers_goes_on_where_it_was(corpus: Corpus, tmp_path: Path) -> None:
    engine = Losing(answers=1)
    assert len(list(run(mortal_job(tmp_path), corpus, engine))) == 3
    assert (engine.calls, len(done(tmp_path))) == (3, 3)


def test_an_engine_that_finishes_nothing_is_given_up(corpus: Corpus, tmp_path: Path) -> None:
    engine = Losing(answers=0)
    with pytest.raises(StudyError, match=r"workers ended 4 times before any of the 3 parts left was done"):
        list(run(mortal_job(tmp_path), corpus, engine))
    assert engine.calls == TRIES


def test_a_worker_that_does_not_see_the_folder_says_so(corpus: Corpus, tmp_path: Path) -> None:
    held = corpus.held()
    job = mortal_job(tmp_path)
    order = msgspec.msgpack.encode(
        {"segment": held[0].digest, "path": "/nowhere/x.parquet", "piece": str(tmp_path / "x.arrow")}
    )
    with pytest.raises(StudyError, match="at the same path on every machine"):
        list(each(Local(), "allegiance.corpus.bulk:make_piece", msgspec.msgpack.encode(job), [order]))


def test_an_error_comes_back_as_what_it_was() -> None:
    failed = obey(f"{__name__}:x", b"", b"")
    with pytest.raises(StudyError, match="only functions of this package are called"):
        bulk._answer(failed)


def test_an_error_of_many_parts_comes_back_as_the_nearest_plain_one() -> None:
    assert bulk._plain_kind(UnknownName("field", "x", ["y"])) == UsageError.__name__
    assert bulk._plain_kind(StudyError("x")) == StudyError.__name__


def test_a_take_down_removes_the_pieces_of_the_segment(corpus: Corpus, tmp_path: Path) -> None:
    from allegiance.corpus.purging import purge

    job = mortal_job(tmp_path)
    counted(job, corpus)
    before = {path.stem for path in home(corpus, job).iterdir()}
    purge(corpus, [corpus.names()[0]])
    assert len(before & {path.stem for path in home(corpus, job).iterdir()}) == 2


def test_a_collection_keeps_the_pieces_of_what_stays(corpus: Corpus, tmp_path: Path) -> None:
    from allegiance.corpus.leftovers import leftovers

    counted(mortal_job(tmp_path), corpus)
    assert not [one for one in leftovers(corpus, corpus.versions()).found if "bulk" in one.path.parts]
