from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.corpus.made import said

from allegiance.corpus import store
from allegiance.corpus.files import writing
from allegiance.corpus.predicate import parse
from allegiance.corpus.store import Corpus
from allegiance.errors import CorpusDamaged, NotCanonical, StudyError, UnknownName, UsageError
from allegiance.records.canonical import digest
from allegiance.records.transcript import Message, Part, Source, Transcript

ROOT = Path(__file__).parents[2]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_added_is_read_back_equal(corpus: Corpus) -> None:
    items = [said(i) for i in range(5)]
    added = corpus.add(items)
    assert [Corpus.open(corpus.folder).get(name) for name in added.names] == items


def test_adding_the_same_again_keeps_the_version(corpus: Corpus) -> None:
    first = corpus.add([said(1), said(2)])
    second = corpus.add([said(2), said(1)])
    assert (second.version, second.new, second.duplicates) == (first.version, 0, 2)


def test_names_come_back_in_the_order_of_the_input(corpus: Corpus) -> None:
    items = [said(3), said(1), said(3), said(2)]
    assert corpus.add(items).names == tuple(item.name for item in items)


def test_a_transcript_given_twice_in_one_batch_is_stored_once(corpus: Corpus) -> None:
    added = corpus.add([said(1), said(1)])
    assert (added.new, added.duplicates, corpus.head().count) == (1, 1, 1)


def test_identical_replies_stay_separate_occurrences(corpus: Corpus) -> None:
    added = corpus.add([said(1, sample=0), said(1, sample=1)])
    assert added.new == 2


def test_versions_are_listed_newest_first(corpus: Corpus) -> None:
    empty = corpus.head().version
    first = corpus.add([said(1)]).version
    second = corpus.add([said(2)]).version
    assert corpus.versions() == [second, first, empty]


def test_an_old_version_keeps_its_members(corpus: Corpus) -> None:
    first = corpus.add([said(1)])
    corpus.add([said(2)])
    assert corpus.names(first.version) == list(first.names)
    assert corpus.table(["transcript_id"], first.version).num_rows == 1


def test_names_are_sorted(corpus: Corpus) -> None:
    corpus.add(said(i) for i in range(20))
    assert corpus.names() == sorted(corpus.names())


