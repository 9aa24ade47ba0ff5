"""The matrix on the page: every count in its place, told with principal and intent."""

from __future__ import annotations

import msgspec
import pytest
from tests.report.pages import page
from tests.report.test_framings import RESIST, part
from tests.report.test_page import Walker

from allegiance.evidence.standings import Change, Matrix, MotiveRow, Situation, Tally
from allegiance.records.standing import STANDINGS
from allegiance.report.framings import EARLIER, LATER, summaries
from allegiance.report.matrix import circumstances, lines, remarks, title
from allegiance.report.page import render

CHANGE = Change(earlier="early", later="late", right="unauthorised", by="Bo")
MOTIVE = MotiveRow(motive="role-play", tiers=(
    Tally(tier="first", transcripts=9, counts={"yes": 4, "no": 2, "unsure": 1, "unrated": 0}, missing=2),
    Tally(tier="second", transcripts=9, counts={"yes": 0, "no": 9, "unsure": 0, "unrated": 0}),
))  # fmt: skip
PART = msgspec.structs.replace(
    part(Situation(changes=(CHANGE,), orders=(RESIST,))),
    motives=(MOTIVE,),
    together={"channel": ("hidden", "none")},
)
MATRIX = Matrix(corpus="c", predicate="", factor="tier", transcripts=50, parts=(PART,), unlabelled=3)


@pytest.fixture(scope="module")
def walked() -> Walker:
    return Walker(render(msgspec.structs.replace(page(), standings=MATRIX)))


def test_the_section_stands_before_the_claims_and_can_be_reached(walked: Walker) -> None:
    heads = [attrs["id"] for tag, attrs in walked.tags if tag == "h2"]
    assert heads[:4] == ["asked", "plots", "standing", "claims"]
    assert {"href": "#standing"} in [attrs for tag, attrs in walked.tags if tag == "a"]


def test_every_count_of_the_matrix_is_in_its_row(walked: Walker) -> None:
    rows = {row[0]: row[1:] for row in walked.rows if len(row) == 5}
    tallies = [tally for row in PART.intents for tally in row.tiers]
    for name, meaning in STANDINGS.items():
        assert rows[name + meaning] == [str(tally.counts[name]) for tally in tallies]
    sums = {row.name: [str(cell.n) for cell in row.cells] for row in lines(PART.intents)}
    assert sums["transcripts"] == [str(tally.transcripts) for tally in tallies]
    assert sums["no label"] == ["2"] * 4
    assert sums["of these, not whole"] == ["1"] * 4


def test_intents_are_named_with_their_principals_over_their_tiers(walked: Walker) -> None:
    assert ["", "early (Ada)", "late (Bo)"] in walked.rows
    assert ["Standing", "first", "second", "first", "second"] in walked.rows


def test_motives_stand_with_what_is_left_open(walked: Walker) -> None:
    assert ["role-play", "4", "2", "1", "0", "2", "0", "9", "0", "0", "0"] in walked.rows


def test_both_framings_are_on_the_page_word_for_word(walked: Walker) -> None:
    [summary] = summaries(PART)
    for framing in summary.framings:
        assert framing.question in walked.text
        assert all(sentence.text in walked.text for sentence in framing.sentences)
    assert walked.text.index(LATER) < walked.text.index(EARLIER)


def test_right_order_and_what_is_counted_together_are_said() -> None:
    assert circumstances(PART) == (
        "From early (Ada) to late (Bo), by Bo: unauthorised under early.",
        "Standing order of early (Ada): resist (what is asked after dusk); in force.",
        "Taken together in each column: channel: hidden, none.",
        "Labels: b.",
    )
    assert title(PART) == "s (unauthorised; resist: in force), m, rated by r"


def test_what_is_left_out_is_said(walked: Walker) -> None:
    assert "3 of 50 transcripts are in no matrix" in remarks(MATRIX)[1]
    assert all(line in walked.text for line in remarks(MATRIX))


def test_hostile_names_stay_text() -> None:
    odd = msgspec.structs.replace(PART, model="<script>\u202e", scenario="</h3>")
    html = render(msgspec.structs.replace(page(), standings=msgspec.structs.replace(MATRIX, parts=(odd,))))
    assert "<script" not in html
    assert "&lt;script&gt;⟦U+202E⟧" in html
    Walker(html)


def test_a_page_without_standings_has_no_section(html: str) -> None:
    assert 'id="standing"' not in html
