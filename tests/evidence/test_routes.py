"""Readings, searches and citations: in the log before they are shown, and never without a route."""

from __future__ import annotations

import pytest

from allegiance.errors import Refusal, UsageError
from allegiance.evidence.citations import citations, cite, log_citation
from allegiance.evidence.keep import Keep
from allegiance.evidence.quoting import find
from allegiance.evidence.reading import read_drawn, read_hit, read_linked, read_next, readings, supports
from allegiance.evidence.searching import search
from allegiance.records.draw import Draw
from allegiance.records.route import Browsed, Drawn, Linked, Searched, SelfReported


def test_a_reading_from_a_draw_says_its_rank_and_of_how_many(keep: Keep, drawn: Draw) -> None:
    route = read_drawn(keep, drawn, 4, "reader").route
    assert route == Drawn(draw=drawn.name, number=1, rank=4, n=30, of=120)


def test_a_reading_from_a_search_says_how_many_searches_came_before(keep: Keep) -> None:
    search(keep, "Yes")
    number, made, hits = search(keep, "rather not")
    route = read_hit(keep, number, 2, "reader").route
    assert isinstance(route, Searched)
    assert (route.rank, route.hits, route.searched, route.earlier) == (2, made.hits, 120, 1)
    assert readings(keep)[-1].transcript == hits[1].name


def test_reading_on_in_list_order_never_shows_the_same_twice(keep: Keep) -> None:
    first, second = read_next(keep, "tier=trained", "reader"), read_next(keep, "tier=trained", "reader")
    assert first.transcript < second.transcript
    assert second.route == Browsed(reading=2, predicate="tier=trained")


def test_readings_are_numbered_in_order(keep: Keep, drawn: Draw) -> None:
    read_linked(keep, drawn.items[3], "reader")
    assert [reading.order for reading in readings(keep)] == [1, 2]


def test_a_rank_that_was_not_drawn_cannot_be_read(keep: Keep, drawn: Draw) -> None:
    before = keep.log.checkpoint()
    with pytest.raises(UsageError, match="ranks 1 to 30"):
        read_drawn(keep, drawn, 31, "reader")
    assert keep.log.checkpoint() == before


def test_a_search_counts_all_hits_and_ignores_case(keep: Keep) -> None:
    _, made, shown = search(keep, "RATHER NOT", limit=5)
    expected = sum("rather not" in item.answer for _, item in keep.corpus.iter())
    assert (made.hits, len(shown)) == (expected, 5)


def test_a_search_within_a_filter_looks_at_nothing_else(keep: Keep) -> None:
    _, made, _ = search(keep, "request", "tier=trained")
    assert (made.searched, made.hits) == (60, 60)


@pytest.mark.parametrize("query", ['"', "%", "(a+)+$", "a*", "'; DROP TABLE events;--", "\x00"])
def test_an_odd_query_finds_nothing_and_breaks_nothing(keep: Keep, query: str) -> None:
    assert search(keep, query)[1].hits == 0


@pytest.mark.parametrize("route", [Linked(reading=1), Browsed(reading=1), SelfReported(how="from memory")])
def test_routes_without_chance_support_existence_only(route: Linked | Browsed | SelfReported) -> None:
    assert supports(route) == "existence only, no rate"


def test_a_citation_carries_the_route_of_the_first_reading(keep: Keep, drawn: Draw) -> None:
    read_linked(keep, drawn.items[0], "reader")
    words = keep.corpus.get(drawn.items[0]).answer
    assert isinstance(cite(keep, drawn.items[0], words).route, Drawn)


def test_a_transcript_nobody_opened_cannot_be_cited_without_an_account(keep: Keep) -> None:
    name = keep.corpus.names()[0]
    with pytest.raises(Refusal, match="route is unknown"):
        cite(keep, name, "request")


def test_an_account_of_how_it_was_found_is_a_route_of_its_own(keep: Keep) -> None:
    name = keep.corpus.names()[0]
    assert cite(keep, name, "request", self_reported="a colleague sent it").route == SelfReported(
        how="a colleague sent it"
    )


def test_words_that_are_not_there_cannot_be_cited(keep: Keep, drawn: Draw) -> None:
    with pytest.raises(Refusal, match="not in the transcript"):
        cite(keep, drawn.items[0], "I would gladly")


def test_the_span_of_a_citation_points_at_its_words(keep: Keep, drawn: Draw) -> None:
    item = keep.corpus.get(drawn.items[0])
    span = find(item, "request")
    assert span is not None
    assert item.messages[span.message].parts[span.part].text[span.start : span.end] == "request"


def test_the_log_holds_the_address_of_a_quote_and_not_its_words(keep: Keep, drawn: Draw) -> None:
    log_citation(keep, cite(keep, drawn.items[0], "request"))
    assert "request" not in str(keep.log.entries("citation")[-1].body)
    assert citations(keep)[-1].span.text == "request"