def test_a_corpus_larger_than_a_segment_is_split(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allegiance.corpus.segments.SEGMENT_ROWS", 7)
    monkeypatch.setattr("allegiance.corpus.segments.GROUP_ROWS", 3)
    added = corpus.add([said(i) for i in range(20)])
    assert [segment.rows for segment in corpus.head().segments] == [7, 7, 6]
    assert corpus.get(added.names[13]) == said(13)
    assert corpus.fsck() == []


def test_segments_are_named_by_the_digest_of_their_bytes(corpus: Corpus) -> None:
    corpus.add([said(1)])
    [path] = (corpus.folder / "segments").iterdir()
    assert store.segments.file_digest(path) == "sha256:" + path.stem


def test_a_unique_prefix_of_eight_digits_finds_a_transcript(corpus: Corpus) -> None:
    [name] = corpus.add([said(1)]).names
    assert corpus.resolve(name[7:15]) == name


def test_a_prefix_shorter_than_eight_digits_suggests_the_name(corpus: Corpus) -> None:
    [name] = corpus.add([said(1)]).names
    with pytest.raises(UnknownName, match=name):
        corpus.resolve(name[7:12])


def test_a_prefix_of_two_names_is_refused(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.add([said(i) for i in range(40)])
    monkeypatch.setattr(store, "SHORTEST_PREFIX", 0)
    with pytest.raises(UsageError, match="transcripts have a name"):
        corpus.resolve("sha256:")


def test_an_unknown_name_is_an_error(corpus: Corpus) -> None:
    with pytest.raises(UnknownName):
        corpus.get("sha256:" + "0" * 64)


def test_rows_carry_what_their_names_are_made_of(corpus: Corpus) -> None:
    corpus.add([said(1), said(2, model=""), said(3, request="", sample=-1)])
    assert all(digest(row.identity()) == row.name for row in corpus.rows())


def test_select_gives_the_rows_that_pass_sorted_by_name(corpus: Corpus) -> None:
    corpus.add([said(i) for i in range(10)] + [said(11, model="other")])
    found = corpus.select(parse("tier=trained model=m"))
    assert sorted(row.request for row in found) == ["q1", "q3", "q5", "q7", "q9"]
    assert [row.name for row in found] == sorted(row.name for row in found)


def test_select_refuses_a_field_that_nothing_has(corpus: Corpus) -> None:
    corpus.add([said(1)])
    with pytest.raises(UnknownName, match="Did you mean 'tier'"):
        corpus.select(parse("teir=trained"))


def test_a_table_refuses_an_unknown_column(corpus: Corpus) -> None:
    with pytest.raises(UnknownName, match="answer"):
        corpus.table(["anwser"])


def test_iter_gives_every_transcript_under_its_name(corpus: Corpus) -> None:
    items = [said(i) for i in range(4)]
    corpus.add(items)
    assert dict(corpus.iter()) == {item.name: item for item in items}
    assert [item for _, item in corpus.iter([items[2].name])] == [items[2]]


def test_a_folder_with_something_in_it_is_not_made_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(StudyError, match="must be empty"):
        Corpus.create(tmp_path)


def test_a_folder_without_a_corpus_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no corpus here"):
        Corpus.open(tmp_path)


def test_a_corpus_of_a_newer_format_is_not_opened(corpus: Corpus) -> None:
    newer = json.dumps({"format": "allegiance-corpus/9", "more": 1}).encode()
    name = store.digest_bytes(newer)
    (corpus.folder / "versions" / f"{name[7:]}.json").write_bytes(newer)
    (corpus.folder / "HEAD").write_text(name)
    with pytest.raises(StudyError, match="newer"):
        Corpus.open(corpus.folder)


def test_a_transcript_that_cannot_be_stored_changes_nothing(corpus: Corpus) -> None:
    corpus.add([said(1)])
    before = tree(corpus.folder)
    with pytest.raises(NotCanonical):
        corpus.add([said(2), said(3, metadata={"score": float("nan")})])
    assert tree(corpus.folder) == before


def test_a_source_that_fails_half_way_changes_nothing(corpus: Corpus) -> None:
    before = tree(corpus.folder)

    def failing() -> object:
        yield said(1)
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError):
        corpus.add(failing())  # type: ignore[arg-type]
    assert tree(corpus.folder) == before


def test_a_second_writer_is_told_who_holds_the_lock(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_WAIT", 0.05)
    with writing(corpus.folder, 0), pytest.raises(StudyError, match=f"pid {os.getpid()}"):
        corpus.add([said(1)])


def _add_from_process(folder: str, start: int) -> None:
    Corpus.open(Path(folder)).add([said(i) for i in range(start, start + 20)])


def test_two_writers_at_once_both_succeed(corpus: Corpus) -> None:
    method = multiprocessing.get_context("spawn")
    workers = [method.Process(target=_add_from_process, args=(str(corpus.folder), start)) for start in (0, 10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(Corpus.open(corpus.folder).names()) == 30
    assert corpus.fsck() == []


_WRITER = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from tests.corpus.made import said
from allegiance.corpus.store import Corpus
corpus = Corpus.open(Path(sys.argv[1]))
print("ready", flush=True)
for k in range(10_000):
    corpus.add([said(k * 3 + i) for i in range(3)])
    print(k, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_a_readable_corpus_with_all_it_acknowledged(corpus: Corpus) -> None:
    chance = random.Random(7)
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(corpus.folder), str(ROOT), str(ROOT / "src")],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.0, 0.25))
        writer.send_signal(signal.SIGKILL)
        acknowledged = writer.stdout.read().split()
        writer.wait()
        opened = Corpus.open(corpus.folder)
        names = set(opened.names())
        for k in (int(line) for line in acknowledged):
            assert all(said(k * 3 + i).name in names for i in range(3))
        assert [problem for problem in opened.fsck() if not problem.harmless] == []
    corpus.add([said(-1)])
    assert not [p for p in (corpus.folder / "segments").iterdir() if p.name.startswith(".partial")]


def test_fsck_finds_a_flipped_byte(corpus: Corpus) -> None:
    corpus.add([said(i) for i in range(50)])
    assert corpus.fsck() == []
    [path] = (corpus.folder / "segments").iterdir()
    chance, whole = random.Random(3), path.read_bytes()
    for _ in range(10):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert any(str(path) in problem.where for problem in corpus.fsck()), at


def test_fsck_finds_words_that_do_not_match_their_name_in_a_consistent_file(corpus: Corpus) -> None:
    added = corpus.add([said(1)])
    [path] = (corpus.folder / "segments").iterdir()
    forged = pq.read_table(path).to_pylist()
    forged[0]["messages"] = forged[0]["messages"].replace("Yes.", "No!!")
    pq.write_table(store.pa.Table.from_pylist(forged, schema=store.SCHEMA), path)
    assert any("transcript_id" in problem.what for problem in corpus.fsck())
    with pytest.raises(CorpusDamaged):
        Corpus.open(corpus.folder).get(added.names[0])


def test_fsck_finds_a_missing_segment(corpus: Corpus) -> None:
    corpus.add([said(1)])
    [path] = (corpus.folder / "segments").iterdir()
    path.unlink()
    assert any("missing" in problem.what for problem in corpus.fsck())


def test_fsck_finds_an_altered_manifest(corpus: Corpus) -> None:
    version = corpus.add([said(1)]).version
    path = corpus.folder / "versions" / f"{version[7:]}.json"
    path.write_bytes(path.read_bytes().replace(b'"count":1', b'"count":2'))
    assert any("does not match its name" in problem.what for problem in corpus.fsck())


def test_fsck_calls_a_leftover_file_harmless(corpus: Corpus) -> None:
    (corpus.folder / "segments" / "stray.parquet").write_bytes(b"x")
    [problem] = corpus.fsck()
    assert problem.harmless


def test_reasoning_that_is_absent_empty_or_withheld_stays_three_things(corpus: Corpus) -> None:
    text = Part(text="Yes.")
    variants = [(text,), (Part(kind="reasoning"), text), (Part(kind="reasoning", redacted=True), text)]
    items = [said(1, messages=(Message(role="assistant", parts=parts),)) for parts in variants]
    added = corpus.add(items)
    assert added.new == 3
    assert [corpus.get(name) for name in added.names] == items


def test_a_transcript_without_messages_is_stored(corpus: Corpus) -> None:
    bare = Transcript(messages=(), source=Source(digest="sha256:" + "1" * 64, file="f"), status="error")
    [name] = corpus.add([bare]).names
    assert corpus.get(name) == bare
