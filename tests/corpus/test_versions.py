from __future__ import annotations

from pathlib import Path

import pytest
from tests.corpus.made import said

from allegiance.corpus import segments
from allegiance.corpus.files import PARTIAL, writing
from allegiance.corpus.leftovers import collect, drop_indexes, leftovers
from allegiance.corpus.purging import purge
from allegiance.corpus.store import Corpus
from allegiance.corpus.versions import bring, compact, difference
from allegiance.errors import CorpusDamaged, StudyError, UnknownName, UsageError

SECRET = "the seventh lantern was never lit"


def spoken(number: int) -> object:
    return said(number, answer=SECRET if number == 7 else f"Answer {number}.")


NAME = spoken(7).name  # type: ignore[attr-defined]


@pytest.fixture
def grown(corpus: Corpus) -> Corpus:
    """Five versions of ten transcripts each, in five segments; number 7 says the secret."""
    for start in range(0, 50, 10):
        corpus.add([spoken(i) for i in range(start, start + 10)])  # type: ignore[misc]
    return corpus


def holding(folder: Path, words: str) -> list[Path]:
    """Files in which words stand, as bytes or in a segment."""
    found = []
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        data = path.read_bytes()
        if path.suffix == ".parquet":
            data += repr(list(segments.scan(path, ("messages", "metadata", "text")))).encode()
        found += [path] if words.encode() in data else []
    return found


def test_an_older_version_can_be_opened_as_it_was(grown: Corpus) -> None:
    old = grown.at(grown.versions()[3][7:19])
    assert old.names() == grown.names(grown.versions()[3])
    assert len(list(old.iter())) == old.head().count == 20
    assert old.get(spoken(11).name) == spoken(11)  # type: ignore[attr-defined]
    with pytest.raises(UnknownName):
        old.get(spoken(41).name)  # type: ignore[attr-defined]


def test_an_older_version_cannot_be_added_to(grown: Corpus) -> None:
    with pytest.raises(StudyError, match="stays as it is"):
        grown.at(grown.versions()[3]).add([said(99)])


def test_a_version_that_there_is_not_is_unknown(grown: Corpus) -> None:
    with pytest.raises(UnknownName):
        grown.at("0" * 64)


def test_a_difference_names_what_is_new_and_what_is_gone(grown: Corpus) -> None:
    new, old = grown.versions()[0], grown.versions()[1]
    assert len(difference(grown, old, new).added) == 10
    assert difference(grown, old, new).added == difference(grown, new, old).gone
    assert difference(grown, new, new).added == ()


def test_compaction_keeps_the_members_and_every_older_version(grown: Corpus) -> None:
    names, members, old = grown.names(), grown.head().members, grown.versions()
    made = compact(grown)
    assert (made.before, made.after, grown.head().members) == (5, 1, members)
    assert grown.names() == names
    assert [len(grown.names(version)) for version in old] == [50, 40, 30, 20, 10, 0]
    assert grown.fsck() == []


def test_a_compacted_corpus_is_not_compacted_again(grown: Corpus) -> None:
    version = compact(grown).version
    assert compact(grown).version == version


def test_compaction_leaves_large_segments_as_they_are(grown: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 18)
    monkeypatch.setattr(segments, "GROUP_ROWS", 4)
    first = [segment.digest for segment in grown.head().segments]
    assert compact(grown).version == grown.versions()[0]
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 20)
    compact(grown)
    assert [segment.rows for segment in grown.head().segments] == [20, 20, 10]
    assert not {segment.digest for segment in grown.head().segments} & set(first)
    assert grown.fsck() == []


def test_a_merge_copies_whole_segments_byte_for_byte(grown: Corpus, tmp_path: Path) -> None:
    other = Corpus.create(tmp_path / "other")
    made = bring(other, grown)
    assert (made.new, made.duplicates, made.copied) == (50, 0, 5)
    assert other.head().segments == grown.head().segments
    assert other.fsck() == []


def test_a_merge_of_what_is_there_in_part_writes_the_rest(grown: Corpus, tmp_path: Path) -> None:
    other = Corpus.create(tmp_path / "other")
    other.add([spoken(i) for i in range(5, 25)])  # type: ignore[misc]
    made = bring(other, grown)
    assert (made.new, made.duplicates, made.copied) == (30, 20, 2)
    assert other.names() == grown.names()
    assert other.fsck() == []
    assert bring(other, grown).version == made.version


