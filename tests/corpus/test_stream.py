"""Imports of any size: what is staged, shared out and published is what reading and adding one by one gives."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.made import eval_bytes, said, sample
from tests.corpus.test_plain import CHAT, TEXT

from allegiance.corpus import segments
from allegiance.corpus.adding import add_batches, adding
from allegiance.corpus.export import export
from allegiance.corpus.importers import crew, plan_import, sharing, units
from allegiance.corpus.importers.stream import Stream
from allegiance.corpus.mapping import Mapping_, parse_mapping
from allegiance.corpus.rows import batch, named
from allegiance.corpus.store import Added, Corpus
from allegiance.errors import ImportRefused, MappingError, StudyError

Put = Callable[[str, object], Path]
CHATS = parse_mapping(
    b"""
allegiance-mapping: 1
format: jsonl
files: ["*.jsonl"]
messages: {from: record.messages}
request: {from: record.id}
model: {from: record.model}
condition: {tier: {from: record.tier}}
labels:
- {question: {name: good, text: "Good?"}, rater: r, from: record.good, values: {"1": "yes", "0": "no"}}
""",
    "m",
)


def lines(count: int, bad: int = -1) -> str:
    made = []
    for i in range(count):
        asked, said = (
            {"role": "user", "content": f"Question {i % 7}?"},
            {"role": "assistant", "content": f"Réply {i}."},
        )
        record = {
            "id": f"q{i % 7}",
            "model": "m",
            "tier": "ab"[i % 2],
            "good": i % 2,
            "messages": [asked, said],
            "n": i,
        }
        record = {"messages": [{"content": "no role"}]} if i == bad else record
        made.append(json.dumps(record, ensure_ascii=i % 3 == 0))
    return "\n".join(made) + "\n"


def stream_in(corpus: Corpus, *paths: Path, mapping: Mapping_ | None = None, **how: object) -> tuple[Added, Stream]:
    read = Stream(paths, mapping, **{"workers": 1, **how})  # type: ignore[arg-type]
    with adding(corpus) as rows:
        for staged, names in read.staged(rows.folder):
            rows.take(staged, names)
        return rows.publish(rows.fresh(read.dropped())), read


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def one_by_one(folder: Path, *paths: Path, mapping: Mapping_ | None = None) -> Corpus:
    corpus = Corpus.create(folder)
    corpus.add(plan_import(paths, mapping).transcripts)
    return corpus


def stored(corpus: Corpus) -> list[dict[str, object]]:
    found = [row for one in corpus.batches() for row in one.to_pylist()]
    for row in found:
        row |= {"metadata": json.loads(row["metadata"]), "messages": json.loads(row["messages"])}
    return sorted(found, key=lambda row: row["transcript_id"])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few records each."""
    for module in (units, sharing):
        monkeypatch.setattr(module, "UNIT_BYTES", 1500)


@pytest.mark.usefixtures("small")
def test_a_file_in_parts_gives_the_rows_that_it_gives_whole(put: Put, tmp_path: Path, corpus: Corpus) -> None:
    path = put("a.jsonl", "\n \n" + lines(60) + "\n")
    added, read = stream_in(corpus, path, mapping=CHATS)
    assert added.new == 60
    assert len(corpus.head().segments) > 5
    assert stored(corpus) == stored(one_by_one(tmp_path / "c", path, mapping=CHATS))
    assert corpus.fsck() == []
    assert [vars(file) for file in read.files] == [vars(file) for file in plan_import([path], CHATS).files]


@pytest.mark.usefixtures("small")
def test_the_result_does_not_depend_on_the_number_of_workers(put: Put, tmp_path: Path) -> None:
    folder = put("a.jsonl", lines(40)).parent
    put("b.jsonl", lines(30))
    corpora = [Corpus.create(tmp_path / name) for name in ("one", "more")]
    for corpus, count in zip(corpora, (1, 2), strict=True):
        stream_in(corpus, folder, mapping=CHATS, workers=count)
    assert corpora[0].head() == corpora[1].head()


@pytest.mark.usefixtures("small")
def test_labels_come_with_the_names_of_their_transcripts(put: Put, corpus: Corpus) -> None:
    path = put("a.jsonl", lines(40))
    read = Stream([path], CHATS, workers=1)
    with adding(corpus) as rows:
        for staged, names in read.staged(rows.folder):
            rows.take(staged, names)
        assert list(read.labels(rows.names)) == plan_import([path], CHATS).labels


