"""Records of other programs: recognised without a mapping, read whole, told apart from what is no transcript."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.shapes import (
    ASKED,
    blocks_reply,
    chat_request,
    completion,
    event,
    item_message,
    items_response,
    jsonl,
)

from allegiance.corpus.importers import formats, plan_import
from allegiance.corpus.importers.found import Kept, Reject
from allegiance.errors import ImportRefused
from allegiance.records.transcript import Source, Transcript

Put = Callable[[str, object], Path]
PLACE = Source(digest="sha256:" + "0" * 64, file="made.jsonl")


def read(*records: object) -> list[Transcript]:
    """The transcripts of some records; every record must be readable."""
    found = formats.read(enumerate(records, 1), PLACE)
    assert found is not None
    made = list(found)
    assert all(isinstance(one, Kept) for one in made), made
    return [one.transcript for one in made if isinstance(one, Kept)]


def turns(item: Transcript) -> list[tuple[str, str]]:
    return [(turn.role, turn.text()) for turn in item.messages]


def thoughts(item: Transcript) -> list[tuple[str, bool]]:
    return [(p.text, p.redacted) for m in item.messages for p in m.parts if p.kind == "reasoning"]


# Chat completions


def test_a_request_and_its_completion_are_one_conversation() -> None:
    [item] = read({"request": chat_request(), "response": completion("No."), "tag": "a"})
    assert turns(item) == [("system", "Be brief."), ("user", "Is it raining?"), ("assistant", "No.")]
    assert (item.model, item.status, item.source.format) == ("gpt-x-1", "complete", "openai-chat")


def test_fields_that_are_not_words_are_kept_as_metadata() -> None:
    [item] = read({"request": chat_request(), "response": completion("No."), "tag": "a"})
    assert item.metadata["record"] == {"tag": "a"}
    assert item.metadata["request"] == {"temperature": 0.5}
    assert item.metadata["response"]["usage"] == {"total": 9}  # type: ignore[index]


def test_equal_choices_of_one_completion_are_different_occurrences() -> None:
    items = read({"request": chat_request(), "response": completion("No.", "No.")})
    assert len({item.name for item in items}) == 2


@pytest.mark.parametrize(
    ("message", "expected"),
    [({"reasoning_content": ""}, [("", False)]), ({"reasoning_content": None}, []), ({}, [])],
)
def test_empty_reasoning_of_a_completion_is_there_and_absent_reasoning_is_not(
    message: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    assert thoughts(read({"request": chat_request(), "response": completion("No.", **message)})[0]) == expected


def test_a_refusal_beside_the_content_is_words_and_a_status() -> None:
    [item] = read({"request": chat_request(), "response": completion("", refusal="I cannot.")})
    assert (item.answer, item.status) == ("I cannot.", "refused")


@pytest.mark.parametrize(("ended", "status"), [("length", "truncated"), ("content_filter", "filtered")])
def test_how_a_choice_ended_is_the_status(ended: str, status: str) -> None:
    reply = completion("No.")
    reply["choices"][0]["finish_reason"] = ended  # type: ignore[index]
    assert read({"request": chat_request(), "response": reply})[0].status == status


def test_a_list_of_messages_with_its_reply_needs_no_request() -> None:
    [item] = read({"messages": [*ASKED, {"role": "assistant", "content": "No."}], "id": 7})
    assert (item.answer, item.metadata["request"]) == ("No.", {"id": 7})


def test_a_reply_that_stands_as_text_beside_the_messages_is_not_guessed_at() -> None:
    assert formats.find({"messages": ASKED, "response": "No."}) is None


# Responses


def test_items_that_a_model_made_in_a_row_are_one_message() -> None:
    call = {"type": "function_call", "id": "f1", "call_id": "k1", "name": "look", "arguments": '{"at":"sky"}'}
    thought = {
        "type": "reasoning",
        "id": "t1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "Hm."}],
    }
    seen = {"type": "function_call_output", "call_id": "k1", "output": "grey"}
    asked = {"model": "gpt-y", "instructions": "Be brief.", "input": "Rain?"}
    [item] = read({"request": asked, "response": items_response(thought, item_message("Let me look."), call, seen,
                                                                item_message("No."))})  # fmt: skip
    assert [turn.role for turn in item.messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert [part.kind for part in item.messages[2].parts] == ["reasoning", "text", "tool_call"]
    assert item.messages[2].parts[2].data == {"function": "look", "arguments": '{"at":"sky"}'}
    assert (item.messages[3].extra["tool_call_id"], item.messages[3].text()) == ("k1", "grey")


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        ({"summary": [], "encrypted_content": "xyz"}, [("", True)]),
        ({"summary": [{"type": "summary_text", "text": "Thought of rain."}]}, [("Thought of rain.", True)]),
        ({"summary": [], "content": [{"type": "reasoning_text", "text": ""}]}, [("", False)]),
    ],
)
def test_withheld_summarised_and_empty_reasoning_are_three_things(
    reasoning: dict[str, object], expected: list[tuple[str, bool]]
) -> None:
    response = items_response({"type": "reasoning", "id": "t1", **reasoning}, item_message("No."))
    assert thoughts(read(response)[0]) == expected


def test_an_incomplete_response_says_why() -> None:
    cut = items_response(item_message("N"), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert read(cut)[0].status == "truncated"


# Content blocks


def test_thinking_that_was_given_redacted_or_left_empty_are_three_things() -> None:
    reply = blocks_reply(
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "redacted_thinking", "data": "cipher"},
        {"type": "thinking", "thinking": "", "signature": "s"},
        {"type": "text", "text": "No."},
    )
    [item] = read(
        {"request": {"model": "block-1", "system": "Be brief.", "messages": ASKED[1:]}, "response": reply}
    )
    assert thoughts(item) == [("Hm.", False), ("", True), ("", False)]
    assert item.messages[-1].parts[1].extra == {"reasoning": "cipher"}
    assert turns(item) == [("system", "Be brief."), ("user", "Is it raining?"), ("assistant", "No.")]


def test_the_result_of_a_tool_is_a_message_of_its_own_in_its_order() -> None:
    use = {"type": "tool_use", "id": "u1", "name": "look", "input": {"at": "sky"}}
    result = {"type": "tool_result", "tool_use_id": "u1", "content": "grey", "is_error": False}
    asked = [
        {"role": "user", "content": "Rain?"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result, {"type": "text", "text": "Well?"}]},
    ]
    reply = blocks_reply({"type": "text", "text": "No."})
    [item] = read({"request": {"messages": asked}, "response": reply})
    assert [turn.role for turn in item.messages] == ["user", "assistant", "tool", "user", "assistant"]
    assert item.messages[2].extra == {"tool_call_id": "u1", "is_error": False}


@pytest.mark.parametrize(("ended", "status"), [("max_tokens", "truncated"), ("refusal", "refused")])
def test_how_a_reply_in_blocks_ended_is_the_status(ended: str, status: str) -> None:
    assert read(blocks_reply({"type": "text", "text": "N"}, stop_reason=ended))[0].status == status


# Batches


def batch_reply(name: str, words: str = "No.", **more: object) -> dict[str, object]:
    return {"id": f"b-{name}", "custom_id": name, "error": None,
            "response": {"status_code": 200, "body": completion(words)}} | more  # fmt: skip


def batch_request(name: str, **more: object) -> dict[str, object]:
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": chat_request(**more)}


def test_replies_of_a_batch_find_their_requests_in_the_file_beside_them(put: Put) -> None:
    asked = put("input.jsonl", jsonl([batch_request("q1"), batch_request("q2", messages=ASKED[1:])]))
    replies = put("output.jsonl", jsonl([batch_reply("q2", "Yes."), batch_reply("q1")]))
    items = {item.request: item for item in plan_import([asked, replies]).transcripts}
    assert turns(items["q1"]) == [("system", "Be brief."), ("user", "Is it raining?"), ("assistant", "No.")]
    assert turns(items["q2"]) == [("user", "Is it raining?"), ("assistant", "Yes.")]
    assert items["q1"].source.format == "openai-batch"


def test_replies_of_a_batch_without_its_requests_are_replies_alone(put: Put) -> None:
    [item] = plan_import([put("output.jsonl", jsonl([batch_reply("q1")]))]).transcripts
    assert (turns(item), item.request) == ([("assistant", "No.")], "q1")


def test_the_requests_of_a_batch_alone_are_refused_with_what_to_do(put: Put) -> None:
    with pytest.raises(ImportRefused, match="without its replies") as caught:
        plan_import([put("input.jsonl", jsonl([batch_request("q1")]))])
    assert "output" in caught.value.next


def test_a_name_that_two_batches_gave_is_not_guessed_at(put: Put) -> None:
    files = [put("a.jsonl", jsonl([batch_request("q1")])), put("b.jsonl", jsonl([batch_request("q1")]))]
    with pytest.raises(ImportRefused, match="two batch inputs have a request 'q1'"):
        plan_import([*files, put("output.jsonl", jsonl([batch_reply("q1")]))])


def test_a_request_of_a_batch_that_failed_is_kept_as_an_error(put: Put) -> None:
    failed = batch_reply("q1", response={"status_code": 500, "body": {"error": {"message": "busy"}}})
    asked = put("input.jsonl", jsonl([batch_request("q1")]))
    items = plan_import([asked, put("output.jsonl", jsonl([failed]))]).transcripts
    assert [(item.status, item.request, len(item.messages)) for item in items] == [("error", "q1", 2)]


def test_results_of_a_batch_in_blocks_are_read_with_their_requests(put: Put) -> None:
    asked = {"custom_id": "q1", "params": {"model": "block-1", "messages": ASKED[1:], "max_tokens": 9}}
    good = {
        "custom_id": "q1",
        "result": {"type": "succeeded", "message": blocks_reply({"type": "text", "text": "No."})},
    }
    late = {"custom_id": "q2", "result": {"type": "expired"}}
    first, second = plan_import([put("i.jsonl", jsonl([asked])), put("o.jsonl", jsonl([good, late]))]).transcripts
    assert turns(first) == [("user", "Is it raining?"), ("assistant", "No.")]
    assert (second.status, second.request, first.source.format) == ("error", "q2", "anthropic-batch")


# Sessions of agents


def session() -> list[dict[str, object]]:
    use = {"type": "tool_use", "id": "u1", "name": "look", "input": {}}
    return [
        {"type": "summary", "summary": "Rain", "leafUuid": "4"},
        event("user", "Rain?", "1"),
        event("assistant", [{"type": "thinking", "thinking": "Hm."}], "2", "1"),
        event("assistant", [use], "2b", "2") | {"message": {"id": "msg-2", "role": "assistant", "content": [use]}},
        event("user", "Look at the sky.", "a", None, isSidechain=True),
        event("assistant", [{"type": "text", "text": "Grey."}], "b", "a", isSidechain=True),
        event("user", [{"type": "tool_result", "tool_use_id": "u1", "content": "grey"}], "3", "2b"),
        event("assistant", [{"type": "text", "text": "No."}], "4", "3"),
    ]


def test_a_session_is_one_transcript_and_each_side_chain_another() -> None:
    main, side = read(*session())
    assert [turn.role for turn in main.messages] == ["user", "assistant", "tool", "assistant"]
    assert turns(side) == [("user", "Look at the sky."), ("assistant", "Grey.")]
    assert (main.run, side.run, side.metadata["sidechain"]) == ("s1", "s1", "a")
    assert main.model == "agent-1"


def test_lines_of_one_message_are_put_together_again() -> None:
    assert [part.kind for part in read(*session())[0].messages[1].parts] == ["reasoning", "tool_call"]


def test_events_that_are_no_messages_are_kept_with_their_place() -> None:
    [event_] = read(*session())[0].metadata["events"]  # type: ignore[misc]
    assert (event_["after"], event_["summary"]) == (0, "Rain")


def test_sessions_in_one_file_are_told_apart() -> None:
    lines = [event("user", "A?", "1"), event("user", "B?", "2", sessionId="s2"), event("assistant", "a", "3")]
    first, second = read(*lines)
    assert ([t for _, t in turns(first)], [t for _, t in turns(second)]) == (["A?", "a"], ["B?"])


def test_a_rollout_is_one_transcript_of_its_items() -> None:
    def line(kind: str, **payload: object) -> dict[str, object]:
        return {"timestamp": "t", "type": kind, "payload": payload}

    asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Rain?"}]}
    lines = [
        line("session_meta", id="s9", cwd="/home"),
        line("turn_context", model="agent-2"),
        line("response_item", **asked),
        line("event_msg", type="agent_message", message="No."),
        line("response_item", **item_message("No.")),
    ]
    [item] = read(*lines)
    assert turns(item) == [("user", "Rain?"), ("assistant", "No.")]
    assert (item.run, item.model, len(item.metadata["events"])) == ("s9", "agent-2", 3)  # type: ignore[arg-type]


def test_bare_messages_one_a_line_are_one_conversation() -> None:
    [item] = read(*ASKED, {"role": "assistant", "content": "No."})
    assert item.answer == "No."


# Trajectories


def test_a_trajectory_in_steps_keeps_calls_and_what_they_brought() -> None:
    steps = [
        {"step_id": 1, "source": "user", "message": "Rain?"},
        {
            "step_id": 2, "source": "agent", "message": "", "reasoning_content": "Hm.",
            "tool_calls": [{"tool_call_id": "k", "function_name": "look", "arguments": {"at": "sky"}}],
            "observation": {"results": [{"source_call_id": "k", "content": "grey"}]},
        },
    ]  # fmt: skip
    whole = {
        "schema_version": "ATIF-v1",
        "session_id": "s",
        "agent": {"name": "a", "model_name": "m"},
        "steps": steps,
    }
    [item] = read(whole)
    assert [turn.role for turn in item.messages] == ["user", "assistant", "tool"]
    assert [part.kind for part in item.messages[1].parts] == ["reasoning", "tool_call"]
    assert (item.model, item.run, item.messages[2].text()) == ("m", "s", "grey")


@pytest.mark.parametrize("keyed", [True, False])
def test_each_transcript_of_an_agent_run_is_one_with_what_is_said_of_the_run(keyed: bool) -> None:
    chats = [{"id": f"t{n}", "messages": [*ASKED, {"role": "assistant", "content": "No."}]} for n in range(2)]
    held: object = {f"k{n}": one for n, one in enumerate(chats)} if keyed else chats
    first, second = read({"id": "run", "transcripts": held, "metadata": {"model": "m", "scores": {"ok": True}}})
    assert first.name != second.name
    assert (first.run, first.model) == ("run", "m")
    assert first.metadata["agent_run"]["metadata"]["scores"] == {"ok": True}  # type: ignore[index]


def test_a_try_of_a_task_says_task_and_trial() -> None:
    [item] = read(
        {"task_id": 3, "trial": 1, "reward": 0.0, "traj": [*ASKED, {"role": "assistant", "content": "No."}]}
    )
    assert (item.request, item.sample, item.metadata["reward"]) == ("3", 1, 0.0)


# Files


def test_a_json_list_of_records_is_read_record_by_record(put: Put) -> None:
    path = put("a.json", [{"request": chat_request(), "response": completion(w)} for w in ("No.", "Yes.")])
    result = plan_import([path])
    assert [item.answer for item in result.transcripts] == ["No.", "Yes."]
    assert result.files[0].format == "openai-chat"


def test_a_record_that_is_no_transcript_among_others_is_named_with_its_record(put: Put) -> None:
    good = {"request": chat_request(), "response": completion("No.")}
    result = plan_import([put("a.jsonl", jsonl([good, {"x": 1}]) + "{oh\n")], skip_bad=True)
    assert [reject.line for reject in result.rejects] == [2, 3]
    assert result.rejects[1].record == "{oh"
    assert len(result.transcripts) == 1


def test_records_of_several_formats_in_one_file_are_each_read_as_what_they_are(put: Put) -> None:
    mixed = [
        {"request": chat_request(), "response": completion("No.")},
        blocks_reply({"type": "text", "text": "Yes."}),
    ]
    items = plan_import([put("a.jsonl", jsonl(mixed))]).transcripts
    assert [item.source.format for item in items] == ["openai-chat", "anthropic-messages"]


def test_a_byte_order_mark_and_utf_16_are_read(put: Put) -> None:
    text = jsonl([{"messages": [*ASKED, {"role": "assistant", "content": "Nö."}]}])
    for name, data in (("a.jsonl", b"\xef\xbb\xbf" + text.encode()), ("b.jsonl", text.encode("utf-16"))):
        assert plan_import([put(name, data)]).transcripts[0].answer == "Nö."


def test_what_had_to_be_changed_in_a_record_is_noted() -> None:
    [item] = read({"messages": [{"role": "user", "content": "\ud800"}, {"role": "assistant", "content": "No."}]})
    assert item.metadata["allegiance:transformed"] == [
        {"path": "/messages/0/content", "was": "U+D800", "offset": 0}
    ]


@pytest.mark.parametrize(
    "value",
    [{}, [], {"a": 1}, {"messages": "no"}, {"messages": []}, {"choices": []}, {"steps": []}, {"type": "user"},
     {"request": {}, "response": {}}, {"custom_id": "x", "body": {"a": 1}}, {"transcripts": []}, ["text"], 3, None],
)  # fmt: skip
def test_what_only_looks_like_a_record_is_no_format(value: object) -> None:
    assert formats.find(value) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["messages", "role", "content", "type", "request", "response", "choices", "message", "output",
             "custom_id", "result", "steps", "source", "agent", "transcripts", "traj", "uuid", "payload",
             "thinking", "input"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(["user", "assistant", "message", "tool_result", "response_item", "reasoning"]))
def test_no_record_whatever_breaks_the_readers(value: object, kind: str) -> None:
    record = {**value, "type": kind} if isinstance(value, Mapping) else value
    found = formats.read([(1, record)], PLACE)
    for one in found or ():
        assert isinstance(one, Kept | Reject)
