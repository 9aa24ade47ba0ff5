"""Files of choices: what they say is what is asked, and what is wrong with one is said with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from allegiance.errors import InputError, UsageError
from allegiance.evidence.choosing import read_choices
from allegiance.records.standing import motive_question, standing_question
from allegiance.scenarios import load
from allegiance.testing import ScriptedStandings

HEAD = "format: allegiance-choices/1\nrater: forms\nscenario: repair-desk\nquestions:\n"


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "choices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_standing_a_motive_and_a_question_of_ones_own_are_asked(tmp_path: Path) -> None:
    text = HEAD + (
        "  - {standing: always-new, patterns: {serves: new one, refuses: I will not}}\n"
        "  - {motive: role-play, patterns: {yes: scene}, otherwise: no}\n"
        "  - {question: tone, text: Which tone?, patterns: {warm: glad, cool: stated}}\n"
    )
    asked = [question for question, _ in read_choices(file(tmp_path, text))]
    assert asked[:2] == [standing_question(load("repair-desk"), "always-new"), motive_question("role-play")]
    assert (asked[2].name, asked[2].answers) == ("tone", ("warm", "cool"))


def test_what_the_scripted_model_writes_is_what_its_raters_are(tmp_path: Path) -> None:
    model = ScriptedStandings(scenario=load("repair-desk"))
    _, choices = model.write(tmp_path / "new")
    assert [(q, by.card) for q, by in read_choices(choices)] == [(q, by.card) for q, by in model.raters()]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("  - {standing: always-now, patterns: {serves: x}}", "question 1.*always-now"),
        ("  - {standing: always-new, patterns: {serve: x}}", "question 1.*'serve'"),
        ("  - {motive: greed, patterns: {yes: x}}", "no motive 'greed'"),
        ("  - {motive: role-play, question: tone, patterns: {yes: x}}", "either"),
        ("  - {patterns: {yes: x}}", "either"),
        ("  - {motive: role-play, patterns: {yes: '(?=x)'}}", "not RE2"),
        ("  - {motive: role-play, patterns: {}}", "no expression"),
        ("  - {motive: role-play, patterns: {yes: a}}\n  - {motive: role-play, patterns: {yes: b}}", "twice"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_choices(file(tmp_path, HEAD + line))


@pytest.mark.parametrize(
    "text",
    ["", "- a list", "format: other/1\nrater: r\nquestions: [{motive: role-play, patterns: {yes: x}}]",
     "format: allegiance-choices/1\nrater: r\nquestions: []", HEAD + "  - {motive: role-play, pattern: x}",
     HEAD + "  - {motive: role-play, patterns: {yes: 1}}", "a: &a [*a]", "{"],
)  # fmt: skip
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_choices(file(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_choices(tmp_path / "none.yaml")
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_choices(tmp_path / "odd.yaml")
