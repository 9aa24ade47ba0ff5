"""The verb that cites, and the verbs that mind the half to confirm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.conftest import MAPPING, chats

from allegiance.cli import cli
from allegiance.errors import AllegianceError, Refusal


def run(study: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "--study", str(study)], env={"ALLEGIANCE_READER": "me"})


def said(study: Path, *words: str) -> str:
    done = run(study, *words)
    assert done.exit_code == 0, done.output or done.exception
    return done.stdout


def refused(study: Path, *words: str) -> AllegianceError:
    error = run(study, *words).exception
    assert isinstance(error, AllegianceError)
    return error


@pytest.fixture
def read(study: Path) -> Path:
    """A study with a draw of five, of which rank 2 was opened."""
    said(study, "draw", "5")
    said(study, "read", "--draw", "1", "--rank", "2")
    return study


def test_a_citation_is_a_block_quote_with_address_route_and_what_it_supports(read: Path) -> None:
    lines = said(read, "cite", "@1", "request").splitlines()
    assert lines[0] == "> request"
    assert ", message 1 (user), characters " in lines[2]
    assert lines[3].startswith("> Route: 2nd of 5 drawn uniformly from 24, 0 of 5 labelled; nothing had been read")
    assert lines[4].startswith("> Supports: at least one such transcript exists; with its draw, the rate in the 24")


def test_a_citation_in_json_holds_record_and_sentences(read: Path) -> None:
    made = json.loads(said(read, "cite", "@1", "request", "--format", "json"))
    assert made["number"] == 1
    assert made["citation"]["route"]["rank"] == 2
    assert (made["quote"], made["next"]) == ("request", "allegiance claim rate --draw 1")


def test_a_citation_in_csl_is_one_item_with_the_fields_of_the_schema(read: Path) -> None:
    (item,) = json.loads(said(read, "cite", "@1", "request", "--format", "csl"))
    known = {
        "id", "type", "genre", "title", "author", "archive", "archive_location", "locator", "abstract", "note",
        "custom",
    }  # fmt: skip
    assert set(item) == known
    assert (item["type"], item["author"], item["abstract"]) == ("document", [{"literal": "small"}], "request")
    assert item["archive_location"] == item["custom"]["allegiance"]["citation"]["transcript"]


def test_what_differs_from_the_stored_words_is_told(read: Path) -> None:
    done = run(read, "cite", "@1", "]  request")
    assert "the quote is not letter for letter: character" in done.stderr
    assert done.stdout.splitlines()[0] == "> ] request"
    assert ", found under quote/1" in done.stdout


def test_words_left_out_are_shown_as_left_out(read: Path) -> None:
    assert said(read, "cite", "@1", "[ … request", "--gaps").splitlines()[0] == "> [ […] request"


def test_a_quote_with_a_route_is_a_claim_that_verifies(read: Path) -> None:
    said(read, "cite", "@1", "request")
    bundle = json.loads(said(read, "claim", "quote", "1", "--json"))["bundle"]
    done = CliRunner().invoke(cli, ["verify", bundle, "--json"])
    assert json.loads(done.stdout)["verified"] is True


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("claim", "rate", "--search", "1"), "hits of a search carry no rate"),
        (("claim", "at-most", "5%", "--browsed"), "read in list order or by name carries no rate"),
        (("claim", "at-least", "5%", "--citation", "1"), "one transcript that is quoted carries no rate"),
        (("claim", "quote", "1", "--typical"), "nothing shows that this transcript is typical"),
        (("draw", "--by", "complies@pattern/complies", "--top", "3"), "an average over them is about them"),
        (("cite", "@1", "request", "--striking"), "1 of the 5 drawn have been opened on record"),
    ],
)
def test_what_a_route_does_not_carry_is_refused(read: Path, words: tuple[str, ...], what: str) -> None:
    said(read, "cite", "@1", "request")
    error = refused(read, *words)
    assert isinstance(error, Refusal)
    assert what in error.what
    assert error.next


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """A study of forty requests that was split at import, and rated by a pattern."""
    folder = tmp_path / "halves"
    CliRunner().invoke(cli, ["init", str(folder)])
    (tmp_path / "m.yaml").write_text(MAPPING, "utf-8")
    file = str(chats(tmp_path / "chats.jsonl", requests=40, samples=1))
    done = run(folder, "import", file, "--mapping", str(tmp_path / "m.yaml"), "--split")
    assert "the corpus is in two halves, by request" in done.stderr
    said(folder, "rate", "--question", "complies", "--yes-pattern", "^Yes")
    return folder


def test_a_draw_in_a_split_study_is_from_the_half_to_confirm_and_says_so(halves: Path) -> None:
    done = run(halves, "draw", "5")
    assert "about the half to confirm (split=confirm); for all: --both-halves" in done.stderr
    assert "of 80" not in done.stdout
    assert "of 80" in said(halves, "draw", "5", "--both-halves")


def test_a_claim_in_a_split_study_is_about_the_half_to_confirm(halves: Path) -> None:
    assert "split=confirm" in json.loads(said(halves, "claim", "rate", "--census", "--json"))["statement"]
    whole = run(halves, "claim", "rate", "--census", "--both-halves", "--json")
    assert "the whole corpus" in json.loads(whole.stdout)["statement"]
    assert "the half that was explored is in it" in whole.stderr


def test_a_gap_in_a_split_study_is_about_the_half_to_confirm(halves: Path) -> None:
    (found,) = json.loads(said(halves, "claim", "gap", "--json"))
    assert 0 < found["n_requests"] < 40


def test_a_filter_that_names_a_half_is_left_alone(halves: Path) -> None:
    done = run(halves, "draw", "5", "--where", "split=explore")
    assert done.stderr == ""


def test_a_new_study_is_offered_to_be_split(tmp_path: Path) -> None:
    CliRunner().invoke(cli, ["init", str(tmp_path / "new")])
    (tmp_path / "m.yaml").write_text(MAPPING, "utf-8")
    words = ("import", str(chats(tmp_path / "chats.jsonl")), "--mapping", str(tmp_path / "m.yaml"))
    assert "the same command with --split" in run(tmp_path / "new", *words).stderr
    assert "in two halves" in run(tmp_path / "new", *words, "--split").stderr
    assert "already" in run(tmp_path / "new", *words, "--split").stderr
