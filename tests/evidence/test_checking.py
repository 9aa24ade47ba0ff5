"""Checks of a rater against trusted labels of a draw, by the design of the draw."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from tests.evidence.conftest import PATTERN, QUESTION, READER, label, label_all, label_draw

from allegiance.corpus.rows import Row
from allegiance.errors import Refusal
from allegiance.evidence import figures
from allegiance.evidence.checking import Check, check, find_base
from allegiance.evidence.domains import Base
from allegiance.evidence.keep import Keep
from allegiance.evidence.rated import resolve
from allegiance.rating.people import person
from allegiance.records.draw import Design, Draw, Stratum
from allegiance.records.frame import Rated
from allegiance.records.label import Label
from allegiance.records.question import Confusion, Question
from allegiance.records.rater import RaterCard

JUDGE = RaterCard(name="judge", kind="judge")
WILD = RaterCard(name="wild", kind="judge")
MISTAKES = Question(
    name="complies", text="Does it?",
    confusions=(Confusion(name="polite", what="A polite no is taken for a yes.", seems="yes", right="no"),),
)  # fmt: skip


def judge_all(keep: Keep, card: RaterCard = JUDGE, wrong: int = 10) -> None:
    """A judge that gets every `wrong`-th transcript wrong."""
    labels = []
    for at, (name, item) in enumerate(keep.corpus.iter()):
        right = label(name, item, card)
        value = right.value if at % wrong else ("no" if right.value == "yes" else "yes")
        score = {"yes": 0.9, "no": 0.1}[value]
        labels.append(Label(transcript=name, question=QUESTION.digest, rater=card.digest, value=value, score=score))
    keep.labels.save(QUESTION, card, labels)


def rated(keep: Keep) -> Rated:
    return resolve(keep.labels, "complies@judge", keep.log.checkpoint().size)


def designs(keep: Keep) -> list[Design]:
    column = rated(keep)
    strata = tuple(Stratum(predicate=f"complies@judge={v}", n=12, rated=(column,)) for v in ("yes", "no"))
    return [
        Design(n=40),
        Design(kind="census"),
        Design(n=40, stop="open"),
        Design(kind="stratified", n=24, strata=strata),
        Design(kind="weighted", n=40, stop="open", scored=column),
        Design(kind="elusion", top=15, n=30, scored=column),
    ]


def named(found: Check) -> dict[str, figures.Figure]:
    part = found.parts[0]
    return {each.name: each for each in (*part.agreement, *part.answers[0].all)}


@pytest.mark.parametrize("which", range(6))
def test_every_design_holds_what_a_census_says(keep: Keep, which: int) -> None:
    judge_all(keep)
    label_all(keep, READER)
    truth = named(check(keep, QUESTION, JUDGE, READER))
    other = person("other")
    made = keep.draw(designs(keep)[which])
    label_draw(keep, made, other)
    found = check(keep, QUESTION, JUDGE, other, draw=made)
    for name, figure in named(found).items():
        assert figure.value is not None
        assert figure.low - 1e-9 <= truth[name].value <= figure.high + 1e-9  # type: ignore[operator]
        assert figure.low <= figure.value <= figure.high


def test_a_census_is_exact_and_says_what_the_counts_say(keep: Keep) -> None:
    judge_all(keep)
    label_all(keep, READER)
    found = check(keep, QUESTION, JUDGE, READER)
    cells = {(cell.trusted, cell.rater): cell.n for cell in found.parts[0].table}
    yes = cells["yes", "yes"] + cells["yes", "no"]
    told = named(found)
    assert found.design == "census"
    assert told["sensitivity"].value == pytest.approx(cells["yes", "yes"] / yes)
    assert told["raw agreement"].value == pytest.approx(108 / 120)
    assert all(each.high - each.low < 1e-3 for each in told.values())  # rounded outward


def test_a_check_of_a_draw_is_in_the_log_as_a_look(keep: Keep, drawn: Draw) -> None:
    judge_all(keep)
    label_draw(keep, drawn)
    check(keep, QUESTION, JUDGE, READER, draw=drawn)
    entry = keep.log.entries("look")[-1]
    assert (entry.body["draw"], entry.body["n"]) == (drawn.name, 30)


def test_labels_that_were_not_drawn_are_said_to_carry_no_error_rate(keep: Keep) -> None:
    judge_all(keep)
    some = keep.corpus.names()[:25]
    keep.labels.save(QUESTION, READER, [label(name, item, READER) for name, item in keep.corpus.iter(some)])
    found = check(keep, QUESTION, JUDGE, READER)
    assert found.design == "as if uniform"
    assert any("do not transfer" in said for said in found.warnings)


def test_labels_from_before_the_draw_was_announced_do_not_count(keep: Keep) -> None:
    judge_all(keep)
    early = keep.corpus.names()[:30]
    keep.labels.save(QUESTION, READER, [label(name, item, READER) for name, item in keep.corpus.iter(early)])
    made = keep.draw(Design(n=60))
    found = check(keep, QUESTION, JUDGE, READER, draw=made)
    assert found.parts[0].undecided == 60
    assert named(found)["sensitivity"].value is None


def test_what_is_drawn_and_not_labelled_counts_at_its_worst(keep: Keep) -> None:
    judge_all(keep)
    made = keep.draw(Design(n=40))
    half = [label(name, keep.corpus.get(name), READER) for name in made.items[:30]]
    keep.labels.save(QUESTION, READER, half)
    before = named(check(keep, QUESTION, JUDGE, READER, draw=made))
    rest = [label(name, keep.corpus.get(name), READER) for name in made.items[30:]]
    keep.labels.save(QUESTION, READER, rest)
    after = named(check(keep, QUESTION, JUDGE, READER, draw=made))
    for name, figure in before.items():
        assert figure.low <= after[name].low + 1e-9
        assert figure.high >= after[name].high - 1e-9


def test_unrated_by_the_rater_is_neither_yes_nor_no(keep: Keep) -> None:
    label_all(keep, READER)
    silent = [
        Label(transcript=name, question=QUESTION.digest, rater=JUDGE.digest, value="unrated")
        for name in keep.corpus.names()
    ]
    keep.labels.save(QUESTION, JUDGE, silent)
    found = check(keep, QUESTION, JUDGE, READER)
    told = named(found)
    assert (told["sensitivity"].value, told["specificity"].value, told["raw agreement"].value) == (0, 0, 0)
    assert found.parts[0].unanswered == 120


def test_few_of_an_answer_are_told_with_how_many_more_it_takes(keep: Keep, drawn: Draw) -> None:
    judge_all(keep)
    label_draw(keep, drawn)
    (said,) = [s for s in check(keep, QUESTION, JUDGE, READER, draw=drawn).parts[0].warnings if "'yes'" in s[:40]]
    assert "fewer than 30" in said
    assert "more of a like draw" in said


def test_agreement_that_prevalence_alone_would_make_is_told(keep: Keep) -> None:
    label_all(keep, READER)
    always = [
        Label(transcript=name, question=QUESTION.digest, rater=WILD.digest, value="no" if at % 37 else "yes")
        for at, name in enumerate(keep.corpus.names())
    ]
    keep.labels.save(QUESTION, WILD, always)
    said = check(keep, QUESTION, WILD, READER, where="tier=untrained").parts[0].warnings
    assert any("always answered 'no'" in each for each in said)
    assert any("at random" in each for each in said)


def test_a_rater_with_one_answer_throughout_has_a_predictive_value_and_nothing_else(keep: Keep) -> None:
    label_all(keep, PATTERN)
    made = keep.draw(Design(n=15), "complies@pattern=yes")
    label_draw(keep, made)
    (said,) = check(keep, QUESTION, PATTERN, READER, draw=made).parts[0].warnings
    assert "only its predictive value" in said


def test_parts_are_by_the_levels_asked_for(keep: Keep, drawn: Draw) -> None:
    judge_all(keep)
    label_draw(keep, drawn)
    parts = check(keep, QUESTION, JUDGE, READER, draw=drawn, by=("tier", "model")).parts
    assert [dict(part.levels) for part in parts[1:]] == [
        {"tier": "trained", "model": "small"}, {"tier": "untrained", "model": "small"}
    ]  # fmt: skip
    assert sum(part.read for part in parts[1:]) == parts[0].read == 30


def test_known_mistakes_are_counted_among_what_looks_so(keep: Keep) -> None:
    rows = [Row(name=f"t{i}", text_digest="") for i in range(10)]
    told = {row.name: label_of(row.name, "yes" if i < 5 else "no") for i, row in enumerate(rows)}
    truth = {row.name: label_of(row.name, "yes" if i < 3 else "no") for i, row in enumerate(rows)}
    said = figures.Said(MISTAKES, told, truth, Base(keep, None, rows, [row.name for row in rows]))
    (found,) = figures.by_confusion(said, 0.05)
    assert (found.seen, found.share.value, found.names) == (2, pytest.approx(0.4), ("polite",))


def test_scores_are_held_against_what_the_trusted_rater_calls_yes(keep: Keep) -> None:
    judge_all(keep)
    label_all(keep, READER)
    low, high = check(keep, QUESTION, JUDGE, READER).parts[0].calibration
    assert (low.score, high.score) == (pytest.approx(0.1), pytest.approx(0.9))
    assert low.share.value < high.share.value  # type: ignore[operator]


def test_a_rater_is_not_checked_against_itself(keep: Keep) -> None:
    judge_all(keep)
    with pytest.raises(Refusal, match="itself"):
        check(keep, QUESTION, JUDGE, JUDGE)


def test_a_trusted_rater_that_labelled_nothing_is_told_what_to_do(keep: Keep) -> None:
    judge_all(keep)
    with pytest.raises(Refusal, match="allegiance label"):
        check(keep, QUESTION, JUDGE, READER)


def test_a_rater_that_is_not_trusted_makes_no_error_rates(keep: Keep) -> None:
    judge_all(keep)
    judge_all(keep, WILD, wrong=7)
    assert any("not a trusted rater" in said for said in check(keep, QUESTION, JUDGE, WILD).warnings)


def test_the_newest_draw_that_was_labelled_is_found(keep: Keep, drawn: Draw) -> None:
    label_draw(keep, drawn)
    keep.draw(Design(n=10))
    assert find_base(keep, QUESTION, READER) == drawn
    assert find_base(keep, QUESTION, person("nobody")) is None


def label_of(name: str, value: str) -> Label:
    return Label(transcript=name, question="", rater="", value=value)


class Uniform(Base):
    """A uniform draw without a study."""

    def __init__(self, rows: Sequence[Row], read: Sequence[str]) -> None:
        super().__init__(None, None, rows, read)  # type: ignore[arg-type]
        self.design = "uniform"


def test_over_all_draws_of_a_small_population_each_figure_is_missed_by_one_in_five_at_most() -> None:
    """Every draw of 4 from 9, at 80 %: the exact coverage of each figure, with no simulation."""
    rows = [Row(name=f"t{i}", text_digest="") for i in range(9)]
    told = {row.name: label_of(row.name, "yes" if i in {0, 1, 5} else "no") for i, row in enumerate(rows)}
    truth = {row.name: label_of(row.name, "yes" if i < 3 else "no") for i, row in enumerate(rows)}

    def all_of(read: Sequence[str]) -> dict[str, figures.Figure]:
        said = figures.Said(QUESTION, told, truth, Uniform(rows, read))
        made = (*figures.agreement(said, 0.2), *figures.by_answer(said, "yes", 0.2).all)
        return {each.name: each for each in made}

    whole = all_of([row.name for row in rows])
    missed = dict.fromkeys(whole, 0)
    draws = list(itertools.combinations([row.name for row in rows], 4))
    for read in draws:
        for name, each in all_of(read).items():
            missed[name] += not each.low - 1e-9 <= whole[name].value <= each.high + 1e-9  # type: ignore[operator]
    assert {name: n / len(draws) for name, n in missed.items() if n / len(draws) > 0.2} == {}
    assert np.mean(list(missed.values())) < 0.2 * len(draws)
