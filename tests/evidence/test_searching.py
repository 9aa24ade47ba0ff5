"""Searches of a study: each is in the log with what it found, and a split hides half from all of them."""

from __future__ import annotations

import msgspec
import pytest

from allegiance.errors import Refusal, UsageError
from allegiance.evidence.keep import Keep
from allegiance.evidence.reading import read_hit
from allegiance.evidence.searching import PINNED, Asked, Kind, Looked, index, look
from allegiance.evidence.splits import turn_on
from allegiance.records.canonical import digest
from allegiance.records.search import Search

from .conftest import PATTERN, label_all


def words(keep: Keep, query: str, predicate: str = "", limit: int = 20) -> Looked:
    index(keep)
    return look(keep, Asked(kind="words", query=query, predicate=predicate, limit=limit))


def logged(keep: Keep) -> Search:
    return msgspec.convert(keep.log.entries("search")[-1].body["search"], Search)


def test_a_search_for_words_is_logged_in_its_normal_form(keep: Keep) -> None:
    found = words(keep, "answer:(rather   AND not)", "tier=trained", limit=3)
    made = logged(keep)
    assert (made.kind, made.query, made.predicate) == ("words", "answer:rather answer:not", "tier=trained")
    assert (made.hits, made.searched, len(made.shown)) == (found.hits.found, 60, 3)
    assert made.corpus == keep.corpus.head().version


def test_the_order_of_more_hits_than_are_shown_is_pinned(keep: Keep) -> None:
    words(keep, "request", limit=3)
    first = logged(keep).ranking
    every = [hit.name for hit in words(keep, "request", limit=200).hits.hits]
    assert len(every) == 120
    assert (first, logged(keep).ranking) == (digest(every[:PINNED]), digest(every))


def test_a_pattern_is_logged_with_its_place(keep: Keep) -> None:
    look(keep, Asked(kind="pattern", query="Yes|No", place="answer"))
    assert (logged(keep).kind, logged(keep).query, logged(keep).hits) == ("pattern", "answer:/Yes|No/", 120)


def test_a_hit_of_words_can_be_read(keep: Keep) -> None:
    found = words(keep, "rather")
    assert read_hit(keep, found.number, 2, "ada").transcript == found.made.shown[1]


def test_a_filter_can_ask_for_what_a_rater_answered(keep: Keep) -> None:
    label_all(keep, PATTERN)
    yes = words(keep, "request", "complies@pattern=yes", limit=200)
    assert 0 < yes.hits.found == yes.hits.searched < 120
    assert {hit.name for hit in yes.hits.hits} == {row.name for row in keep.select("complies@pattern=yes")}
    assert logged(keep).predicate == "complies@pattern=yes"


@pytest.mark.parametrize("kind", ["words", "pattern"])
def test_a_split_hides_the_half_to_confirm(keep: Keep, kind: Kind) -> None:
    turn_on(keep)
    index(keep)
    hits = look(keep, Asked(kind=kind, query="request", limit=200)).hits
    explored = {row.name for row in keep.select("split=explore")}
    assert {hit.name for hit in hits.hits} == explored
    assert hits.searched == len(explored) < 120
    with pytest.raises(Refusal, match="half to confirm is hidden"):
        look(keep, Asked(kind=kind, query="request", predicate="split=confirm"))


def test_a_split_hides_what_is_like_a_hidden_transcript(keep: Keep) -> None:
    turn_on(keep)
    hidden = keep.select("split=confirm")[0].name
    with pytest.raises(Refusal, match="half to confirm"):
        look(keep, Asked(kind="like", query=hidden))


def test_a_malformed_query_leaves_no_trace(keep: Keep) -> None:
    for kind, query in (("words", "(a"), ("pattern", "(a"), ("meaning", " ")):
        with pytest.raises(UsageError):
            look(keep, Asked(kind=kind, query=query))  # type: ignore[arg-type]
    assert not keep.log.entries("search")
