"""The verbs about raters and questions, from a command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.conftest import MAPPING, chats

from allegiance.cli.main import cli
from allegiance.errors import AllegianceError
from allegiance.rating.people import person
from allegiance.records.label import Label
from allegiance.study import Study

RUN = CliRunner()
WORDS = "test|hypothetical|not real|fictional|evaluat"


def ok(*words: str) -> str:
    """What a verb that must succeed prints on standard output."""
    done = RUN.invoke(cli, words, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.stdout


def fails(*words: str, code: int) -> str:
    """What a verb that must fail says."""
    error = RUN.invoke(cli, words, standalone_mode=False).exception
    assert isinstance(error, AllegianceError), error
    assert error.exit_code == code
    return f"{error.what} {error.next}"


def labelled(study: Path, question: str = "complies", *, flip: int = 5) -> None:
    """A person's labels of all that the newest draw holds; every `flip`-th is against the pattern's."""
    keep = Study(study).keep
    asked = next(one for one in keep.labels.questions() if one.name == question)
    draw, reader = keep.draws()[-1], person("ab")
    batch = []
    for at, name in enumerate(draw.items):
        yes = keep.corpus.get(name).answer.startswith("Yes") is bool(at % flip)
        batch.append(
            Label(transcript=name, question=asked.digest, rater=reader.digest, value="yes" if yes else "no")
        )
    keep.labels.save(asked, reader, batch)
    keep.database.close()


def test_the_library_is_listed_and_shown() -> None:
    assert "doubts-the-set-up" in ok("questions")
    shown = ok("questions", "doubts-the-set-up")
    assert "its counterpart is mentions-a-test" in shown
    assert "known confusions" in shown
    told = json.loads(ok("questions", "complies", "--json"))
    assert told["answers"] == ["full", "partial", "refuses"]
    assert "Did you mean" in fails("questions", "complis", code=2)


def test_a_question_of_the_library_needs_no_text(study: Path) -> None:
    ok("rate", "--question", "mentions-a-test", "--yes-pattern", WORDS, "--study", str(study))
    ok("draw", "--census", "--study", str(study))
    said = ok("claim", "rate", "--draw", "1", "--question", "mentions-a-test", "--study", str(study))
    assert "Does the transcript use words such as test" in said


def test_a_pattern_behind_an_act_is_told_what_it_is_and_gets_no_rate(study: Path) -> None:
    said = ok("rate", "--question", "doubts-the-set-up", "--yes-pattern", WORDS, "--study", str(study))
    assert "is a pattern: it finds words" in said
    ok("draw", "--census", "--study", str(study))
    refused = fails(
        "claim", "rate", "--draw", "1", "--question", "doubts-the-set-up", "--study", str(study), code=3
    )
    assert "is no rate of" in refused
    assert "mentions-a-test" in refused


def test_raters_are_listed_with_what_their_labels_are_worth(study: Path) -> None:
    (row,) = json.loads(ok("rater", "list", "--study", str(study), "--json"))
    assert (row["rater"], row["basis"], row["labelled"]) == ("pattern/complies", "as rated", 24)


def test_a_card_says_what_makes_the_rater(study: Path) -> None:
    assert "^Yes" in ok("rater", "card", "pattern/complies", "--study", str(study))
    assert "Known: pattern/complies" in fails("rater", "card", "judge", "--study", str(study), code=2)


def test_a_check_prints_agreement_with_intervals_and_a_baseline_beside_it(study: Path) -> None:
    ok("draw", "16", "--study", str(study))
    labelled(study)
    call = ("rater", "check", "pattern/complies", "--against", "ab", "--by", "tier", "--baselines")
    said = ok(*call, "--study", str(study))
    for word in ("raw agreement", "kappa", "alpha", "AC1", "'yes': sensitivity", "tier=free", "baseline/refusal"):
        assert word in said
    told = json.loads(ok(*call, "--study", str(study), "--json"))
    assert told["claim"] is False
    assert [each["rater"] for each in told["checks"]] == ["pattern/complies", "baseline/refusal"]


def test_a_plot_needs_scores(study: Path, tmp_path: Path) -> None:
    ok("draw", "16", "--study", str(study))
    labelled(study)
    call = ("rater", "check", "pattern/complies", "--against", "ab", "--plot", str(tmp_path / "c.svg"))
    assert "no scores" in fails(*call, "--study", str(study), code=2)


def test_raters_are_compared_with_the_rate_under_each(study: Path) -> None:
    again = ("rate", "--question", "complies", "--yes-pattern", "^(Yes|No)", "--rater", "both")
    ok(*again, "--study", str(study))
    said = ok("rater", "compare", "pattern/complies", "both", "--question", "complies", "--study", str(study))
    assert "the rate is a property of the rater" in said


def test_a_rate_that_nobody_corrected_says_what_would(study: Path) -> None:
    said = ok(
        "rate", "--question", "polite", "--text", "Is it polite?", "--yes-pattern", "^Yes", "--study", str(study)
    )
    assert "as rated by pattern/polite, uncorrected; a draw of" in said
    ok("draw", "--census", "--study", str(study))
    said = ok("claim", "rate", "--draw", "1", "--question", "polite", "--study", str(study))
    assert "a draw of" in said.splitlines()[-1]


def test_drift_between_two_cards_is_shown(study: Path) -> None:
    again = ("rate", "--question", "complies", "--yes-pattern", "^(Yes|No)", "--rater", "later")
    ok(*again, "--study", str(study))
    assert "changed" in ok("rater", "drift", "pattern/complies", "later", "--study", str(study))
    assert "twice" in fails("rater", "drift", "pattern/complies", "--study", str(study), code=3)


def test_a_joint_table_of_two_questions_is_printed(study: Path) -> None:
    ok("rate", "--question", "mentions-a-test", "--yes-pattern", "e", "--study", str(study))
    fields = ("complies@pattern/complies", "mentions-a-test@pattern/mentions-a-test")
    told = json.loads(ok("rater", "joint", *fields, "--by", "tier", "--study", str(study), "--json"))
    assert sum(cell["n"] for cell in told["parts"][0]["cells"]) == 24


def test_a_classifier_is_trained_rates_and_is_checked_with_its_curve(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("wordllama")
    study, mapping, plot = tmp_path / "study", tmp_path / "chats.yaml", tmp_path / "curve.svg"
    mapping.write_text(MAPPING, encoding="utf-8")
    ok("init", str(study), "--question", "Does it comply?")
    ok("import", str(chats(tmp_path / "chats.jsonl", 14)), "--mapping", str(mapping), "--study", str(study))
    ok("rate", "--question", "complies", "--yes-pattern", "^Yes", "--study", str(study))
    ok("draw", "--census", "--study", str(study))
    labelled(study, flip=1000)
    assert "trained on" in ok("rater", "train", "--question", "complies", "--from", "ab", "--study", str(study))
    told = json.loads(ok("rate", "--classifier", "classifier/complies", "--study", str(study), "--json"))
    assert (told["new"], told["yes"]) == (56, 19)
    call = ("rater", "check", "classifier/complies", "--against", "ab", "--plot", str(plot), "--json")
    told = json.loads(ok(*call, "--study", str(study)))["checks"][0]["parts"][0]
    assert told["agreement"][0]["value"] > 0.9
    assert told["calibration"]
    assert plot.read_text("utf-8").startswith("<svg")
    (file,) = (study / "raters").iterdir()
    file.write_bytes(file.read_bytes().replace(b'"labels": 56', b'"labels": 57'))
    assert "was changed" in fails("rate", "--classifier", "classifier/complies", "--study", str(study), code=1)


def test_too_few_labels_to_train_on_are_refused(study: Path) -> None:
    ok("draw", "--census", "--study", str(study))
    labelled(study)
    call = ("rater", "train", "--question", "complies", "--from", "ab", "--study", str(study))
    pytest.importorskip("wordllama")
    assert "needs 10" in fails(*call, code=3)


def test_a_rater_that_is_misspelt_does_nothing(study: Path) -> None:
    assert "chek" in fails("rater", "chek", "--study", str(study), code=2)
