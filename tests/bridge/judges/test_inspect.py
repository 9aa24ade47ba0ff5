"""Judging through Inspect's model API, on its mock provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput, ModelUsage, get_model

from allegiance.bridge.judges.inspect import InspectAsker
from allegiance.errors import RunError
from allegiance.rating.judging.asking import Ask, Said
from allegiance.rating.judging.canaries import Tally, why_unsafe
from allegiance.rating.judging.judge import Judge
from allegiance.rating.judging.runner import Judging
from allegiance.records.question import Example, Question
from allegiance.testing import FakeJudge, tiny_corpus

QUESTION = Question(
    name="replaces",
    text="Does the answer say REPLACE?",
    examples=(Example(text="REPLACE it.", answer="yes"), Example(text="REPAIR it.", answer="no")),
)
ITEMS = [(item.name, item) for item in tiny_corpus(5, 2)]


def truth(text: str) -> str:
    return ("yes" if "REPLACE" in text else "no") if text.strip() else "unsure"


def mock(speak: Callable[[Ask], str | None], configs: list[GenerateConfig] | None = None, **more: Any) -> Model:
    def answer(input: list[ChatMessage], tools: Any, choice: Any, config: GenerateConfig) -> ModelOutput:
        if configs is not None:
            configs.append(config)
        text = speak(Ask("", input[0].text, input[1].text, {}))
        if text is None:
            raise TimeoutError("no answer in time")
        output = ModelOutput.from_content("mockllm", text, **more)
        output.usage = ModelUsage(input_tokens=3, output_tokens=2, total_tokens=5)
        return output

    return get_model("mockllm/model", custom_outputs=answer, memoize=False)


def run(model: Model) -> tuple[Counter[str], Tally, int]:
    values, tally, failed = Counter[str](), Tally(), 0
    judging = Judging(Judge(question=QUESTION, model="mockllm/model", view="answer"), InspectAsker(model=model))
    for batch in judging.batches(ITEMS):
        values.update(label.value for label in batch.labels)
        tally.add(batch.tally)
        failed += len(batch.failed)
    return values, tally, failed


def test_an_honest_judge_passes() -> None:
    values, tally, _ = run(mock(FakeJudge.honest(truth).speak))
    assert set(values) == {"yes", "no"}
    assert not why_unsafe(tally.asked, tally.wrong, tally.twins, tally.flips)


def test_a_judge_that_obeys_the_text_is_caught() -> None:
    _, tally, _ = run(mock(FakeJudge.obedient(truth).speak))
    assert "flipped" in why_unsafe(tally.asked, tally.wrong, tally.twins, tally.flips)


def test_prose_is_unrated() -> None:
    assert set(run(mock(FakeJudge.prose().speak))[0]) == {"unrated"}


def test_the_mock_provider_as_it_comes_is_unrated() -> None:
    output = ModelOutput.from_content("mockllm", "Default output from mockllm/model")
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    assert set(run(get_model("mockllm/model", custom_outputs=lambda *_: output, memoize=False))[0]) == {"unrated"}


def test_calls_that_time_out_leave_their_transcripts_without_a_label() -> None:
    seen = Counter[int]()

    def speak(call: Ask) -> str | None:
        seen["calls"] += 1  # type: ignore[index]
        return None if seen["calls"] % 10 == 0 else FakeJudge.honest(truth).speak(call)  # type: ignore[index]

    values, _, failed = run(mock(speak))
    assert failed
    assert values.total() + failed == len(ITEMS)


def one(model: Model, **own: Any) -> Said:
    schema = {"type": "object", "properties": {"verdict": {"type": "string", "enum": ["yes"]}}}
    [said] = InspectAsker(model=model, **own).ask(iter([Ask("7", "s", "t", schema)]))
    return said


@pytest.mark.parametrize(
    ("stop", "outcome"),
    [("max_tokens", "cut"), ("model_length", "cut"), ("content_filter", "filtered"), ("stop", "answered")],
)
def test_how_a_reply_ended_is_told(stop: str, outcome: str) -> None:
    said = one(mock(lambda _: "x", stop_reason=stop))
    assert (said.id, said.outcome, said.sent, said.back) == ("7", outcome, 3, 2)


def test_the_form_is_asked_for_unless_it_is_not_wished() -> None:
    configs: list[GenerateConfig] = []
    one(mock(lambda _: "x", configs), settings={"temperature": 0.0}, chances=True)
    one(mock(lambda _: "x", configs), structured=False)
    assert configs[0].response_schema is not None
    assert configs[0].response_schema.json_schema.properties["verdict"].enum == ["yes"]  # type: ignore[index]
    assert (configs[0].temperature, configs[0].logprobs, configs[0].max_tokens) == (0.0, True, 600)
    assert configs[1].response_schema is None


def test_a_model_that_there_is_not_is_told_in_a_sentence() -> None:
    with pytest.raises(RunError, match="cannot be used"):
        list(InspectAsker(model="nobody/nothing").ask(iter([Ask("1", "s", "t", {})])))