def test_a_merge_refuses_a_segment_whose_words_do_not_fit_their_name(grown: Corpus, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from allegiance.records.canonical import canonical, digest_bytes
    from allegiance.records.manifest import Manifest, Segment

    path = grown.held()[0].path
    rows = pq.read_table(path).to_pylist()
    rows[0]["messages"] = rows[0]["messages"].replace("Answer", "Forged")
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(path)), path)
    digest = segments.file_digest(path)
    path.rename(path.with_name(f"{digest[7:]}.parquet"))
    old = grown.head()
    forged = Manifest(
        segments=(Segment(digest=digest, rows=10, bytes=1), *old.segments[1:]),
        members=old.members, count=old.count, format=old.format,
    )  # fmt: skip
    data = canonical(forged)
    (grown.folder / "versions" / f"{digest_bytes(data)[7:]}.json").write_bytes(data)
    (grown.folder / "HEAD").write_text(digest_bytes(data))
    other = Corpus.create(tmp_path / "other")
    with pytest.raises(CorpusDamaged):
        bring(other, Corpus.open(grown.folder))
    assert other.head().count == 0


def test_a_writer_of_another_verb_waits_and_says_who_writes(grown: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allegiance.corpus.store.LOCK_WAIT", 0.05)
    for write in (lambda: compact(grown), lambda: purge(grown, [NAME]), lambda: collect(grown, list)):
        with writing(grown.folder, 0), pytest.raises(StudyError, match="pid"):
            write()


def test_what_is_purged_is_gone_from_every_version_and_file(grown: Corpus) -> None:
    compact(grown)
    old = grown.versions()
    assert len(holding(grown.folder, SECRET)) == 2
    made = purge(grown, [NAME])
    assert (made.names, made.segments) == ((NAME,), 2)
    assert holding(grown.folder, SECRET) == []
    assert [grown.table(["text"], version).num_rows for version in old] == [49, 49, 39, 29, 19, 9, 0]
    assert grown.fsck() == []


def test_what_two_segments_held_was_taken_down_once(grown: Corpus) -> None:
    compact(grown)
    purge(grown, [NAME])
    assert grown.taken_down() == [NAME]
    assert grown.taken_down(grown.versions()[1]) == [NAME]


def test_older_versions_still_say_what_their_members_were(grown: Corpus) -> None:
    before = {version: (grown.names(version), grown.rows(version)) for version in grown.versions()}
    purge(grown, [NAME])
    opened = Corpus.open(grown.folder)
    assert {version: (opened.names(version), opened.rows(version)) for version in before} == before
    assert [opened.taken_down(version) for version in opened.versions()] == [[], *[[NAME]] * 5, []]
    assert NAME not in opened.names()


def test_reading_what_was_purged_says_so(grown: Corpus) -> None:
    old = grown.head().version
    purge(grown, [NAME])
    for corpus in (grown, grown.at(old)):
        with pytest.raises(StudyError, match="was taken down"):
            corpus.get(NAME)
        with pytest.raises(StudyError, match="was taken down"):
            corpus.get(NAME[7:20])


def test_what_was_purged_does_not_come_back(grown: Corpus, tmp_path: Path) -> None:
    other = Corpus.create(tmp_path / "other")
    bring(other, grown)
    version = purge(grown, [NAME]).version
    assert grown.add([spoken(7)]).version == version  # type: ignore[list-item]
    assert (bring(grown, other).barred, grown.head().version) == (1, version)


def test_a_purge_twice_changes_nothing_the_second_time(grown: Corpus) -> None:
    version = purge(grown, [NAME]).version
    made = purge(grown, [NAME])
    assert (made.version, made.names) == (version, ())


def test_a_second_purge_in_a_segment_that_the_first_wrote(grown: Corpus) -> None:
    old = grown.versions()
    second = spoken(8).name  # type: ignore[attr-defined]
    purge(grown, [NAME])
    purge(grown, [second])
    assert grown.taken_down(old[0]) == sorted([NAME, second])
    assert len(grown.rows(old[0])) == 50
    assert grown.head().count == 48
    assert grown.fsck() == []


def test_a_segment_of_which_nothing_is_left_goes(grown: Corpus) -> None:
    purge(grown, [spoken(i).name for i in range(10)])  # type: ignore[attr-defined]
    assert (len(grown.head().segments), grown.head().count) == (4, 40)
    assert len(grown.rows(grown.versions()[1])) == 50
    assert grown.fsck() == []


def test_purging_what_is_not_there_changes_nothing(grown: Corpus) -> None:
    version = grown.head().version
    with pytest.raises(UnknownName):
        purge(grown, [NAME, "sha256:" + "0" * 64])
    with pytest.raises(UsageError, match="full name"):
        purge(grown, [NAME[:20]])
    assert (grown.head().version, len(holding(grown.folder, SECRET))) == (version, 1)


def test_a_purge_removes_segments_that_a_killed_writer_left(grown: Corpus) -> None:
    path = grown.held()[0].path
    stray = path.with_name("f" * 64 + ".parquet")
    stray.write_bytes(path.read_bytes())
    path.with_name(f"{PARTIAL}1-0.parquet").write_bytes(path.read_bytes())
    purge(grown, [NAME])
    assert holding(grown.folder, SECRET) == []


def test_a_take_down_that_was_stopped_is_completed_by_the_next_writer(grown: Corpus) -> None:
    path = grown.held()[0].path
    data = path.read_bytes()
    purge(grown, [NAME])
    path.write_bytes(data)
    [problem] = grown.fsck()
    assert (problem.harmless, "take-down that was stopped" in problem.what) == (True, True)
    grown.add([said(99)])
    assert holding(grown.folder, SECRET) == []
    assert grown.fsck() == []


def test_indexes_that_may_cover_what_was_purged_go_and_others_stay(grown: Corpus) -> None:
    index = grown.folder / "index"
    with_it, other = (held.digest[7:] for held in grown.held()[:2])
    for name in (
        "text/about.json",
        f"a/{with_it}.x",
        f"a/{other}.x",
        f"b/e/{with_it}/v",
        f"b/e/{other}/v",
        "c/d/x",
    ):
        (index / name).parent.mkdir(parents=True, exist_ok=True)
        (index / name).write_text(SECRET if other not in name else "x")
    purge(grown, [NAME])
    assert holding(grown.folder, SECRET) == []
    assert (index / f"a/{other}.x").exists()
    assert (index / f"b/e/{other}/v").exists()


def test_a_folder_of_indexes_with_a_file_of_all_goes_whole(grown: Corpus) -> None:
    other = grown.held()[1].digest[7:]
    folder = grown.folder / "index" / "vectors" / "encoder"
    (folder / other).mkdir(parents=True)
    (folder / "centre.npy").write_bytes(b"x")
    assert folder in drop_indexes(grown.folder, [other])
    assert not folder.exists()


def test_the_leftovers_are_shown_before_they_go(grown: Corpus) -> None:
    compact(grown)
    (grown.folder / "segments" / "stray.parquet").write_bytes(b"x")
    shown = leftovers(grown)
    assert (len(shown.found), len(shown.versions)) == (11, 5)  # five segments, five indexes, one stray
    assert collect(grown, list) == shown
    assert leftovers(grown).found == ()
    assert grown.fsck() == []


def test_versions_that_are_needed_stay_readable(grown: Corpus) -> None:
    old = grown.versions()
    compact(grown)
    collect(grown, lambda: [old[2]])
    assert len(grown.names(old[2])) == len(grown.rows(old[2])) == 30
    with pytest.raises(StudyError, match="given up"):
        grown.names(old[0])
    assert len(grown.names(old[3])) == 20  # its segments are among those that the needed one has
    assert grown.fsck() == []


def test_a_missing_segment_of_a_version_that_was_not_given_up_is_damage(grown: Corpus) -> None:
    compact(grown)
    old = grown.versions()[1]
    grown.held(old)[0].path.unlink()
    assert any("missing" in problem.what for problem in grown.fsck())
    with pytest.raises(CorpusDamaged, match="missing"):
        Corpus.open(grown.folder).rows(old)


def test_fsck_finds_columns_of_what_was_purged_that_were_altered(grown: Corpus) -> None:
    purge(grown, [NAME])
    [path] = (grown.folder / "withdrawn").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert any(problem.where == str(path) and not problem.harmless for problem in grown.fsck())


def test_fsck_by_two_processes_finds_the_same(grown: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allegiance.corpus.fsck.WORTH", 0)
    path = grown.held()[2].path
    path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:])
    told: list[tuple[int, int]] = []
    found = grown.fsck(jobs=2, progress=lambda done, of: told.append((done, of)))
    assert found == grown.fsck()
    assert any(problem.where == str(path) for problem in found)
    assert told == [(count, 50) for count in (10, 20, 30, 40, 50)]
