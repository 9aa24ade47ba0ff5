"""The index of vectors: whole or not there, continued after a kill, and never more than the corpus has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.corpus.made import said

from allegiance.corpus.store import Corpus
from allegiance.corpus.vectors.index import build, home, load, purge
from allegiance.corpus.vectors.nearest import Scope
from allegiance.records.canonical import digest
from allegiance.records.encoder import Vectors


class Letters:
    """A small encoder: how often each letter occurs."""

    name, digest, width = "letters", digest("letters"), 26

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.read += texts
        made = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    made = Corpus.create(tmp_path / "c")
    made.add(said(i, answer) for i, answer in enumerate(["aaa", "bbb", "ccc"]))
    made.add(said(i, answer) for i, answer in enumerate(["ddd", "aab"], 3))
    return made


def named(corpus: Corpus, answer: str) -> str:
    return next(name for name, item in corpus.iter() if item.answer == answer)


def test_an_index_covers_what_was_built_and_says_what_is_missing(corpus: Corpus) -> None:
    assert (load(corpus, Letters()).searched, load(corpus, Letters()).missing) == (0, 5)
    assert build(corpus, Letters()) == 5
    corpus.add([said(9, "eee")])
    assert (load(corpus, Letters()).searched, load(corpus, Letters()).missing) == (5, 1)


def test_what_is_indexed_is_not_indexed_again(corpus: Corpus) -> None:
    build(corpus, Letters())
    corpus.add([said(9, "eee")])
    again = Letters()
    assert build(corpus, again) == 1
    assert again.read == ["Question 9?", "eee"]


def test_the_same_passage_is_embedded_once_and_found_everywhere(tmp_path: Path) -> None:
    corpus, encoder = Corpus.create(tmp_path / "c"), Letters()
    corpus.add(said(i, "zzz", sample=i) for i in range(4))
    build(corpus, encoder)
    assert encoder.read.count("zzz") == 1
    assert len(Scope(load(corpus, encoder)).nearest(encoder(["zzz"])[0], 10)) == 4


def test_a_build_that_was_cut_short_goes_on_where_it_stopped(corpus: Corpus) -> None:
    class Cut(Letters):
        def __call__(self, texts: Sequence[str]) -> Vectors:
            if "ddd" in texts:
                raise KeyboardInterrupt
            return super().__call__(texts)

    with pytest.raises(KeyboardInterrupt):
        build(corpus, Cut())
    assert (load(corpus, Letters()).searched, load(corpus, Letters()).missing) == (3, 2)
    assert build(corpus, Letters()) == 2
    assert not list(home(corpus, Letters()).glob(".partial*"))


@pytest.mark.parametrize("name", ["names", "vectors", "signs", "places", "starts"])
def test_a_damaged_part_counts_as_missing_and_is_made_again(corpus: Corpus, name: str) -> None:
    build(corpus, Letters())
    path = next(home(corpus, Letters()).glob(f"*/{name}.npy"))
    path.write_bytes(path.read_bytes()[:-1])
    assert load(corpus, Letters()).missing in (2, 3)
    assert build(corpus, Letters()) in (2, 3)
    assert load(corpus, Letters()).missing == 0


def test_vectors_of_segments_that_are_gone_are_removed(corpus: Corpus) -> None:
    build(corpus, Letters())
    folder = home(corpus, Letters())
    stale = folder / ("0" * 64)
    stale.mkdir()
    purge(corpus)
    assert not stale.exists()
    assert load(corpus, Letters()).missing == 0


def test_progress_ends_with_everything(corpus: Corpus) -> None:
    told: list[tuple[int, int]] = []
    build(corpus, Letters(), lambda done, of: told.append((done, of)))
    assert told[-1] == (5, 5)


def test_a_transcript_without_words_is_covered_and_never_found(tmp_path: Path) -> None:
    corpus, encoder = Corpus.create(tmp_path / "c"), Letters()
    corpus.add([said(1, "", messages=()), said(2, "abc")])
    build(corpus, encoder)
    scope = Scope(load(corpus, encoder))
    assert (scope.searched, len(scope.nearest(encoder(["abc"])[0], 5))) == (2, 1)


def test_an_empty_corpus_has_an_empty_index(tmp_path: Path) -> None:
    corpus, encoder = Corpus.create(tmp_path / "c"), Letters()
    assert build(corpus, encoder) == 0
    assert Scope(load(corpus, encoder)).nearest(encoder(["a"])[0], 5) == []


def test_only_the_named_are_searched(corpus: Corpus) -> None:
    encoder = Letters()
    build(corpus, encoder)
    wanted = {named(corpus, "bbb"), named(corpus, "ddd"), digest("another corpus")}
    scope = Scope(load(corpus, encoder), wanted)
    assert (scope.searched, scope.missing) == (2, 1)
    assert {near.name for near in scope.nearest(encoder(["aaa"])[0], 5)} == wanted - {digest("another corpus")}


def test_the_nearest_are_those_of_a_full_comparison(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    answers = ["".join(chance.choice(list("abcdefghij"), 30)) for _ in range(300)]
    corpus, encoder = Corpus.create(tmp_path / "c"), Letters()
    corpus.add(said(i, answer) for i, answer in enumerate(answers))
    build(corpus, encoder)
    asked = encoder(["abcabcj"])[0]
    halved = encoder(answers).astype(np.float16).astype(np.float32) @ asked
    found = Scope(load(corpus, encoder)).nearest(asked, 20)
    assert [near.similarity for near in found] == pytest.approx(sorted(halved, reverse=True)[:20], abs=1e-6)


def test_with_fewer_measured_than_wanted_more_are_measured(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Letters()
    build(corpus, encoder)
    monkeypatch.setattr("allegiance.corpus.vectors.nearest.EXACT", 1)
    monkeypatch.setattr("allegiance.corpus.vectors.nearest._PER_HIT", 0)
    assert len(Scope(load(corpus, encoder)).nearest(encoder(["aaa"])[0], 5)) == 5
