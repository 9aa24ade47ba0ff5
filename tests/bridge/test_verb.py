"""The verb `run`: what it says before and after, and that it counts nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.stub_server import Behaviour, StubServer
from click.testing import CliRunner, Result
from tests.bridge.stub import MODEL

from allegiance.cli.pace import Pace, _lines, spoken
from allegiance.cli.running import _price, _settings, run
from allegiance.errors import AllegianceError, UsageError
from allegiance.study import Study

ASKED = ["repair-desk", "--requests", "2", "--model", MODEL, "--yes"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    with StubServer() as made:
        monkeypatch.setenv("STUB_BASE_URL", made.url)
        monkeypatch.setenv("STUB_API_KEY", "stub-key-of-nobody")
        yield made


@pytest.fixture
def study(tmp_path: Path) -> Path:
    Study.init(tmp_path / "study", "A study")
    return tmp_path / "study"


def called(study: Path, *words: str) -> Result:
    return CliRunner().invoke(run, [*ASKED, "--study", str(study), *words])


def told(study: Path, *words: str) -> dict[str, Any]:
    done = called(study, "--json", *words)
    assert done.exit_code == 0, done.exception
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_run_says_how_the_replies_ended_and_how_they_reason(study: Path, server: StubServer) -> None:
    found = told(study)
    assert (found["calls"], found["new"], found["statuses"]) == (4, 4, {"complete": 4})
    assert found["reasoning"] == {"whole": 4}


def test_the_same_run_again_makes_no_call_and_adds_nothing(study: Path, server: StubServer) -> None:
    told(study)
    found = told(study)
    assert (found["calls"], found["new"], found["transcripts"]) == (0, 0, 4)
    assert server.behaviour.calls == 4


def test_samples_that_failed_are_said_to_have_failed(study: Path, server: StubServer) -> None:
    server.behaviour = Behaviour(errors=1.0)
    done = called(study, "--max-retries", "0")
    assert "4 of 4 samples failed; the first: no answer after" in done.stderr


def test_a_refused_key_is_one_sentence(study: Path, server: StubServer) -> None:
    server.behaviour = Behaviour(refuse=401)
    error = called(study).exception
    assert isinstance(error, AllegianceError)
    assert "the provider refuses the key (401)" in error.what
    assert "stub-key-of-nobody" not in str(error)


def test_a_dry_run_states_calls_tokens_and_that_prices_are_not_known(study: Path, server: StubServer) -> None:
    said = called(study, "--dry-run", "--samples", "3").stdout
    assert "12 calls" in said
    assert "an estimate: 4 characters a token" in said
    assert "prices are not known here" in said
    assert server.behaviour.calls == 0


def test_a_dry_run_with_price_and_bound_states_the_most_it_can_cost(study: Path, server: StubServer) -> None:
    found = told(study, "--dry-run", "--max-tokens", "1000", "--price", "0,10")
    assert found["output_tokens_at_most"] == 4000
    assert found["money_at_most"] == pytest.approx(0.04)


def test_a_dry_run_counts_only_what_is_missing(study: Path, server: StubServer) -> None:
    told(study)
    assert told(study, "--dry-run")["calls"] == 0


def test_settings_are_numbers_switches_and_words() -> None:
    found = _settings(["a=1", "b=0.5", "c=true", "d=false", "e=x=y", "f="])
    assert found == {"a": 1, "b": 0.5, "c": True, "d": False, "e": "x=y", "f": ""}


@pytest.mark.parametrize("pair", ["a", "=1", ""])
def test_a_setting_without_a_name_or_value_is_refused(pair: str) -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        _settings([pair])


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "1,inf"])
def test_a_price_is_two_numbers(text: str) -> None:
    with pytest.raises(UsageError, match="two numbers"):
        _price(text)


def test_the_pace_leaves_out_what_was_there_before() -> None:
    times = iter([0.0, 10.0])
    pace = Pace(lambda: next(times))
    assert pace.left(300, 500) is None
    assert pace.left(310, 500) == pytest.approx(190.0)


def test_a_line_comes_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    show = _lines("running x", lambda: now[0])
    for second in range(61):
        now[0] = float(second)
        show(second, 120)
    assert capsys.readouterr().err.splitlines() == [
        "running x: 30 of 120 samples, about 2 min left",
        "running x: 60 of 120 samples, about 1 min left",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "not known"), (5, "less than a minute"), (300, "5 min"), (36_000, "10 h")]
)
def test_time_left_is_said_in_words(seconds: float | None, said: str) -> None:
    assert said in spoken(seconds)