@pytest.mark.usefixtures("small")
def test_a_bad_record_is_named_by_its_line_and_nothing_changes(put: Put, corpus: Corpus) -> None:
    path = put("a.jsonl", lines(40, bad=33))
    before = tree(corpus.folder)
    with pytest.raises(ImportRefused) as caught:
        stream_in(corpus, path, mapping=CHATS, workers=2)
    assert caught.value.where == "a.jsonl › record 34"
    assert {k: v for k, v in tree(corpus.folder).items() if k != ".lock"} == {
        k: v for k, v in before.items() if k != ".lock"
    }


@pytest.mark.usefixtures("small")
def test_bad_records_can_be_left_out_and_are_listed(put: Put, corpus: Corpus) -> None:
    path = put("a.jsonl", lines(40, bad=33))
    added, read = stream_in(corpus, path, mapping=CHATS, skip_bad=True)
    expected = plan_import([path], CHATS, skip_bad=True)
    assert (added.new, read.rejects, set(added.names)) == (39, expected.rejects, set(expected.names))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("skip_bad", [False, True])
def test_bytes_that_are_not_utf8_condemn_the_file_alone(put: Put, corpus: Corpus, skip_bad: bool) -> None:
    folder = put("a.jsonl", lines(10)).parent
    put("b.jsonl", lines(30).encode() + b'{"a": "\xe9"}\n' + lines(10).encode())
    if not skip_bad:
        with pytest.raises(ImportRefused, match=r"\(line 31\) is not UTF-8: 0xe9"):
            stream_in(corpus, folder, mapping=CHATS)
        return
    added, read = stream_in(corpus, folder, mapping=CHATS, skip_bad=True)
    assert (added.new, added.duplicates) == (10, 0)
    assert [(file.file, file.kept) for file in read.files] == [("a.jsonl", 10), ("b.jsonl", 0)]
    assert [reject.file for reject in read.rejects] == ["b.jsonl"]
    assert corpus.fsck() == []


@pytest.mark.usefixtures("small")
def test_importing_the_same_again_adds_nothing_and_leaves_nothing(put: Put, corpus: Corpus) -> None:
    path = put("a.jsonl", lines(40))
    first, _ = stream_in(corpus, path, mapping=CHATS)
    before = tree(corpus.folder / "segments")
    second, _ = stream_in(corpus, path, mapping=CHATS)
    assert (second.new, second.duplicates, second.version) == (0, 40, first.version)
    assert tree(corpus.folder / "segments") == before


@pytest.mark.usefixtures("small")
def test_what_is_there_in_part_is_stored_once(put: Put, tmp_path: Path, corpus: Corpus) -> None:
    short, whole = put("a.jsonl", lines(25)), put("b.jsonl", lines(40))
    stream_in(corpus, short, mapping=CHATS)
    added, _ = stream_in(corpus, whole, mapping=CHATS)
    assert (added.new, added.duplicates) == (15, 25)
    assert corpus.names() == one_by_one(tmp_path / "c", short, whole, mapping=CHATS).names()
    assert corpus.fsck() == []


def test_what_comes_twice_in_one_import_is_stored_once(put: Put, corpus: Corpus) -> None:
    folder = put("a.jsonl", lines(9)).parent
    put("b.jsonl", lines(9))
    added, _ = stream_in(corpus, folder, mapping=CHATS)
    assert (added.new, added.duplicates, corpus.head().count) == (9, 9, 9)


@pytest.mark.usefixtures("small")
def test_our_own_export_in_parts_gives_the_same_names(tmp_path: Path, corpus: Corpus) -> None:
    corpus.add([said(i) for i in range(30)] + [said(0, request="", sample=-2)])
    export(corpus, tmp_path / "out.jsonl", "jsonl")
    other = Corpus.create(tmp_path / "other")
    stream_in(other, tmp_path / "out.jsonl")
    assert other.names() == corpus.names()
    assert {item.name: item for _, item in other.iter()} == {item.name: item for _, item in corpus.iter()}


@pytest.mark.usefixtures("small")
def test_an_export_in_parts_that_was_cut_short_is_refused(tmp_path: Path, corpus: Corpus) -> None:
    corpus.add([said(i) for i in range(30)])
    export(corpus, tmp_path / "out.jsonl", "jsonl")
    kept = (tmp_path / "out.jsonl").read_text().splitlines(keepends=True)[:-1]
    (tmp_path / "cut.jsonl").write_text("".join(kept))
    with pytest.raises(ImportRefused, match="announces 30 transcripts and holds 29"):
        stream_in(Corpus.create(tmp_path / "other"), tmp_path / "cut.jsonl")


@pytest.mark.usefixtures("small")
def test_a_log_in_parts_gives_the_rows_that_it_gives_whole(put: Put, tmp_path: Path, corpus: Corpus) -> None:
    path = put("a.eval", eval_bytes([sample(i) for i in range(20)]))
    _, read = stream_in(corpus, path)
    assert stored(corpus) == stored(one_by_one(tmp_path / "c", path))
    assert [(file.format, file.records, file.kept) for file in read.files] == [("inspect-eval", 20, 20)]


