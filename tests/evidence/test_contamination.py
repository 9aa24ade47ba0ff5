"""The memory probe on models whose memory is known, and the table of known and paraphrased worlds."""

from __future__ import annotations

import random

import msgspec
import pytest

from allegiance.errors import Refusal
from allegiance.evidence.contamination import beside, longest_run, score
from allegiance.records.claim import Counts, Estimate
from allegiance.scenarios import load
from allegiance.scenarios.probing import Probes, our_control, probes_of, stage_probes, text_of, tokens
from allegiance.testing import MemorisedRun

SYLLABLES = ("bar", "den", "fil", "gos", "hem", "kir", "lun", "mar", "nov", "pel", "ros", "tam")
KNOWN = " ".join(f"{a}{b}{c}" for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES)
OTHER = " ".join(f"{a}{b}{c}" for a in SYLLABLES for b in SYLLABLES[::-1] for c in SYLLABLES[::-1])
PROBES = probes_of(KNOWN)


def probed(run: MemorisedRun, probes: Probes = PROBES) -> bool:
    return score(probes, run(stage_probes(probes))).flagged


def test_a_model_that_knows_the_text_is_flagged() -> None:
    found = score(PROBES, MemorisedRun(texts=(KNOWN,))(stage_probes(PROBES)))
    assert found.flagged
    assert found.p_value < 1e-6
    assert min(one.exact for one in found.known) == 25
    assert "more comes back of the text" in found.sentence


def test_a_model_that_does_not_know_it_is_not_flagged() -> None:
    found = score(PROBES, MemorisedRun()(stage_probes(PROBES)))
    assert not found.flagged
    assert found.sentence.startswith("it is not shown")


def test_models_that_know_nothing_are_flagged_no_more_often_than_was_said() -> None:
    flagged, scored = 0, 0
    for seed in range(200):
        rng = random.Random(seed)
        text, control = (" ".join(rng.choices(("ba", "do", "ki"), k=400)) for _ in range(2))
        small = probes_of(text, control, shown=20, hidden=20, most=8)
        found = score(small, MemorisedRun(filler="ba do ki", seed=seed)(stage_probes(small)), alpha=0.05)
        flagged, scored = flagged + found.flagged, scored + sum(one.score > 0 for one in found.known)
    assert scored > 200  # runs by chance are long enough to count here
    assert flagged <= 200 * 0.05 + 3 * (200 * 0.05) ** 0.5


def test_a_text_of_common_words_is_not_flagged_beside_a_control_of_rare_ones() -> None:
    probes = probes_of(our_control(), OTHER)
    assert not any(probed(MemorisedRun(seed=seed), probes) for seed in range(20))


def test_a_model_that_recalls_half_of_the_time_is_flagged() -> None:
    assert probed(MemorisedRun(texts=(KNOWN,), lapses=0.5))


def test_a_model_that_knows_text_and_control_is_not_flagged_for_the_text() -> None:
    assert not probed(MemorisedRun(texts=(KNOWN, OTHER)), probes_of(KNOWN, OTHER))


def test_the_words_of_a_scenario_can_be_probed() -> None:
    text = text_of(load("repair-desk"))
    probes = probes_of(text, shown=10, hidden=10)
    assert probed(MemorisedRun(texts=(text,)), probes)
    assert not probed(MemorisedRun(), probes)


def test_replies_that_never_came_do_not_help_to_flag() -> None:
    items = MemorisedRun(texts=(KNOWN,))(stage_probes(PROBES))
    lost = [
        msgspec.structs.replace(item, status="error", messages=item.messages[:1])
        if item.condition.levels["text"] == "control"
        else item
        for item in items
    ]
    found = score(PROBES, lost)
    assert not found.flagged
    assert found.missing == len(PROBES.control)


def test_too_few_passages_are_refused() -> None:
    with pytest.raises(Refusal, match="2 passages against 2 cannot reach"):
        score(probes_of(KNOWN, most=2), [])


def test_what_was_shown_is_no_continuation() -> None:
    hidden, shown = tokens("a b c d e"), tokens("x a b c")
    assert longest_run(tokens("so a b c d"), hidden, shown) == 4
    assert longest_run(tokens("so a b c"), hidden, shown) == 0
    assert longest_run(tokens("so d e f"), hidden, shown) == 2


def estimate(value: float, low: float, high: float) -> Estimate:
    counts = Counts(frame=1, used=1, yes=1, no=0)
    return Estimate(value=value, low=low, high=high, alpha=0.05, method="m", counts=counts)


def test_models_stand_beside_themselves_with_their_places_in_either_world() -> None:
    known = {"a": estimate(0.6, 0.5, 0.7), "b": estimate(0.2, 0.1, 0.3), "only": estimate(0, 0, 0)}
    other = {"a": estimate(0.1, 0.0, 0.2), "b": estimate(0.2, 0.1, 0.3)}
    rows = beside(known, other)
    assert [(row.name, row.place_known, row.place_paraphrased, row.apart) for row in rows] == [
        ("a", 1, 2, True),
        ("b", 2, 1, False),
        ("only", 0, 0, None),
    ]
