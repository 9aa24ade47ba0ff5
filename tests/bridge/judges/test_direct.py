"""The client for OpenAI-compatible servers, on a local one that fails as told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from benchmarks.stub_server import Behaviour, StubServer

from allegiance.bridge.judges.direct import DirectAsker, check_url
from allegiance.errors import RunError, UsageError
from allegiance.rating.judging.asking import Ask, Said

SCHEMA = {"type": "object", "properties": {"verdict": {"enum": ["yes"]}}}


def calls(count: int) -> Iterator[Ask]:
    return (Ask(str(i), "system", f"The code of this call is {i:012x}.\n| item {i}", SCHEMA) for i in range(count))


def ask(told: Behaviour, count: int = 5, **own: Any) -> list[Said]:
    with StubServer(told) as server:
        asker = DirectAsker(**({"url": server.url, "model": "m", "first_wait": 0.0, "retries": 8} | own))
        return sorted(asker.ask(calls(count)), key=lambda said: int(said.id))


def test_each_call_gets_the_reply_to_it() -> None:
    made = ask(Behaviour(verdict="yes"), 40, connections=7)
    assert [json.loads(said.text)["call"] for said in made] == [f"{i:012x}" for i in range(40)]
    assert {(said.model, said.sent, said.back) for said in made} == {("m", 10, 10)}


def test_no_more_calls_are_under_way_than_allowed() -> None:
    under: list[int] = []

    class Counting(Behaviour):
        def status(self) -> int:
            under.append(self.calls - self.answered)
            return super().status()

    ask(Counting(verdict="yes", delay=0.01), 40, connections=4)
    assert max(under) < 4


def test_errors_and_limits_that_pass_are_tried_again_and_answered_once() -> None:
    told = Behaviour(verdict="yes", errors=0.2, limits=0.2)
    made = ask(told, 60)
    assert {said.outcome for said in made} == {"answered"}
    assert told.answered == 60 < told.calls


def test_what_fails_to_the_end_is_failed_and_says_after_how_many_tries() -> None:
    class Once(Behaviour):
        def status(self) -> int:
            return 200 if super().status() and self.calls == 1 else 500

    made = ask(Once(verdict="yes"), 3, retries=2, connections=1)
    assert [said.outcome for said in made] == ["answered", "failed", "failed"]
    assert "after 3 tries" in made[1].error


@pytest.mark.parametrize(("status", "word"), [(401, "key"), (403, "allow"), (404, "model"), (402, "credit")])
def test_an_error_that_concerns_every_call_stops_at_once(status: int, word: str) -> None:
    told = Behaviour(refuse=status)
    with pytest.raises(RunError, match=word):
        ask(told, 500, connections=5)
    assert told.calls <= 10


def test_when_call_after_call_fails_it_is_given_up() -> None:
    told = Behaviour(refuse=400, code="context_length_exceeded")
    with pytest.raises(RunError, match="first 20 calls all failed"):
        ask(told, 500, connections=5)
    assert told.calls < 40


def test_a_server_that_hangs_is_left_after_the_timeout() -> None:
    [said] = ask(Behaviour(delay=30), 1, timeout=0.05, retries=1)
    assert said.outcome == "failed"
    assert "no answer within" in said.error


class Saying(Behaviour):
    """Answers with a choice that is put together by the test."""

    choice: dict[str, Any]

    def reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        return super().reply(asked) | {"choices": [self.choice]}


def saying(**choice: Any) -> Said:
    told = Saying()
    told.choice = choice
    [said] = ask(told, 1)
    return said


@pytest.mark.parametrize(
    ("choice", "outcome"),
    [
        ({"message": {"content": "x"}, "finish_reason": "length"}, "cut"),
        ({"message": {"content": None}, "finish_reason": "content_filter"}, "filtered"),
        ({"message": {"refusal": "I will not."}, "finish_reason": "stop"}, "refused"),
        ({"message": {"content": None}, "finish_reason": "stop"}, "answered"),
        ({"message": None}, "answered"),
        ({}, "answered"),
    ],
)
def test_how_a_reply_ended_is_told(choice: dict[str, Any], outcome: str) -> None:
    assert saying(**choice).outcome == outcome


def test_chances_of_tokens_are_read_and_odd_ones_left_out() -> None:
    top = [{"token": "no", "logprob": -2}, {"token": "x"}, "odd", {"token": "y", "logprob": None}]
    content = [{"token": "yes", "logprob": -0.1, "top_logprobs": top}, "odd", {"top_logprobs": 7}]
    said = saying(message={"content": "yes"}, logprobs={"content": content})
    assert said.tokens[0].text == "yes"
    assert said.tokens[0].top == {"yes": -0.1, "no": -2.0}


def test_the_form_the_bound_and_the_settings_are_asked_for() -> None:
    told = Behaviour(verdict="yes")
    ask(told, 1, chances=True, settings={"temperature": 0, "seed": 3}, max_tokens=77)
    [body] = told.bodies
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (body["max_tokens"], body["logprobs"], body["temperature"], body["seed"]) == (77, True, 0, 3)


def test_a_plain_call_asks_for_no_form() -> None:
    told = Behaviour(verdict="yes")
    ask(told, 1, structured=False)
    assert "response_format" not in told.bodies[0]


def test_settings_cannot_replace_what_is_asked() -> None:
    with pytest.raises(UsageError, match="messages"):
        DirectAsker(url="http://127.0.0.1:1/v1", model="m", settings={"messages": []})


def test_a_key_is_read_from_the_environment_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-very-secret-word")
    asker = DirectAsker(url="https://example.org/v1", model="m", key="SOME_API_KEY")
    assert asker._key() == "sk-very-secret-word"
    assert "secret" not in repr(asker) + repr(DirectAsker(url="http://localhost/v1", model="m", secret="secret"))


def test_a_key_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_API_KEY", raising=False)
    with pytest.raises(RunError, match="SOME_API_KEY"):
        ask(Behaviour(), 1, key="SOME_API_KEY")


def test_a_key_in_an_error_of_the_server_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-very-secret-word")

    class Telling(Behaviour):
        def failure(self, status: int) -> tuple[dict[str, Any], str]:
            return {"error": {"message": "bad key sk-very-secret-word"}}, ""

    with pytest.raises(RunError) as raised:
        ask(Telling(refuse=401), 1, key="SOME_API_KEY")
    assert "very-secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["ftp://h/v1", "h/v1", "", "http://example.org/v1", "https://user:pass@h/v1", "https://h/v1?key=x",
     "http://127.0.0.1.example.org/v1", "http://[bad/v1", "https://h:port/v1"],
)  # fmt: skip
def test_an_address_to_which_nothing_should_go_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://h/v1", "http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]/v1"]
)
def test_an_encrypted_or_local_address_is_taken(url: str) -> None:
    check_url(url)


def test_a_response_that_is_no_completion_is_tried_again_and_then_failed() -> None:
    class Odd(Behaviour):
        def reply(self, asked: dict[str, Any]) -> dict[str, Any]:
            super().reply(asked)
            return {"choices": []}

    told = Odd()
    [said] = ask(told, 1, retries=2)
    assert said.outcome == "failed"
    assert told.calls == 3


def test_inside_an_event_loop_it_says_what_to_do() -> None:
    import asyncio

    async def cell() -> None:
        list(DirectAsker(url="http://127.0.0.1:1/v1", model="m").ask(calls(1)))

    with pytest.raises(RunError, match="event loop"):
        asyncio.run(cell())
