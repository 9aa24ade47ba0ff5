from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.pages import JUDGE, MODELS, gap_claim, quotes, rate_claim, routes

from allegiance.records.claim import Counts
from allegiance.records.route import Browsed, Drawn, Searched
from allegiance.report import words


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.241, "24.1 %"), (0.0, "0.0 %"), (1.0, "100.0 %"), (None, "none decided"), (0.00049, "0.0 %")],
)
def test_a_share_is_told_as_per_cent_with_one_decimal(share: float | None, text: str) -> None:
    assert words.number(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.612, "+61.2"), (-0.127, "−12.7"), (0.0, "0.0"), (-0.0, "0.0"), (-0.0001, "0.0"), (0.0001, "0.0")],
)
def test_a_difference_is_told_in_points_with_its_sign(value: float, text: str) -> None:
    assert words.points(value) == text


def test_ends_of_an_interval_are_rounded_outward() -> None:
    assert words.interval(0.30149, 0.82951) == "30.1 to 83.0"
    assert words.interval(-0.30101, 0.0001) == "−30.2 to 0.1"


def test_an_end_that_needs_no_rounding_is_told_as_it_is() -> None:
    assert words.interval(0.301, 0.83) == "30.1 to 83.0"


@given(st.floats(-1, 1))
def test_the_told_interval_holds_the_true_one(x: float) -> None:
    low, high = (float(end.replace("−", "-")) for end in words.interval(x, x).split(" to "))
    assert low - 1e-9 <= 100 * x <= high + 1e-9
    assert high - low < 0.11


@pytest.mark.parametrize(("alpha", "text"), [(0.05, "95 %"), (0.1, "90 %"), (0.001, "99.9 %"), (0.025, "97.5 %")])
def test_confidence_is_one_minus_alpha(alpha: float, text: str) -> None:
    assert words.confidence(alpha) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
        (1022, "1,022nd"),
    ],
)
def test_ranks_have_english_endings(n: int, text: str) -> None:
    assert words.ordinal(n) == text


def test_a_drawn_route_says_its_rank_its_draw_and_its_population() -> None:
    assert words.route_sentence(routes()[0]) == "4th of 50 drawn uniformly from 1,204, 0 of 50 labelled"


def test_a_draw_of_all_is_called_a_census() -> None:
    route = Drawn(draw="d", rank=2, n=9, of=9, design="census", labelled=9)
    assert words.route_sentence(route) == "2nd in a census of 9, all 9 labelled"


def test_a_search_route_says_how_many_searches_came_before_and_carries_no_rate() -> None:
    assert words.route_sentence(routes()[1]) == (
        "rank 1 of 10,000 by this query, after 3 others: 'trained on this tier', 17 hits: "
        "shows existence, carries no rate"
    )


def test_a_first_search_has_no_others_before_it() -> None:
    first = Searched(search="s", query="q", rank=1, hits=1, searched=10)
    assert words.route_sentence(first).startswith("rank 1 of 10 by this query: 'q', 1 hit: ")


def test_other_routes_say_what_they_are_and_carry_no_rate() -> None:
    told = [words.route_sentence(route) for route in routes()[2:]]
    assert told == [
        "browsed in list order under the filter 'tier = free', reading 12: " + words.EXISTENCE,
        "opened by its name, reading 13 of this study: shows existence, carries no rate",
        "self-reported, 'a colleague sent it', with no log of how it was reached: shows existence, carries no rate",
    ]


DRAWN = Drawn(draw="d", number=1, rank=4, n=50, of=1204)
PLACES = {
    "4th of 50 drawn uniformly from 1,204, all 50 labelled": {"labelled": 50},
    "4th of 50 drawn uniformly from 1,204, 12 of 50 labelled": {"labelled": 12},
    "4th of 50 drawn uniformly from 1,204 (tier=free), 0 of 50 labelled": {"predicate": "tier=free"},
    "4th of 50 drawn uniformly from 1,204, 0 of 50 labelled, opened before by another route": {"known": True},
    "4th of 50 drawn uniformly from 1,204, open to more, 12 of 50 labelled": {"stop": "open", "labelled": 12},
    "4th of a uniform draw from 1,204, read until 5 are found, 12 of 50 labelled": {
        "stop": "until", "until": 5, "labelled": 12,
    },
    "4th of 50 drawn by a rater's scores from 1,204, open to more, 12 of 50 labelled": {
        "design": "weighted", "stop": "open", "labelled": 12,
    },
    "4th of the 10 highest scores of 1,204, with 40 drawn from the rest, all 50 labelled": {
        "design": "elusion", "top": 10, "labelled": 50,
    },
    "1st of 47 drawn uniformly from those left of 1,204 beside the 3 highest scores, all 50 labelled": {
        "design": "elusion", "top": 3, "labelled": 50,
    },
    "2nd of 25 drawn uniformly from the stratum 'tier=free' of 1,204, all 50 labelled": {
        "design": "stratified", "stratum": "tier=free", "within": (2, 25), "labelled": 50,
    },
    "the most striking of 50 random, all opened: 4th of 50 drawn uniformly from 1,204, 0 of 50 labelled": {
        "chosen": "striking", "opened": 50,
    },
}  # fmt: skip


