"""Runs against a local server that fails, refuses and cuts off: every reply is kept, nothing is asked in vain."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.kill_run import kill_and_resume
from benchmarks.stub_server import KEYS, Behaviour, StubServer
from tests.bridge.stub import MODEL, asks, many

from allegiance.bridge.run import InspectRun
from allegiance.errors import RunError, UsageError
from allegiance.records.reasoning import of
from allegiance.records.transcript import Message, Part, Transcript


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    with StubServer() as made:
        monkeypatch.setenv("STUB_BASE_URL", made.url)
        monkeypatch.setenv("STUB_API_KEY", "stub-key-of-nobody")
        yield made


@pytest.fixture
def run(tmp_path: Path, server: StubServer) -> InspectRun:
    return InspectRun(MODEL, tmp_path / "runs", max_connections=4, max_retries=0)


def replies(item: Transcript) -> list[dict[str, Any]]:
    metadata: Any = item.metadata["metadata"]
    return list(metadata["allegiance"]["replies"])


def test_every_kind_of_reply_is_kept_with_a_status_of_its_own(run: InspectRun, server: StubServer) -> None:
    items = run([asks(kind, f"please-{kind}") for kind in KEYS])
    found = {item.request: (item.status, item.answer) for item in items}
    assert found == {
        "refuse": ("refused", "I will not."),
        "empty": ("complete", ""),
        "cut": ("truncated", "<scratchpad>and then"),
        "filter": ("filtered", ""),
    }


def test_no_reply_is_asked_for_again_because_of_what_it_says(run: InspectRun, server: StubServer) -> None:
    prompts = [asks(kind, f"please-{kind}") for kind in KEYS]
    first = [item.name for item in run(prompts)]
    assert [item.name for item in run(prompts)] == first
    assert server.behaviour.calls == len(KEYS)


def test_kept_replies_are_read_whatever_they_say(run: InspectRun, server: StubServer) -> None:
    prompts = [asks(kind, f"please-{kind}") for kind in KEYS]
    cached = dataclasses.replace(run, cache=True)
    first = [item.name for item in cached(prompts)]
    again = dataclasses.replace(cached, resume=False)(prompts)
    assert [item.name for item in again] == first
    assert server.behaviour.calls == len(KEYS)


def test_with_kept_replies_more_repeats_ask_only_for_what_is_new(run: InspectRun, server: StubServer) -> None:
    cached = dataclasses.replace(run, cache=True)
    two = dataclasses.replace(cached, samples=2)(many(3))
    five = dataclasses.replace(cached, samples=5)(many(3))
    assert server.behaviour.calls == 15
    assert {item.name for item in two} < {item.name for item in five}
    assert len({item.answer for item in five}) == 15


def test_a_kept_reply_that_is_damaged_is_asked_for_again(run: InspectRun, server: StubServer) -> None:
    cached = dataclasses.replace(run, cache=True)
    cached(many(1))
    [path] = (run.log_dir / "replies").rglob("*.reply")
    path.write_bytes(b'{"run": "x", "output": [')
    dataclasses.replace(cached, resume=False)(many(1))
    assert server.behaviour.calls == 2


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, "invalid_api_key", "refuses the key"),
        (403, "forbidden", "does not allow"),
        (404, "model_not_found", "does not know the model"),
    ],
)
def test_an_error_for_all_stops_the_run_at_once(
    run: InspectRun, server: StubServer, status: int, code: str, said: str
) -> None:
    server.behaviour = Behaviour(refuse=status, code=code, after=2)
    with pytest.raises(RunError, match=said):
        run(many(30))
    assert server.behaviour.calls <= 2 + 4
    server.behaviour = Behaviour()
    assert {item.status for item in run(many(30))} == {"complete"}
    assert 28 <= server.behaviour.calls <= 30


def test_an_error_is_kept_with_the_number_of_tries(run: InspectRun, server: StubServer) -> None:
    server.behaviour = Behaviour(errors=1.0)
    [item] = run(many(1))
    assert item.status == "error"
    assert replies(item) == [{"stop": "error", "tries": server.behaviour.calls}]
    error: Any = item.metadata["error"]
    assert error["message"].startswith(f"no answer after {server.behaviour.calls} tries: ")


def test_a_sample_that_is_asked_again_says_that_it_failed_before(run: InspectRun, server: StubServer) -> None:
    server.behaviour = Behaviour(errors=1.0)
    run(many(1))
    server.behaviour = Behaviour()
    [item] = run(many(1))
    metadata: Any = item.metadata["metadata"]
    assert (item.status, metadata["allegiance"]["failed_before"]) == ("complete", 1)


def test_a_call_that_hangs_is_given_up(run: InspectRun, server: StubServer) -> None:
    server.behaviour = Behaviour(delay=30)
    [item] = dataclasses.replace(run, timeout=1)(many(1))
    assert item.status == "error"


def test_a_call_that_was_limited_is_tried_again_and_counted_once(run: InspectRun, server: StubServer) -> None:
    server.behaviour = Behaviour(limits=0.3)
    items = dataclasses.replace(run, max_retries=5)(many(8))
    assert [item.status for item in items] == ["complete"] * 8
    assert server.behaviour.answered == 8
    assert sum(replies(item)[0]["tries"] for item in items) == server.behaviour.calls


def test_later_turns_are_sent_after_each_answer_and_all_is_kept(run: InspectRun, server: StubServer) -> None:
    then = tuple(Message(role="user", parts=(Part(text=text),)) for text in ("second?", "third?"))
    [item] = run([asks("r", "first?", then=then)])
    assert [message.role for message in item.messages] == ["user", "assistant"] * 3
    assert len({m.text() for m in item.messages}) == 6
    assert [len(body["messages"]) for body in server.behaviour.bodies] == [1, 3, 5]
    assert len(replies(item)) == 3


def test_a_reply_that_is_begun_is_sent_and_kept_with_its_beginning(run: InspectRun, server: StubServer) -> None:
    [item] = run([asks("r", "first?", prefill="<scratchpad>")])
    assert server.behaviour.bodies[0]["messages"][-1] == {"role": "assistant", "content": "<scratchpad>"}
    assert item.messages[-2].text() == "<scratchpad>"
    assert of(item.messages).raw == "<scratchpad>" + item.answer


def test_settings_reach_the_provider(run: InspectRun, server: StubServer) -> None:
    dataclasses.replace(run, temperature=0.25, max_tokens=77)(many(1))
    [body] = server.behaviour.bodies
    assert (body["temperature"], body["max_tokens"]) == (0.25, 77)


@pytest.mark.parametrize("change", [{"temperature": 0.5}, {"max_tokens": 9}])
def test_other_settings_of_sampling_are_another_run(run: InspectRun, change: dict[str, Any]) -> None:
    run(many(2))
    assert dataclasses.replace(run, **change).pending(many(2)) == 2


@pytest.mark.parametrize("change", [{"max_connections": 9}, {"max_retries": 9}, {"timeout": 9}, {"cache": True}])
def test_settings_that_change_no_reply_are_the_same_run(run: InspectRun, change: dict[str, Any]) -> None:
    run(many(2))
    assert dataclasses.replace(run, **change).pending(many(2)) == 0


@pytest.mark.parametrize("temperature", [float("nan"), float("inf"), -0.1])
def test_a_temperature_is_a_number_from_0(run: InspectRun, temperature: float) -> None:
    with pytest.raises(UsageError, match="temperature"):
        dataclasses.replace(run, temperature=temperature)(many(1))


def test_a_missing_key_is_named_and_nothing_is_asked(
    run: InspectRun, server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STUB_API_KEY")
    with pytest.raises(RunError, match="needs STUB_API_KEY, which is not set in the environment"):
        run(many(1))
    assert server.behaviour.calls == 0


def test_a_password_in_an_address_is_refused(run: InspectRun) -> None:
    with pytest.raises(UsageError, match="looks like a secret"):
        dataclasses.replace(run, model_args={"base_url": "http://me:word@127.0.0.1/v1"})(many(1))


def test_transcripts_are_read_anew_each_time_and_in_any_order(run: InspectRun) -> None:
    items = run(many(4))
    assert list(items) == list(items)
    assert items[-1] == list(items)[3]
    assert list(items[1:3]) == list(items)[1:3]


def test_a_run_that_is_under_way_is_not_begun_a_second_time(run: InspectRun, server: StubServer) -> None:
    def second(done: int, _total: int) -> None:
        if done == 1:
            with pytest.raises(RunError, match="under way in another process"):
                run(many(3))

    assert len(dataclasses.replace(run, on_progress=second)(many(3))) == 3
    assert server.behaviour.calls == 3


INTERRUPTED = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.bridge.stub import MODEL, many
from allegiance.bridge.run import InspectRun
from allegiance.errors import RunError
try:
    InspectRun(MODEL, Path({runs!r}), max_connections=2,
               on_progress=lambda done, total: print(done, flush=True))(many(40))
except RunError as error:
    print(error.exit_code, error, flush=True)
"""


@pytest.mark.slow
def test_an_interrupt_keeps_what_is_there_and_says_how_to_go_on(
    run: InspectRun, server: StubServer, tmp_path: Path
) -> None:
    server.behaviour = Behaviour(delay=0.2)
    code = INTERRUPTED.format(root=str(Path(__file__).parents[2]), runs=str(run.log_dir))
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdout is not None
        while child.stdout.readline().strip() != "6":
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        said = child.stdout.read()
    assert "130 " in said
    assert "the same call goes on from there" in said
    assert run.pending(many(40)) <= 40 - 6 + 2  # two may have been under way from reply to disk
    server.behaviour = Behaviour()
    items = run(many(40))
    assert {item.status for item in items} == {"complete"}
    assert not any("failed_before" in item.metadata["metadata"]["allegiance"] for item in items)  # type: ignore[index]


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_with_each_sample_once() -> None:
    found = kill_and_resume(samples=60, kills=3, seed=1, behaviour=Behaviour(delay=0.02, errors=0.02))
    assert found.kills == 3
    assert found.right(), found
