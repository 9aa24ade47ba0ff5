"""Runs through Inspect: every sample comes back, a stopped run goes on, nothing is counted twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log

from allegiance.bridge.run import InspectRun, count_calls
from allegiance.corpus.importers import plan_import
from allegiance.errors import MissingExtra, RunError, UsageError
from allegiance.records.prompt import Prompt
from allegiance.records.transcript import Transcript

Prompts = tuple[Prompt, ...]


def logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.eval"))


def said(items: Sequence[Transcript]) -> list[str]:
    return [item.answer for item in items]


def test_a_run_keeps_a_log_that_inspect_reads(run: InspectRun, prompts: Prompts) -> None:
    run(prompts)
    [info] = list_eval_logs(str(run.log_dir))
    log = read_eval_log(info)
    assert (log.status, len(log.samples or [])) == ("success", len(prompts))


def test_every_prompt_is_a_transcript_in_order(run: InspectRun, prompts: Prompts) -> None:
    found = [(item.request, item.condition, item.canary, item.sample) for item in run(prompts)]
    assert found == [(prompt.request, prompt.condition, prompt.canary, 0) for prompt in prompts]


def test_the_model_sees_the_messages_of_the_prompt_and_nothing_else(run: InspectRun, prompts: Prompts) -> None:
    for prompt, item in zip(prompts, run(prompts), strict=True):
        assert [(m.role, m.text()) for m in item.messages[:-1]] == [(m.role, m.text()) for m in prompt.messages]


def test_repeats_are_transcripts_of_their_own(run: InspectRun, prompts: Prompts) -> None:
    items = dataclasses.replace(run, samples=3)(prompts)
    assert [item.sample for item in items] == [0, 1, 2] * len(prompts)
    assert len({item.name for item in items}) == 3 * len(prompts)


def test_importing_the_kept_logs_gives_the_same_transcripts(run: InspectRun, prompts: Prompts) -> None:
    items = dataclasses.replace(run, samples=2)(prompts)
    again = plan_import([run.log_dir], None).transcripts
    assert sorted(item.name for item in again) == sorted(item.name for item in items)


def test_a_sample_that_failed_is_a_transcript_with_status_error(
    run: InspectRun, prompts: Prompts, script: Any
) -> None:
    script.fails_on = "bicycle"
    statuses = {item.request: item.status for item in run(prompts)}
    assert statuses == {"chair-leg": "complete", "bike-tube": "error", "jacket-zip": "complete"}


def test_a_reply_that_was_cut_off_is_not_complete(run: InspectRun, prompts: Prompts, script: Any) -> None:
    script.stop_reason = "max_tokens"
    assert {item.status for item in run(prompts)} == {"truncated"}


def test_a_run_that_is_done_makes_no_further_call(run: InspectRun, prompts: Prompts, script: Any) -> None:
    first = run(prompts)
    second = run(prompts)
    assert len(script.asked) == len(prompts)
    assert [item.name for item in first] == [item.name for item in second]


def test_after_a_failure_half_way_only_what_failed_is_asked_again(
    run: InspectRun, prompts: Prompts, script: Any
) -> None:
    script.fails_after = 3
    broken = run(prompts)
    script.fails_after = None
    assert run.pending(prompts) == 3
    whole = run(prompts)
    assert [item.status for item in broken].count("error") == 3
    assert {item.status for item in whole} == {"complete"}
    assert len(script.asked) == len(prompts) + 3
    kept = set(said(broken)) - {""}
    assert kept < set(said(whole))


def test_a_resumed_run_has_each_sample_once(run: InspectRun, prompts: Prompts, script: Any) -> None:
    script.fails_after = 3
    run(prompts)
    script.fails_after = None
    items = run(prompts)
    assert len({(item.request, item.condition.name, item.sample) for item in items}) == len(items) == len(prompts)


def test_a_run_that_is_not_resumed_asks_everything_again(run: InspectRun, prompts: Prompts, script: Any) -> None:
    first = run(prompts)
    second = dataclasses.replace(run, resume=False)(prompts)
    assert len(script.asked) == 2 * len(prompts)
    assert not {item.name for item in first} & {item.name for item in second}


@pytest.mark.parametrize("change", [{"samples": 2}, {"seed": 1}, {"model": "fake/other"}])
def test_another_plan_is_another_run(run: InspectRun, prompts: Prompts, change: dict[str, Any]) -> None:
    run(prompts)
    other = dataclasses.replace(run, **change)
    assert other.pending(prompts) == count_calls(prompts, other.samples)


def test_a_torn_log_beside_the_run_does_no_harm(run: InspectRun, prompts: Prompts, script: Any) -> None:
    run(prompts)
    (run.log_dir / "2020-01-01T00-00-00-00-00_allegiance_torn.eval").write_bytes(
        logs(run.log_dir)[0].read_bytes()[:700]
    )
    run(prompts)
    assert len(script.asked) == len(prompts)


def test_progress_counts_every_sample_to_the_end(run: InspectRun, prompts: Prompts, script: Any) -> None:
    seen: list[tuple[int, int]] = []
    script.fails_on = "bicycle"
    dataclasses.replace(run, on_progress=lambda done, total: seen.append((done, total)))(prompts)
    assert seen == [(done, len(prompts)) for done in range(len(prompts) + 1)]


def test_the_number_of_calls_is_prompts_times_samples(prompts: Prompts) -> None:
    assert count_calls(prompts, 3) == 18


def test_a_key_from_the_environment_is_nowhere_in_the_log(
    run: InspectRun, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_API_KEY", "sk-do-not-keep-me")
    run(prompts)
    log = read_eval_log(str(logs(run.log_dir)[0]))
    assert "sk-do-not-keep-me" not in log.model_dump_json()


@pytest.mark.parametrize("name", ["api_key", "aws_secret", "hf_token", "PASSWORD"])
def test_a_secret_among_the_settings_is_refused(run: InspectRun, prompts: Prompts, name: str) -> None:
    with pytest.raises(UsageError, match="looks like a secret"):
        dataclasses.replace(run, model_args={name: "sk-x"})(prompts)
    assert not run.log_dir.exists()


def test_an_unknown_provider_is_told_and_nothing_is_written(run: InspectRun, prompts: Prompts) -> None:
    with pytest.raises(RunError, match="cannot be used"):
        dataclasses.replace(run, model="nosuchprovider/x")(prompts)
    assert not logs(run.log_dir)


def test_one_prompt_twice_is_refused(run: InspectRun, prompts: Prompts) -> None:
    with pytest.raises(UsageError, match="two prompts"):
        run([prompts[0], prompts[0]])


def test_nothing_to_run_is_refused(run: InspectRun) -> None:
    with pytest.raises(UsageError, match="nothing to run"):
        run([])


def test_without_inspect_the_extra_is_named(
    run: InspectRun, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allegiance.bridge.needs.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"allegiance\[run\]"):
        run(prompts)


def test_a_model_that_takes_no_grammar_is_not_said_to_be_forced(
    run: InspectRun, prompts: Prompts, script: Any
) -> None:
    run(prompts)
    log = read_eval_log(str(logs(run.log_dir)[0]))
    assert {sample.metadata["allegiance"]["grammar_forced"] for sample in log.samples or []} == {False}
    assert {config.extra_body is None for config in script.configs} == {True}
