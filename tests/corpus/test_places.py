from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.made import said

from allegiance.corpus.digests import digest_of, distinct, packed, texts, without
from allegiance.corpus.places import FOLDER, Held, Places
from allegiance.corpus.store import Corpus
from allegiance.errors import CorpusDamaged
from allegiance.records.canonical import digest_names

NAMES = st.lists(st.binary(min_size=32, max_size=32).map(lambda data: f"sha256:{data.hex()}"), max_size=40)
NOBODY = "sha256:" + "0" * 64


@pytest.fixture
def filled(corpus: Corpus) -> Corpus:
    """Three segments of twenty."""
    for start in (0, 20, 40):
        corpus.add([said(i) for i in range(start, start + 20)])
    return corpus


def indexes(corpus: Corpus) -> list[Path]:
    return sorted((corpus.folder / FOLDER).iterdir())


@given(NAMES)
def test_names_in_bulk_come_back_as_they_were(names: list[str]) -> None:
    assert texts(packed(names)) == names


@given(NAMES)
def test_the_digest_of_names_in_bulk_is_that_of_the_names(names: list[str]) -> None:
    assert digest_of(distinct(packed(names))) == digest_names(names)


@given(NAMES, NAMES)
def test_names_without_others_are_their_difference(names: list[str], others: list[str]) -> None:
    left = without(distinct(packed(names)), distinct(packed([*others, *names[::2]])))
    assert texts(left) == sorted(set(names) - set(others) - set(names[::2]))


@pytest.mark.parametrize("odd", ["sha256:" + "A" * 64, "sha256:" + "0" * 63, "sha512:" + "0" * 64, "é" * 71, ""])
def test_what_is_no_name_is_refused_in_bulk(odd: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        packed([NOBODY, odd])


def test_every_transcript_is_found_and_no_other(filled: Corpus) -> None:
    names = filled.names()
    assert filled.places().has([*names, NOBODY]).tolist() == [True] * 60 + [False]
    assert all(filled.places().find(name) for name in names)
    assert filled.places().find(NOBODY) is None


def test_names_that_share_their_first_bytes_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alike = [f"sha256:{'ab' * 8}{number:048x}" for number in range(30)]
    monkeypatch.setattr("allegiance.corpus.places.segments.names", lambda _path: [alike[::2]])
    places = Places(tmp_path, [Held("sha256:" + "1" * 64, tmp_path / "x", 15)])
    assert places.has(alike).tolist() == [True, False] * 15
    assert [places.find(name) is not None for name in alike] == [True, False] * 15


def test_the_index_is_written_when_transcripts_are_added(filled: Corpus) -> None:
    hexes = [segment.digest.removeprefix("sha256:") for segment in filled.head().segments]
    assert [path.stem for path in indexes(filled)] == sorted(hexes)


def test_indexes_that_were_deleted_are_made_again(filled: Corpus) -> None:
    before = [path.read_bytes() for path in indexes(filled)]
    for path in indexes(filled):
        path.unlink()
    opened = Corpus.open(filled.folder)
    assert opened.get(said(33).name) == said(33)
    opened.names()
    assert [path.read_bytes() for path in indexes(filled)] == before


def test_a_corpus_in_a_folder_that_cannot_be_written_is_read(
    filled: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in indexes(filled):
        path.unlink()

    def full(_path: Path, _data: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert Corpus.open(filled.folder).get(said(5).name) == said(5)
    assert indexes(filled) == []


def test_an_index_with_any_byte_flipped_neither_hides_nor_mistakes_a_transcript(filled: Corpus) -> None:
    chance, wanted = random.Random(5), [said(i) for i in range(0, 60, 7)]
    for _ in range(40):
        path = chance.choice(indexes(filled))
        whole = bytearray(path.read_bytes())
        whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(whole)
        opened = Corpus.open(filled.folder)
        assert [opened.get(item.name) for item in wanted] == wanted
        assert len(opened.names()) == 60


def test_an_index_that_is_cut_short_is_made_again(filled: Corpus) -> None:
    for length in (0, 10, 63, 64, 500):
        path = indexes(filled)[0]
        path.write_bytes(path.read_bytes()[:length])
        assert len(Corpus.open(filled.folder).names()) == 60


def test_an_index_of_another_segment_is_not_believed(filled: Corpus) -> None:
    first, second, _ = indexes(filled)
    first.write_bytes(second.read_bytes())
    assert [Corpus.open(filled.folder).get(said(i).name) for i in range(60)] == [said(i) for i in range(60)]


def test_a_wrong_index_is_no_damage_and_is_named_by_fsck(filled: Corpus) -> None:
    path = indexes(filled)[0]
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    [problem] = filled.fsck()
    assert (problem.harmless, problem.where) == (True, str(path))


def test_a_segment_with_a_name_that_is_none_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allegiance.corpus.places.segments.names", lambda _path: [["../../etc/passwd"]])
    places = Places(tmp_path, [Held(NOBODY, tmp_path / "x", 1)])
    with pytest.raises(CorpusDamaged, match="a name that is none"):
        places.digests()


def test_a_prefix_finds_what_starts_with_it(filled: Corpus) -> None:
    names = filled.names()
    for name in names[::9]:
        for length in (8, 15, 16, 17, 40, 64):
            assert filled.places().prefix(name[: 7 + length]) == [name]
    assert filled.places().prefix("sha256:") == names
    assert filled.places().prefix("sha256:xyz") == []


def test_names_of_many_segments_are_sorted_and_each_once(filled: Corpus) -> None:
    found = filled.places().digests()
    assert np.array_equal(found, distinct(found))
