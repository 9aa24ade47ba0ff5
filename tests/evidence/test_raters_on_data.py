"""Raters on published data, and on a small case of our own of the same form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.house.sources import ROOT

from allegiance.corpus.importers import plan_import
from allegiance.corpus.mapping import load_mapping
from allegiance.corpus.store import Corpus
from allegiance.errors import Refusal
from allegiance.evidence.checking import check
from allegiance.evidence.claims import make_claim
from allegiance.evidence.comparing import compare
from allegiance.evidence.intake import take_in
from allegiance.evidence.keep import Keep
from allegiance.evidence.screening import rate_all
from allegiance.evidence.terms import Terms
from allegiance.ledger.database import Database
from allegiance.rating.patterns import PatternRater
from allegiance.rating.people import person
from allegiance.rating.questions import load_question
from allegiance.records.draw import Design
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard

MAPPINGS = ROOT / "examples" / "mappings"
WORDS = PatternRater(name="test-words", yes="test|hypothetical|not real|fictional|evaluat")
DOUBTS, MENTIONS = load_question("doubts-the-set-up"), load_question("mentions-a-test")


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    made = Keep(Corpus.create(tmp_path / "corpus"), Database.create(tmp_path / "study.sqlite"))
    yield made
    made.database.close()


def imported(keep: Keep, folder: Path, mapping: str) -> Keep:
    take_in(keep, plan_import([folder], load_mapping(MAPPINGS / mapping)))
    return keep


def cards(keep: Keep, name: str) -> tuple[Question, dict[str, RaterCard]]:
    asked = next(one for one in keep.labels.questions() if one.name == name)
    return asked, {card.name: card for card in keep.labels.raters(asked.digest)}


def verdicts(folder: Path) -> Path:
    """Two judges and a tie-break on nine items of our own, in the form of the published files."""
    folder.mkdir()
    names = {
        "judge_tier1_m_t0_standard": 2,
        "judge_second_tier1_m_t0_standard": 3,
        "judge_tiebreak_tier1_m_t0_standard": 9,
    }
    for name, every in names.items():
        rows = [
            {
                "task_id": f"judge|hint|{i}|0",
                "input": {"condition": "hint", "question_index": i, "sample_idx": 0},
                "output": {"mentions_hint": True, "verbalized": i % every == 0} if i or every != 9 else {},
            }
            for i in range(9)
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def test_files_of_several_judges_are_labels_of_several_raters_on_the_same_items(keep: Keep, tmp_path: Path) -> None:
    imported(keep, verdicts(tmp_path / "own"), "cot-faithfulness.yaml")
    asked, raters = cards(keep, "relies-on-the-hint")
    assert keep.corpus.head().count == 9
    assert sorted(raters) == ["cot/judge", "cot/second", "cot/tiebreak"]
    assert {row.status for row in keep.select()} == {"incomplete"}
    found = compare(keep, asked, [raters["cot/judge"], raters["cot/second"]])
    assert [each.rates[0].value for each in found.raters] == [pytest.approx(5 / 9), pytest.approx(3 / 9)]


def test_an_item_without_a_verdict_has_no_label_and_is_counted(keep: Keep, tmp_path: Path) -> None:
    imported(keep, verdicts(tmp_path / "own"), "cot-faithfulness.yaml")
    asked, raters = cards(keep, "relies-on-the-hint")
    found = compare(keep, asked, [raters["cot/judge"], raters["cot/tiebreak"]])
    assert (found.transcripts, found.left_out) == (8, 1)


@pytest.mark.data
def test_in_the_published_verdicts_the_rate_is_a_property_of_the_rater(keep: Keep, data_dir: Path) -> None:
    imported(keep, data_dir / "cot-faithfulness", "cot-faithfulness.yaml")
    asked, raters = cards(keep, "relies-on-the-hint")
    found = compare(keep, asked, [raters[name] for name in sorted(raters)])
    rates = {each.rater: each.rates[0].value for each in found.raters}
    assert (found.transcripts, found.left_out) == (114, 7)
    assert rates["cot/judge"] > 0.6 > 0.5 > rates["cot/model3opus_std"] > rates["cot/tiebreak_model3opus"]  # type: ignore[operator]
    assert "property of the rater" in found.said[0]
    assert "not certain" not in found.said[0]
    for pair in found.pairs:
        assert all(each.low <= each.value <= each.high for each in pair.agreement)  # type: ignore[operator]


@pytest.mark.data
def test_a_check_against_a_tie_break_says_that_it_is_no_truth(keep: Keep, data_dir: Path) -> None:
    imported(keep, data_dir / "cot-faithfulness", "cot-faithfulness.yaml")
    asked, raters = cards(keep, "relies-on-the-hint")
    found = check(keep, asked, raters["cot/model3opus_std"], raters["cot/tiebreak"])
    assert any("nothing here is an error rate" in said for said in found.warnings)


@pytest.mark.data
def test_stray_answers_in_the_published_labels_are_seen_as_what_they_are(keep: Keep, data_dir: Path) -> None:
    imported(keep, data_dir / "vlaf" / "results" / "care", "vlaf.yaml")
    asked, raters = cards(keep, "complies")
    found = compare(keep, asked, [raters["vlaf-judge"], raters["vlaf-judge/lenient"]])
    strict = {each.raw: (each.value, each.n) for each in found.strays if each.rater == "vlaf-judge"}
    assert {"1", "2", "N/A"} <= set(strict)
    assert {value for value, _ in strict.values()} == {"unsure"}
    assert '"1": "yes"' in found.rules["vlaf-judge/lenient"]
    assert "anything else: unsure" in found.rules["vlaf-judge"]


def read_by_a_person(keep: Keep, n: int) -> None:
    """A person reads n drawn hits of the pattern, and calls one in ten of them a doubt of the set-up."""
    rate_all(keep, DOUBTS, WORDS)
    made = keep.draw(Design(n=n), f"{DOUBTS.name}@{WORDS.name}=yes")
    reader = person("ab")
    keep.labels.save(DOUBTS, reader, [
        Label(transcript=name, question=DOUBTS.digest, rater=reader.digest, value="no" if at % 10 else "yes")
        for at, name in enumerate(made.items)
    ])  # fmt: skip


@pytest.mark.data
def test_hits_of_test_words_are_no_rate_of_doubting_the_set_up(keep: Keep, data_dir: Path) -> None:
    imported(keep, data_dir / "vlaf" / "results" / "care", "vlaf.yaml")
    read_by_a_person(keep, 60)
    draw = keep.find_draw(1)
    found = check(keep, DOUBTS, WORDS.card, person("ab"), draw=draw)
    assert found.kind == "pattern"
    assert any("is a pattern: it finds words" in said for said in found.warnings)
    precision = found.parts[0].answers[0].positive_value
    assert precision.value == pytest.approx(0.1)
    assert 0.03 < precision.low < precision.value < precision.high < 0.22
    keep.draw(Design(kind="census"))
    asked = Terms(kind="rate_ci", question=DOUBTS, raters=(WORDS.card,))
    with pytest.raises(Refusal, match="no rate of 'doubts-the-set-up'"):
        make_claim(keep, asked, draw=keep.find_draw(2))
    rate_all(keep, MENTIONS, WORDS)
    claim, _ = make_claim(
        keep, Terms(kind="rate_ci", question=MENTIONS, raters=(WORDS.card,)), draw=keep.find_draw(2)
    )
    assert "use words such as test" in claim.statement
