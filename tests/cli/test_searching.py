"""The verbs that search."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from allegiance.cli.main import cli
from allegiance.errors import UsageError


def run(*words: str) -> str:
    done = CliRunner().invoke(cli, list(words), catch_exceptions=False, standalone_mode=False)
    return done.output


def found(study: Path, *words: str) -> dict[str, object]:
    return json.loads(run("search", *words, "--json", "--study", str(study)))  # type: ignore[no-any-return]


def test_words_are_indexed_when_they_are_first_looked_for(study: Path) -> None:
    shown = found(study, "request yes", "-n", "2")
    assert (shown["kind"], shown["searched"], shown["missing"], shown["exact"]) == ("words", 24, 0, True)
    assert len(shown["shown"]) == 2  # type: ignore[arg-type]


def test_text_marks_the_matches_and_says_how_many_there_are(study: Path) -> None:
    text = run("search", "answer:yes", "-n", "1", "--study", str(study))
    head, first, why = text.splitlines()
    assert "transcripts have these words, counted exactly; 1 shown" in head
    assert first.endswith("[Yes].")
    assert why.strip() == "answer:yes: answer 1"


def test_a_query_between_slashes_is_a_pattern(study: Path) -> None:
    assert found(study, "/Y.s/", "--in", "answer")["query"] == "answer:/Y.s/"
    assert found(study, "Y.s", "--by", "pattern")["kind"] == "pattern"


def test_a_place_can_be_given_for_all_words(study: Path) -> None:
    assert found(study, "free OR paid", "--in", "user")["query"] == "user:free OR user:paid"


@pytest.mark.parametrize(
    "words", [["(a"], [""], ["/(/"], ["a", "--like", "b"], ["--like", "x", "--by", "words"], []]
)
def test_what_is_no_search_is_called_wrongly(study: Path, words: list[str]) -> None:
    with pytest.raises(UsageError):
        run("search", *words, "--study", str(study))


def test_without_the_engine_the_characters_are_looked_for(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tantivy", None)
    monkeypatch.setattr("allegiance.evidence.searching.ready", lambda: False)
    text = run("search", "Yes.", "--study", str(study))
    assert "full-text search is not installed" in text
    assert "transcripts have these words" in text


def test_the_index_can_be_made_anew(study: Path) -> None:
    assert json.loads(run("corpus", "index", "--json", "--study", str(study)))["new"] == 24
    assert json.loads(run("corpus", "index", "--json", "--study", str(study)))["new"] == 0
    assert json.loads(run("corpus", "index", "--rebuild", "--json", "--study", str(study)))["new"] == 24