def test_many_small_files_make_one_segment(put: Put, corpus: Corpus) -> None:
    for index in range(12):
        folder = put(f"{index:02}.json", {**json.loads(_log(index))}).parent
    added, _ = stream_in(corpus, folder)
    [segment] = corpus.head().segments
    assert (added.new, segment.rows) == (12, 12)
    [path] = (corpus.folder / "segments").glob("*.parquet")
    assert pq.ParquetFile(path).num_row_groups == 1


def _log(index: int) -> str:
    from tests.corpus.made import header

    return json.dumps(header() | {"samples": [sample(index)]})


def test_a_line_longer_than_the_limit_is_left_out_without_being_held(put: Put, corpus: Corpus) -> None:
    from allegiance.corpus.archive import Limits

    path = put("a.jsonl", lines(3) + json.dumps({"messages": [], "x": "y" * 5000}) + "\n" + lines(4))
    added, read = stream_in(corpus, path, mapping=CHATS, skip_bad=True, limits=Limits(record_bytes=4000))
    assert added.new == 7
    assert [(one.line, "the limit is 4,000" in one.reason) for one in read.rejects] == [(4, True)]


def test_a_mapping_that_fits_no_file_is_a_mistake(put: Put, corpus: Corpus) -> None:
    with pytest.raises(MappingError, match="no file fits"):
        stream_in(corpus, put("a.txt", lines(2)), mapping=CHATS)


@pytest.mark.usefixtures("small")
def test_progress_is_told_in_bytes_and_ends_with_all_of_them(put: Put, corpus: Corpus) -> None:
    path, seen = put("a.jsonl", lines(40)), list[tuple[str, int, int]]()
    stream_in(corpus, path, mapping=CHATS, progress=lambda *told: seen.append(told))
    size = path.stat().st_size
    assert len(seen) > 3
    assert seen[-1] == ("a.jsonl", size, size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


@pytest.mark.usefixtures("small")
def test_a_worker_that_ends_early_ends_the_import_and_changes_nothing(
    put: Put, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, before = put("a.jsonl", lines(40)), corpus.head()
    monkeypatch.setattr(crew, "_BOOT", "import sys; sys.exit(3)")
    with pytest.raises(StudyError, match="status 3"):
        stream_in(corpus, path, mapping=CHATS, workers=2)
    assert corpus.head() == before
    assert list((corpus.folder / "segments").iterdir()) == []


def test_what_a_killed_import_staged_is_removed_by_the_next(put: Put, corpus: Corpus) -> None:
    path = put("a.jsonl", lines(5))
    leftover = next(segments.stage(corpus.folder / "segments", "1-0", [batch([(*named(said(1)), said(1))])]))[0]
    assert [problem.harmless for problem in corpus.fsck()] == [True]
    stream_in(corpus, path, mapping=CHATS)
    assert not leftover.exists()
    assert corpus.fsck() == []


@pytest.mark.usefixtures("small")
def test_a_file_that_changes_before_its_parts_are_read_is_refused(put: Put, corpus: Corpus) -> None:
    path = put("a.jsonl", lines(40))

    def meddle(_name: str, _done: int, _of: int) -> None:
        os.utime(path, ns=(1, 1))

    with pytest.raises(ImportRefused, match="changed while it was read"):
        stream_in(corpus, path, mapping=CHATS, progress=meddle, workers=1)


def test_rows_of_arrow_are_added_like_transcripts(tmp_path: Path, corpus: Corpus) -> None:
    items = [said(1), said(2), said(1)]
    added = add_batches(corpus, [batch([(*named(item), item) for item in items])])
    assert (added.new, added.duplicates) == (2, 1)
    assert list(added.names) == [item.name for item in items]
    other = Corpus.create(tmp_path / "other")
    other.add(items)
    assert stored(other) == stored(corpus)


RECORD = st.fixed_dictionaries(
    {"messages": CHAT | TEXT},
    optional={"id": TEXT, "model": TEXT, "tier": TEXT | st.none(), "x": TEXT | st.floats()},
)


@settings(max_examples=40)
@given(st.lists(RECORD, max_size=5))
def test_any_records_give_the_rows_that_they_give_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records) or "\n")
    expected = plan_import([path], CHATS, skip_bad=True)
    other, corpus = Corpus.create(folder / "o"), Corpus.create(folder / "c")
    other.add(expected.transcripts)
    _, read = stream_in(corpus, path, mapping=CHATS, skip_bad=True)
    assert stored(corpus) == stored(other)
    assert read.rejects == expected.rejects
