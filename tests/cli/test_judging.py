"""The verb `judge`: estimate, labels, canaries, refusal, and nothing paid twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.stub_server import Behaviour, StubServer
from click.testing import CliRunner, Result

from allegiance.cli.main import cli
from allegiance.study import Study
from allegiance.testing import tiny_corpus

TEXT = "Does the answer say REPLACE?"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of 40 transcripts in two tiers."""
    made = Study.init(tmp_path / "s", "judged")
    made.keep.add(tiny_corpus(10, 2))
    made.keep.database.close()
    return tmp_path / "s"


def judge(study: Path, *words: str) -> Result:
    options = ["--text", TEXT, "--view", "conversation", "--study", str(study)]
    return CliRunner().invoke(cli, ["judge", "--question", "replaces", *options, *words])


def direct(study: Path, told: Behaviour, *words: str) -> Result:
    with StubServer(told) as server:
        return judge(study, "--model", "m", "--direct", server.url, "--yes", "--json", *words)


def test_a_dry_run_says_what_it_costs_and_sends_nothing(study: Path) -> None:
    done = judge(study, "--model", "openai/none", "--dry-run", "--price", "1,2", "--json")
    [told] = json.loads(done.stdout)
    assert told["calls"] == 40 + 20 + 10 + 2
    assert told["money_at_most"] > 0
    assert told["sent"] == 0


def test_labels_are_saved_and_said_to_be_uncorrected(study: Path) -> None:
    [told] = json.loads(direct(study, Behaviour(verdict="yes")).stdout)
    assert told["labels"] == {"yes": 40, "no": 0, "unsure": 0, "unrated": 0}
    assert "as rated by judge:m:conversation, uncorrected; a draw of" in told["missing"]
    assert told["canaries"]["flipped twins"]["of"] == 20
    assert "known answer" in told["unsafe"]


def test_a_second_run_asks_nothing(study: Path) -> None:
    with StubServer(Behaviour(verdict="yes")) as server:
        for _ in range(2):
            judge(study, "--model", "m", "--direct", server.url, "--yes")
            calls, server.behaviour.calls = server.behaviour.calls, 0
    assert calls == 0


def test_a_run_that_was_refused_midway_goes_on_and_pays_for_nothing_twice(study: Path) -> None:
    told = Behaviour(verdict="yes", refuse=401, after=30)
    with StubServer(told) as server:
        options = ["--model", "m", "--direct", server.url, "--yes", "--json", "--max-connections", "1"]
        assert judge(study, *options).exit_code != 0
        told.refuse = 0
        [made] = json.loads(judge(study, *options).stdout)
    assert made["labels"]["yes"] == 40
    assert max(told.asked.values()) == 1
    assert told.answered == made["calls"] + 30


def test_a_claim_from_an_unsafe_judge_is_refused_unless_it_is_wished(study: Path) -> None:
    direct(study, Behaviour(verdict="yes"))
    claim = ["rate", "--census", "--question", "replaces", "--study", str(study)]
    refused = CliRunner().invoke(cli, ["claim", *claim])
    assert "unsafe for claims" in str(refused.exception)
    made = CliRunner().invoke(cli, ["claim", "--unsafe-judge", *claim], catch_exceptions=False)
    assert "is unsafe for claims (" in made.stdout


def test_judging_one_tier_is_warned_of(study: Path) -> None:
    done = judge(study, "--model", "mockllm/model", "--where", "tier=trained", "--dry-run")
    assert "only tier=trained is judged" in done.stderr


def test_several_views_are_several_raters(study: Path) -> None:
    told = json.loads(direct(study, Behaviour(verdict="no"), "--view", "answer").stdout)
    assert [one["rater"] for one in told] == ["judge:m:conversation", "judge:m:answer"]


def test_prose_of_inspects_mock_provider_is_unrated(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from inspect_ai.model import ModelOutput, ModelUsage
    from inspect_ai.model._providers.mockllm import MockLLM

    async def said(*_: object, **__: object) -> ModelOutput:
        output = ModelOutput.from_content("mockllm", "I think yes.")
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    monkeypatch.setattr(MockLLM, "generate", said)
    done = judge(study, "--model", "mockllm/model", "--json", "--where", "tier=trained")
    [told] = json.loads(done.stdout[done.stdout.index("[") :])
    assert told["labels"]["unrated"] == 20
    assert told["parses"] == {"not JSON": 20}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--budget", "1", "--dry-run"], "needs a price"),
        (["-M", "api_key=x", "--dry-run"], "looks like a secret"),
        (["--draw", "1", "--where", "tier=trained"], "Leave --where out"),
        (["--view", "answer", "--rater", "one"], "several raters"),
        (["--direct", "http://example.org/v1", "--yes"], "in the clear"),
        (["--key-env", "X", "--yes"], "for --direct only"),
    ],
)
def test_options_that_do_not_fit_are_refused(study: Path, words: list[str], message: str) -> None:
    done = judge(study, "--model", "mockllm/model", *words)
    assert message in str(done.exception)


def test_no_key_is_in_any_file_of_the_study(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "word-that-nobody-may-see")
    direct(study, Behaviour(verdict="yes"), "--key-env", "SOME_API_KEY")
    held = [path.read_bytes() for path in study.rglob("*") if path.is_file()]
    assert len(held) > 4
    assert all(b"word-that-nobody-may-see" not in data for data in held)
