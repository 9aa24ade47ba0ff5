"""Search by meaning: near passages first, only among what was asked for, and each hit says why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("wordllama")
pytest.importorskip("tantivy")

from tests.corpus.made import said

from allegiance.corpus.search.building import build as build_words
from allegiance.corpus.store import Corpus
from allegiance.corpus.vectors.index import build
from allegiance.corpus.vectors.search import by_both, by_meaning, fuse, more_like
from allegiance.corpus.vectors.static import StaticEncoder
from allegiance.errors import UnknownName, UsageError
from allegiance.records.canonical import digest
from allegiance.records.encoder import Vectors
from allegiance.records.transcript import Message, Part

STATIC = StaticEncoder()
ANSWERS = [
    "Kittens and puppies sleep all day.",
    "The interest on this loan is paid each month.",
    "A hound chased the rabbit through the garden.",
    "Banks lend money to those who can pay it back.",
    "Bake the bread until the crust is brown.",
]


class Other:
    """Another encoder, with a digest of its own: the same vectors, mirrored where a text mentions bread."""

    name, digest, width = "other", digest("other"), 256

    def __call__(self, texts: Sequence[str]) -> Vectors:
        made = STATIC(texts)
        for at, text in enumerate(texts):
            if "bread" in text:
                made[at] = made[0]
        return made


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    made = Corpus.create(tmp_path_factory.mktemp("c") / "c")
    made.add(said(i, answer) for i, answer in enumerate(ANSWERS))
    build(made, STATIC)
    build_words(made)
    return made


def answers(corpus: Corpus, hits: Sequence[object]) -> list[str]:
    return [corpus.get(hit.name).answer for hit in hits]  # type: ignore[attr-defined]


def test_the_nearest_in_meaning_come_first_without_a_word_in_common(corpus: Corpus) -> None:
    found = by_meaning(corpus, "cats, dogs", 2, encoder=STATIC)
    assert answers(corpus, found.hits) == [ANSWERS[0], ANSWERS[2]]
    assert (found.kind, found.found, found.searched, found.missing) == ("meaning", -1, 5, 0)


def test_a_hit_shows_the_passage_and_says_who_said_it_and_how_near_it_is(corpus: Corpus) -> None:
    hit = by_meaning(corpus, "cats, dogs", 1, encoder=STATIC).hits[0]
    assert hit.snippet == ANSWERS[0]
    assert hit.why == f"assistant: similarity {hit.score:.2f} (wordllama-256)"


def test_a_hit_in_the_reasoning_says_so(tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "c")
    parts = (Part(kind="reasoning", text="A whale swims in the sea."), Part(text="Yes."))
    corpus.add([said(1, messages=(Message(role="assistant", parts=parts),))])
    build(corpus, STATIC)
    assert by_meaning(corpus, "fish in the ocean", encoder=STATIC).hits[0].why.startswith("reasoning: ")


def test_only_the_named_or_the_filtered_are_searched(corpus: Corpus) -> None:
    wanted = [hit.name for hit in by_meaning(corpus, "money", 2, encoder=STATIC).hits]
    assert {hit.name for hit in by_meaning(corpus, "cats", 5, wanted, encoder=STATIC).hits} == set(wanted)
    filtered = by_meaning(corpus, "cats", 5, predicate="tier=trained", encoder=STATIC)
    assert (filtered.searched, filtered.predicate) == (2, "tier=trained")


def test_the_best_are_read_again_by_the_other_encoder(corpus: Corpus) -> None:
    found = by_meaning(corpus, "cats, dogs", 3, encoder=STATIC, again=Other())
    assert answers(corpus, found.hits)[0] == ANSWERS[4]
    assert "(other); rank" in found.hits[0].why


def test_an_empty_text_is_refused(corpus: Corpus) -> None:
    with pytest.raises(UsageError, match="nothing to search for"):
        by_meaning(corpus, "  ", encoder=STATIC)


def test_what_is_not_indexed_is_said_to_be_missing(tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "c")
    corpus.add([said(1)])
    found = by_meaning(corpus, "yes", encoder=STATIC)
    assert (found.hits, found.searched, found.missing) == ((), 0, 1)


def test_more_like_finds_the_like_and_not_itself(corpus: Corpus) -> None:
    own = by_meaning(corpus, ANSWERS[1], 1, encoder=STATIC).hits[0].name
    found = more_like(corpus, own, 2, encoder=STATIC)
    assert own not in {hit.name for hit in found.hits}
    assert answers(corpus, found.hits)[0] == ANSWERS[3]
    assert (found.kind, found.query) == ("like", own)


def test_more_like_an_unknown_transcript_is_an_error(corpus: Corpus) -> None:
    with pytest.raises(UnknownName):
        more_like(corpus, "0" * 64, encoder=STATIC)


def test_both_lists_are_fused_and_each_hit_says_its_rank_in_each(corpus: Corpus) -> None:
    found = by_both(corpus, "rabbit OR loan", 5, encoder=STATIC)
    assert {ANSWERS[1], ANSWERS[2]} == set(answers(corpus, found.hits)[:2])
    assert found.kind == "both"
    assert all("by words" in hit.why and "by meaning" in hit.why for hit in found.hits)


def test_fusion_sums_reciprocal_ranks_with_sixty_added() -> None:
    fused = fuse(["a", "b"], ["b", "c"])
    assert fused == [("b", 1 / 62 + 1 / 61), ("a", 1 / 61), ("c", 1 / 62)]
