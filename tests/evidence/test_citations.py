"""Citations: found words, routes as cited, and what they carry."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.conftest import READER, label_draw
from tests.evidence.test_designs import score_all

from allegiance.errors import Refusal, UnknownName, UsageError
from allegiance.evidence.carrying import carried, striking_at_most
from allegiance.evidence.citations import citations, cite, log_citation, resolve
from allegiance.evidence.keep import Keep
from allegiance.evidence.quoting import differences, fold, locate
from allegiance.evidence.reading import read_drawn, read_hit, read_linked, read_next
from allegiance.evidence.refusing import (
    refuse_browsed,
    refuse_citation,
    refuse_search,
    refuse_top,
    refuse_typical,
)
from allegiance.evidence.routes import faults
from allegiance.evidence.searching import search
from allegiance.records.draw import Design, Draw, Stratum
from allegiance.records.route import Browsed, Drawn, Route
from allegiance.records.transcript import Message, Part, Source, Transcript

TEXT = "He said:\r\n“Don’t stop”,\u00a0and left. Caf\u0065\u0301 … the end. Don’t stop."


def item(*texts: str) -> Transcript:
    parts = tuple(Part(text=text) for text in texts)
    return Transcript(
        messages=(Message(role="assistant", parts=parts),),
        source=Source(digest="sha256:" + "0" * 64, file="made", record=0),
    )


def found(quote: str, **how: object) -> str:
    """The stored words that a quote finds."""
    return locate(item(TEXT), quote, **how).span.text  # type: ignore[arg-type]


# Words


def test_words_that_are_there_are_found_letter_for_letter() -> None:
    made = locate(item(TEXT), "Don’t stop")
    assert (made.matched, made.span.start, made.places) == ("exact", TEXT.index("Don"), 2)
    assert differences("Don’t stop", made) == []


@pytest.mark.parametrize(
    ("quote", "stored"),
    [
        ("Don't stop\", and", "Don’t stop”,\u00a0and"),
        ('said: "Don', "said:\r\n“Don"),
        ("Caf\u00e9", "Caf\u0065\u0301"),
        ("  and   left. ", "and left."),
    ],
)
def test_the_declared_normalisation_finds_the_stored_words(quote: str, stored: str) -> None:
    quote = quote.replace('stop",', 'stop",')
    made = locate(item(TEXT), quote)
    assert made.matched == "quote/1"
    assert (made.span.text, TEXT[made.span.start : made.span.end]) == (stored, stored)


def test_what_differs_is_told_by_character() -> None:
    made = locate(item(TEXT), "Don't stop.")
    assert differences("Don't stop.", made) == [
        "character 4: you wrote U+0027 APOSTROPHE, the transcript has U+2019 RIGHT SINGLE QUOTATION MARK"
    ]


@pytest.mark.parametrize("quote", ["don’t stop", "Dont stop", "Cafe", "Don–t stop"])
def test_case_letters_accents_and_dashes_are_never_taken_as_equal(quote: str) -> None:
    with pytest.raises(Refusal, match="not in the transcript"):
        found(f"{quote} ")


def test_a_letter_is_not_found_without_its_accent() -> None:
    with pytest.raises(Refusal):
        locate(item("na\u0308 ja"), "na  ja")


def test_a_refusal_shows_where_a_quote_departs() -> None:
    with pytest.raises(Refusal) as refusal:
        found("and left. Coffee")
    assert "they agree up to 'and left. C', where the transcript goes on \"afé" in refusal.value.what
    assert "and the quote 'offee'" in refusal.value.what


def test_an_ellipsis_is_a_gap_only_if_that_is_declared() -> None:
    with pytest.raises(Refusal, match="with words left out at the ellipsis") as refusal:
        found("He said: … and left.")
    assert refusal.value.next == "Declare that it leaves words out: --gaps"
    made = locate(item(TEXT), "He said: [...] and left.", gaps=True)
    assert made.span.text == TEXT[: TEXT.index("left.") + 5]
    assert [TEXT[a:b] for a, b in made.left_out] == ["\r\n“Don’t stop”,\u00a0"]
    assert differences("He said: [...] and left.", made) == [r"left out here: '\r\n“Don’t stop”,\xa0'"]


def test_an_ellipsis_that_is_in_the_text_is_found_as_it_is() -> None:
    assert found("… the end") == "… the end"


def test_no_gap_reaches_over_the_end_of_a_part() -> None:
    with pytest.raises(Refusal):
        locate(item("one two", "three four"), "one … four", gaps=True)


def test_the_second_of_several_places_can_be_meant() -> None:
    made = locate(item(TEXT), "Don’t stop", occurrence=2)
    assert (made.span.start, made.place, made.places) == (TEXT.rindex("Don"), 2, 2)


def test_a_place_that_is_not_there_cannot_be_meant() -> None:
    with pytest.raises(UsageError, match="stand in 2 places of the transcript; there is no place 3"):
        found("Don’t stop", occurrence=3)


@pytest.mark.parametrize("quote", ["", " ", "…"])
def test_no_words_are_nowhere(quote: str) -> None:
    with pytest.raises(Refusal, match="not in the transcript"):
        locate(item("a b"), quote, gaps=True)


@given(st.text(min_size=1), st.text(), st.text())
def test_any_stretch_is_found_where_it_is(words: str, before: str, after: str) -> None:
    text = before + words + after
    made = locate(item(text), words)
    assert (made.matched, text[made.span.start : made.span.end]) == ("exact", words)


@given(st.text(alphabet="ab \n’“e\u0301\u00e9\u1100\u1161\u11a8\u00a0", min_size=1))
def test_any_text_is_found_in_its_other_forms(text: str) -> None:
    other = unicodedata.normalize("NFC", text).replace("’", "'").replace("\n", "\r\n")
    if fold(text):
        made = locate(item(text), other)
        assert fold(made.span.text) == fold(other)


@given(st.text())
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


# Routes


def first_yes(keep: Keep, drawn: Draw) -> int:
    return next(r for r, name in enumerate(drawn.items, 1) if keep.corpus.get(name).answer.startswith("Yes"))


def open_all(keep: Keep, drawn: Draw) -> None:
    for rank in range(1, len(drawn.items) + 1):
        read_drawn(keep, drawn, rank, "reader")


def test_a_cited_item_says_how_much_of_its_draw_is_labelled(keep: Keep, drawn: Draw) -> None:
    assert cite(keep, drawn.items[0], "request").route.labelled == 0  # type: ignore[union-attr]
    label_draw(keep, drawn)
    route = cite(keep, drawn.items[0], "request").route
    assert isinstance(route, Drawn)
    assert (route.labelled, route.asked, route.opened) == (30, "complies", 1)


def test_labels_from_before_the_draw_are_not_counted(keep: Keep) -> None:
    first = keep.draw(Design(n=30))
    label_draw(keep, first)
    second = keep.draw(Design(n=30))
    read_drawn(keep, second, 1, "reader")
    assert cite(keep, second.items[0], "request").route.labelled == 0  # type: ignore[union-attr]


def test_the_most_striking_needs_all_of_its_draw_opened(keep: Keep, drawn: Draw) -> None:
    with pytest.raises(Refusal, match="1 of the 30 drawn have been opened on record"):
        cite(keep, drawn.items[0], "request", striking=True)
    open_all(keep, drawn)
    route = cite(keep, drawn.items[3], "request", striking=True).route
    assert isinstance(route, Drawn)
    assert (route.chosen, route.opened) == ("striking", 30)


def test_the_most_striking_of_a_draw_that_goes_on_says_nothing(keep: Keep) -> None:
    made = keep.draw(Design(n=3, stop="open"))
    open_all(keep, made)
    with pytest.raises(Refusal, match="only of a uniform draw whose size was declared"):
        cite(keep, made.items[0], "request", striking=True)


def test_the_most_striking_of_fifty_bounds_its_like_by_5_8_per_cent() -> None:
    route = Drawn(draw="d", number=1, rank=7, n=50, of=10_000, chosen="striking", opened=50)
    assert striking_at_most(route) == 0.0581
    assert carried(route).supports.startswith("at most 5.81 % of the 10,000 that it was drawn from are at least as")


def test_what_was_opened_otherwise_before_can_be_cited_by_its_draw_and_says_so(keep: Keep) -> None:
    made = keep.draw(Design(n=5))
    read_linked(keep, made.items[1], "reader")
    read_drawn(keep, made, 2, "reader")
    assert not isinstance(cite(keep, made.items[1], "request").route, Drawn)
    citation = cite(keep, made.items[1], "request", draw=1)
    assert isinstance(citation.route, Drawn)
    assert (citation.route.known, citation.before) == (True, 0)


def test_what_was_not_drawn_is_not_cited_by_a_draw(keep: Keep) -> None:
    name = keep.corpus.names()[0]
    read_linked(keep, name, "reader")
    with pytest.raises(Refusal, match="not opened through draw 1"):
        cite(keep, name, "request", draw=1)


def test_an_account_does_not_stand_against_the_log(keep: Keep, drawn: Draw) -> None:
    with pytest.raises(UsageError, match="opened on record, as reading 1"):
        cite(keep, drawn.items[0], "request", self_reported="by chance")


def test_the_first_filter_is_no_switch(keep: Keep) -> None:
    for where in ("", "", "tier=trained", "tier=trained"):
        last = read_next(keep, where, "reader")
    assert last.route == Browsed(reading=4, predicate="tier=trained", switched=(2,))


def test_going_back_to_a_filter_is_another_switch(keep: Keep) -> None:
    for where in ("", "tier=trained", "tier=untrained", "tier=trained"):
        last = read_next(keep, where, "reader")
    assert last.route.switched == (1, 2, 3)  # type: ignore[union-attr]


def test_the_filters_of_another_reader_are_not_counted(keep: Keep) -> None:
    read_next(keep, "tier=untrained", "another")
    assert read_next(keep, "tier=trained", "reader").route.switched == ()  # type: ignore[union-attr]


def test_at_and_a_number_is_what_that_reading_opened(keep: Keep, drawn: Draw) -> None:
    assert resolve(keep, "@1") == drawn.items[0]
    with pytest.raises(UsageError, match="has 1 readings; there is no reading '2'"):
        resolve(keep, "@2")


def test_what_is_left_out_of_a_quote_is_logged_without_its_words(keep: Keep, drawn: Draw) -> None:
    name = drawn.items[0]
    log_citation(keep, cite(keep, name, "[ … request", gaps=True))
    assert "request" not in str(keep.log.entries("citation")[-1].body)
    assert citations(keep)[-1].left_out != ()


@pytest.fixture
def all_routes(keep: Keep) -> list[Route]:
    """A citation in the log by every route and every design."""
    search(keep, "Yes")
    number, _, _ = search(keep, "request")
    names = [read_hit(keep, number, 2, "reader").transcript, read_next(keep, "", "reader").transcript]
    names.append(read_next(keep, "tier=trained", "reader").transcript)
    names.append(keep.corpus.names()[-1])
    read_linked(keep, names[-1], "reader")
    scored = score_all(keep)
    parts = (Stratum(predicate="tier=trained", n=5), Stratum(predicate="tier=untrained", n=4))
    for design in (
        Design(n=6),
        Design(n=6, stop="until", until=1),
        Design(n=6, stop="open"),
        Design(kind="weighted", n=6, stop="open", scored=scored),
        Design(kind="elusion", n=6, top=3, scored=scored),
        Design(kind="stratified", n=9, strata=parts),
        Design(kind="census"),
    ):
        made = keep.draw(design)
        label_draw(keep, made, READER) if design.stop == "fixed" and made.commitment.counter == 1 else None
        names.append(next(name for name in reversed(made.items) if name not in names))
        read_drawn(keep, made, made.items.index(names[-1]) + 1, "reader")
    names.append(next(name for name in keep.corpus.names() if name not in names))
    told = [cite(keep, name, "request", self_reported="told" if name == names[-1] else "") for name in names]
    for citation in told:
        log_citation(keep, citation)
    return [citation.route for citation in told]


def test_every_route_is_what_the_log_says(keep: Keep, all_routes: list[Route]) -> None:
    log = keep.log.entries()
    assert {number: faults(log, number) for number in range(1, len(all_routes) + 1)} == {
        number: [] for number in range(1, len(all_routes) + 1)
    }


def forged(keep: Keep, number: int, **changes: object) -> list[str]:
    """The faults of a citation whose route was changed before it was logged."""
    citation = citations(keep)[number - 1]
    log_citation(keep, msgspec.structs.replace(citation, route=msgspec.structs.replace(citation.route, **changes)))
    log = keep.log.entries()
    return faults(log, sum(entry.kind == "citation" for entry in log))


PRETTIER: list[tuple[int, dict[str, object]]] = [
    (1, {"rank": 1}),
    (1, {"earlier": 0}),
    (1, {"earlier": 9}),
    (1, {"query": "another"}),
    (3, {"switched": ()}),
    (3, {"reading": 1}),
    (4, {"reading": 2}),
    (5, {"rank": 1}),
    (5, {"of": 1000}),
    (5, {"n": 50}),
    (5, {"opened": 6}),
    (5, {"labelled": 100}),
    (5, {"known": True}),
    (5, {"chosen": "striking"}),
    (5, {"design": "census"}),
    (7, {"stop": "fixed"}),
    (10, {"stratum": "tier=trained"}),
]
"""Number of a citation, and what is changed of its route."""


def test_a_route_that_was_made_prettier_is_told(keep: Keep, all_routes: list[Route]) -> None:
    assert [case for case in PRETTIER if forged(keep, case[0], **case[1]) == []] == []


def test_what_was_opened_is_not_told_from_memory(keep: Keep, all_routes: list[Route]) -> None:
    citation = msgspec.structs.replace(citations(keep)[-1], transcript=citations(keep)[0].transcript)
    log_citation(keep, citation)
    assert faults(keep.log.entries(), len(all_routes) + 1) == [
        "it was opened on record, and is cited as told from memory"
    ]


def test_only_a_draw_supports_a_rate(all_routes: list[Route]) -> None:
    for route in all_routes:
        assert ("the rate in" in carried(route).supports) is isinstance(route, Drawn)
        assert "exist" in carried(route).supports


# Refusals


def test_a_rate_from_a_search_is_refused_with_the_draw_that_carries_it(keep: Keep) -> None:
    with pytest.raises(Refusal, match="hits of a search carry no rate: they were chosen for what they say") as no:
        refuse_search(keep, 1)
    assert no.value.next.endswith("A rate within ±5 points takes a draw of 95: allegiance draw 95")


def test_a_rate_from_browsing_is_refused_with_the_draw_that_carries_it(keep: Keep, drawn: Draw) -> None:
    with pytest.raises(Refusal, match="read in list order or by name carries no rate") as no:
        refuse_browsed(keep)
    assert no.value.where == "1 readings"
    assert "takes a draw of 95" in no.value.next


def test_a_rate_from_a_citation_is_refused_and_its_draw_named(keep: Keep, drawn: Draw) -> None:
    log_citation(keep, cite(keep, drawn.items[0], "request"))
    with pytest.raises(Refusal, match="one transcript that is quoted carries no rate") as no:
        refuse_citation(keep, 1)
    assert no.value.next == "Its draw does, once labelled: allegiance claim rate --draw 1"


def test_a_rate_from_a_citation_without_a_draw_is_refused_with_one(keep: Keep) -> None:
    log_citation(keep, cite(keep, keep.corpus.names()[0], "request", self_reported="told"))
    with pytest.raises(Refusal) as no:
        refuse_citation(keep, 1)
    assert "takes a draw of 95" in no.value.next


def test_typical_is_refused_even_of_a_draw(keep: Keep, drawn: Draw) -> None:
    log_citation(keep, cite(keep, drawn.items[0], "request"))
    with pytest.raises(Refusal, match="typical: it was chosen among the drawn by somebody who had read it"):
        refuse_typical(keep, 1)


def test_typical_is_refused_of_what_was_not_drawn(keep: Keep) -> None:
    log_citation(keep, cite(keep, keep.corpus.names()[0], "request", self_reported="told"))
    with pytest.raises(Refusal, match="typical: it was not drawn at random"):
        refuse_typical(keep, 1)


def test_an_average_over_the_highest_scores_is_refused_with_the_draw_beside_it(keep: Keep) -> None:
    with pytest.raises(Refusal, match="the 20 highest scores alone carry no rate of the whole: an average") as no:
        refuse_top(keep, 20)
    assert "--top 20" in no.value.next


def test_there_is_no_refusal_about_a_citation_that_is_not_there(keep: Keep) -> None:
    with pytest.raises(UnknownName):
        refuse_typical(keep, 1)