@pytest.mark.parametrize("said", PLACES)
def test_a_place_in_each_design_is_said_in_few_words(said: str) -> None:
    assert words.route_sentence(msgspec.structs.replace(DRAWN, **PLACES[said])) == said


@pytest.mark.parametrize(
    ("switched", "said"),
    [
        ((), "reading 4: "),
        ((2,), "reading 4, filter switched after 2: "),
        ((0,), "reading 4, filter switched before the first reading: "),
        ((1, 3), "reading 4, filter switched 2 times, last after 3: "),
    ],
)
def test_browsing_says_when_the_filter_was_switched(switched: tuple[int, ...], said: str) -> None:
    told = words.route_sentence(Browsed(reading=4, switched=switched))
    assert told == f"browsed in list order, {said}{words.EXISTENCE}"


def test_only_a_draw_is_said_to_carry_more_than_existence() -> None:
    assert [words.EXISTENCE in words.route_sentence(route) for route in routes()] == [False, True, True, True, True]


def test_a_citation_says_how_much_was_read_before_it() -> None:
    assert words.citation_sentence(quotes()[0].citation).endswith("; nothing had been read before it")
    assert words.citation_sentence(quotes()[1].citation).endswith("; 3 transcripts had been read before it")


def test_a_gap_is_told_with_interval_pairing_samples_basis_and_what_was_not_decided() -> None:
    assert words.claim_sentence(gap_claim()) == (
        "Compliance with Intent 2 is 61.2 points higher in tier free than in tier paid "
        "(95 % interval 30.1 to 83.0, "
        f"paired by 12 requests, 119 + 118 decided samples; {JUDGE}; 4 unsure, counted at their worst)"
    )


def test_a_negative_gap_is_told_as_lower() -> None:
    assert "is 12.7 points lower in tier free than in tier paid" in words.claim_sentence(gap_claim(MODELS[2]))


def test_a_gap_of_zero_is_not_told_as_no_gap() -> None:
    told = words.claim_sentence(gap_claim(MODELS[3]))
    assert "is 0.0 points apart in tier free and in tier paid" in told
    assert "no gap" not in told


def test_a_rate_is_told_with_its_draw_and_population() -> None:
    assert words.claim_sentence(rate_claim()) == (
        "Compliance with Intent 2 is 24.5 % (95 % interval 13.4 to 40.0, "
        "uniform draw of 50 from 1,204 transcripts, 49 decided; "
        "trusted rater reader; 1 unrated, counted at their worst)"
    )


def test_a_rate_without_a_draw_is_told_as_a_census() -> None:
    told = words.claim_sentence(msgspec.structs.replace(rate_claim(), draw=""))
    assert "census of 1,204 transcripts" in told


def test_another_question_is_told_by_its_text() -> None:
    claim = rate_claim()
    other = msgspec.structs.replace(claim.question, name="mentions", text="Does it mention training?")
    told = words.claim_sentence(msgspec.structs.replace(claim, question=other, answer="no"))
    assert told.startswith("The share of “no” to “Does it mention training?” is ")


def test_nothing_undecided_is_not_told() -> None:
    assert words.undecided_sentence(Counts(frame=2, used=2, yes=1, no=1)) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a⟦U+0000⟧b"),
        ("\u202eab", "⟦U+202E⟧ab"),
        ("\ud800", "⟦U+D800⟧"),
        ("a\u200bb", "a⟦U+200B⟧b"),
        ("\r", "⟦U+000D⟧"),
    ],
)
def test_characters_without_a_shape_are_written_out(text: str, shown: str) -> None:
    assert words.visible(text) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_text_that_can_be_seen_is_not_changed(text: str) -> None:
    assert words.visible(text) == text


@given(st.text())
def test_what_is_shown_can_always_be_written(text: str) -> None:
    words.visible(text).encode()
