from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.made import eval_bytes, header, said, sample

from allegiance.corpus.archive import Limits
from allegiance.corpus.export import export
from allegiance.corpus.importers import plan_import, recognise
from allegiance.corpus.importers.scores import value
from allegiance.corpus.safe import TRANSFORMED
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused

Put = Callable[[str, object], Path]
KEYS = [
    "id", "epoch", "task", "model", "run_id", "input", "target", "messages", "role", "content", "output", "choices",
    "message", "scores", "value", "metadata", "allegiance", "request", "attachments", "error", "limit",
    "tool_calls", "function", "arguments", "type", "reasoning", "text", "summary", "redacted", "created",
    "total_time",
]  # fmt: skip


def log(samples: list[dict[str, object]], **head: object) -> dict[str, object]:
    return header() | head | {"samples": samples}


def test_an_eval_log_gives_one_transcript_a_sample(put: Put) -> None:
    result = plan_import([put("a.eval", eval_bytes([sample(1), sample(2), sample(1, epoch=2)]))])
    assert [(t.request, t.sample) for t in result.transcripts] == [
        ("dilemmas/1", 0), ("dilemmas/2", 0), ("dilemmas/1", 1)
    ]  # fmt: skip
    assert [(f.records, f.kept) for f in result.files] == [(3, 3)]


def test_model_run_words_and_metadata_come_from_the_log(put: Put) -> None:
    [item] = plan_import([put("a.eval", eval_bytes([sample(1)]))]).transcripts
    assert (item.model, item.run, item.answer, item.status) == ("mock/model", "run-1", "Yes.", "complete")
    assert item.metadata["metadata"] == {"topic": "care"}
    assert item.metadata["target"] == "yes"


def test_the_two_forms_of_a_log_give_the_same_names(put: Put) -> None:
    samples = [sample(1), sample(2)]
    packed = plan_import([put("a.eval", eval_bytes(samples))])
    plain = plan_import([put("a.json", log(samples))])
    assert packed.names == plain.names


def test_chunked_samples_give_the_same_names(put: Put) -> None:
    whole = sample(1)
    path = put("a.eval", b"")
    with zipfile.ZipFile(path, "w") as archive:
        shell = {k: v for k, v in whole.items() if k not in ("messages", "events", "attachments", "metadata")}
        messages = whole["messages"]
        assert isinstance(messages, list)
        pool = [messages[1] | {"content": "attachment://0"}, {"role": "user", "content": "not in it"}, messages[0]]
        folder = "samples/1_epoch_1/"
        archive.writestr(folder + "sample.json", json.dumps(shell | {"message_refs": [[2, 3], [0, 1]]}))
        archive.writestr(folder + "messages/0.json", json.dumps(pool[:2]))
        archive.writestr(folder + "messages/2.json", json.dumps(pool[2:]))
        archive.writestr(folder + "attachments/0.json", json.dumps(["Yes."]))
        archive.writestr(folder + "metadata.json", json.dumps(whole["metadata"]))
        archive.writestr("header.json", json.dumps(header()))
    chunked = plan_import([path])
    assert chunked.names == plan_import([put("b.eval", eval_bytes([whole]))]).names
    assert chunked.transcripts[0].metadata["metadata"] == {"topic": "care"}


def test_attachments_are_put_back(put: Put) -> None:
    raw = sample(1, attachments={"abc": "Long words."})
    raw["messages"] = [
        {"role": "assistant", "content": "attachment://abc"},
        {"role": "user", "content": "attachment://no"},
    ]
    [item] = plan_import([put("a.json", log([raw]))]).transcripts
    assert [message.text() for message in item.messages] == ["Long words.", "attachment://no"]


def test_attachments_that_would_fill_more_than_the_limit_are_refused(put: Put) -> None:
    raw = sample(1, attachments={"abc": "x" * 1000})
    raw["messages"] = [{"role": "user", "content": "attachment://abc"}] * 50
    with pytest.raises(ImportRefused, match="attachments"):
        plan_import([put("a.json", log([raw]))], limits=Limits(member_bytes=20_000))


@pytest.mark.parametrize("status", ["started", "error", "cancelled"])
def test_samples_of_a_run_that_did_not_end_well_are_marked_incomplete(put: Put, status: str) -> None:
    result = plan_import([put("a.json", log([sample(1)], status=status))])
    assert [item.status for item in result.transcripts] == ["incomplete"]
    assert status in result.files[0].note


def test_a_log_without_header_is_read_from_its_journal(put: Put) -> None:
    path = put("a.eval", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({k: header()[k] for k in ("version", "eval", "plan")}))
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample(1)))
    assert [item.status for item in plan_import([path]).transcripts] == ["incomplete"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"error": {"message": "boom", "traceback": ""}}, "error"),
        ({"limit": {"type": "token", "limit": 9}}, "truncated"),
        ({"output": {"choices": [{"stop_reason": "content_filter"}]}}, "filtered"),
        ({"output": {"choices": [{"stop_reason": "max_tokens"}]}}, "truncated"),
        ({"messages": [{"role": "user", "content": "?"}]}, "incomplete"),
    ],
)
def test_what_befell_a_sample_is_its_status(put: Put, more: dict[str, object], status: str) -> None:
    assert plan_import([put("a.json", log([sample(1, **more)]))]).transcripts[0].status == status


def test_a_sample_without_messages_keeps_its_input(put: Put) -> None:
    [item] = plan_import([put("a.json", log([sample(1, messages=[], error={"message": "x"})]))]).transcripts
    assert [message.text() for message in item.messages] == ["Question 1?"]


def test_what_our_own_runs_say_of_a_sample_wins(put: Put) -> None:
    own = {"request": "q-7", "condition": {"levels": {"tier": "trained"}, "scenario": "sha256:ab"}, "canary": "c"}
    [item] = plan_import([put("a.json", log([sample(1, metadata={"allegiance": own})]))]).transcripts
    assert (item.request, item.condition.levels, item.condition.scenario, item.canary) == (
        "q-7", {"tier": "trained"}, "sha256:ab", "c"
    )  # fmt: skip


def test_scores_come_in_as_labels_of_a_named_rater(put: Put) -> None:
    result = plan_import(
        [put("a.json", log([sample(1, scores={"match": {"value": "C"}, "len": {"value": 0.25}})]))]
    )
    assert [(x.question.name, x.rater.name, x.value, x.score, x.raw) for x in result.labels] == [
        ("inspect/match", "inspect/match", "yes", None, "C"),
        ("inspect/len", "inspect/len", "unsure", 0.25, "0.25"),
    ]
    assert {label.transcript for label in result.labels} == set(result.names)
    assert {label.rater.basis for label in result.labels} == {"as rated"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("C", "yes"), ("I", "no"), ("P", "unsure"), ("N", "unrated"), (True, "yes"), (False, "no"), (1, "yes"),
     (0.0, "no"), (0.5, "unsure"), ("c", "unrated"), (None, "unrated"), ({"a": 1}, "unrated"),
     (float("nan"), "unrated")],
)  # fmt: skip
def test_a_score_is_put_on_the_menu(raw: object, expected: str) -> None:
    assert value(raw) == expected


def test_changes_to_foreign_text_are_on_record(put: Put) -> None:
    path = put(
        "a.json", json.dumps(log([sample(1, answer="bad \ud800", metadata={"n": float("nan"), "big": 2**70})]))
    )
    [item] = plan_import([path]).transcripts
    notes = item.metadata[TRANSFORMED]
    assert isinstance(notes, list)
    assert item.answer == "bad �"
    assert {"/messages/1/content", "/metadata/n", "/metadata/big"} <= {note["path"] for note in notes}


def test_importing_a_file_twice_adds_nothing(put: Put, corpus: Corpus) -> None:
    path = put("a.eval", eval_bytes([sample(i) for i in range(5)]))
    first = corpus.add(plan_import([path]).transcripts)
    second = corpus.add(plan_import([path]).transcripts)
    assert (first.new, second.new, second.version) == (5, 0, first.version)


def test_identical_replies_in_two_epochs_stay_two(put: Put, corpus: Corpus) -> None:
    path = put("a.eval", eval_bytes([sample(1, epoch=1), sample(1, epoch=2)]))
    assert corpus.add(plan_import([path]).transcripts).new == 2


def test_a_sample_that_the_summaries_list_and_the_log_lacks_is_told(put: Put) -> None:
    path = put("a.eval", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample(1)))
        archive.writestr("summaries.json", json.dumps([{"id": 1, "epoch": 1}, {"id": 2, "epoch": 1}]))
        archive.writestr("header.json", json.dumps(header()))
    with pytest.raises(ImportRefused, match="2_epoch_1"):
        plan_import([path])
    assert [r.member for r in plan_import([path], skip_bad=True).rejects] == ["summaries.json"]


def broken_log() -> bytes:
    return eval_bytes([sample(1), sample(2, messages=[{"content": "no role"}]), sample(3)])


def test_a_bad_record_stops_the_import_and_is_named(put: Put) -> None:
    with pytest.raises(ImportRefused) as caught:
        plan_import([put("a.eval", broken_log())])
    assert caught.value.where == "a.eval › samples/2_epoch_1.json"
    assert "role" in caught.value.what


def test_bad_records_can_be_left_out_and_are_listed(put: Put) -> None:
    result = plan_import([put("a.eval", broken_log())], skip_bad=True)
    assert [item.request for item in result.transcripts] == ["dilemmas/1", "dilemmas/3"]
    assert [(r.file, r.member) for r in result.rejects] == [("a.eval", "samples/2_epoch_1.json")]
    assert [(f.records, f.kept) for f in result.files] == [(3, 2)]


def test_a_bad_file_can_be_left_out_and_is_listed(put: Put) -> None:
    put("a.eval", eval_bytes([sample(1)]))
    folder = put("b.json", '{"x": 1}').parent
    result = plan_import([folder], skip_bad=True)
    assert len(result.transcripts) == 1
    [reject] = result.rejects
    assert reject.file == "b.json"
    assert reject.reason.startswith("this JSON file is not an Inspect log")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"", "empty"),
        ("a.json", b"null", "no transcripts"),
        ("a.json", b"[]", "no transcripts"),
        ("a.json", b"{}", "no transcripts"),
        ("a.json", b'"text"', "no transcripts"),
        ("a.json", b'{"version": 1}', "not an Inspect log"),
        ("a.json", b'{"a": 1', "not JSON"),
        ("a.eval", b"PK\x03\x04 and then nothing", "truncated"),
        ("a.eval", b"not a zip", "truncated"),
        ("a.jsonl", b'{"role": "user"}\n', "not transcripts"),
        ("a.jsonl", b'{"a": "\xe9"}\n', r"byte 7 \(line 1\) is not UTF-8"),
        ("a.csv", b"a,b\n1,2\n", "CSV file is not transcripts"),
        ("a.parquet", b"PAR1 broken", "cannot be read"),
    ],
)
def test_what_is_not_transcripts_is_refused_in_one_sentence(
    put: Put, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(ImportRefused, match=message) as caught:
        plan_import([put(name, content)])
    assert caught.value.where.startswith(name)
    assert "\n" not in caught.value.what


def test_a_zip_that_is_no_log_is_refused(put: Put) -> None:
    path = put("a.eval", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.txt", "x")
    with pytest.raises(ImportRefused, match="not an Inspect log"):
        plan_import([path])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no such file"):
        plan_import([tmp_path / "nothing.eval"])


def test_a_directory_without_logs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ImportRefused, match="no logs or transcripts in this directory"):
        plan_import([tmp_path])


def test_a_directory_is_read_in_the_order_of_names(put: Put) -> None:
    put("b/2.eval", eval_bytes([sample(2)]))
    folder = put("a/1.eval", eval_bytes([sample(1)])).parents[1]
    seen: list[tuple[str, int, int]] = []
    result = plan_import([folder], progress=lambda *told: seen.append(told))
    assert [item.request for item in result.transcripts] == ["dilemmas/1", "dilemmas/2"]
    assert seen == [("a/1.eval", 0, 2), ("b/2.eval", 1, 2)]


def test_links_in_a_directory_are_not_followed_and_are_told(put: Put, tmp_path: Path) -> None:
    folder = put("a.eval", eval_bytes([sample(1)])).parent
    (folder / "loop").symlink_to(folder)
    (folder / "b.eval").symlink_to(folder / "a.eval")
    result = plan_import([folder])
    assert len(result.transcripts) == 1
    assert {f.file for f in result.files if f.format == "not read"} == {"b.eval", "loop"}


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.eval")
    with pytest.raises(ImportRefused, match="not a regular file"):
        plan_import([tmp_path])


def test_a_file_that_changes_while_it_is_read_is_refused(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put("a.json", log([sample(1)]))
    from allegiance.corpus.importers import inspect_log

    real = inspect_log.read_json

    def meddling(*args: object) -> object:
        path.write_text("[]")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(inspect_log, "read_json", meddling)
    with pytest.raises(ImportRefused, match="changed while it was read"):
        plan_import([path])


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_an_export_imports_to_the_same_transcripts(corpus: Corpus, tmp_path: Path, form: str) -> None:
    items = [said(i, answer=f"Réponse\u2028 {i}\n😀") for i in range(300)] + [said(0, request="", sample=-1)]
    corpus.add(items)
    dest = tmp_path / f"out.{form}"
    assert export(corpus, dest, form) == 301
    result = plan_import([dest])
    assert sorted(result.names) == corpus.names()
    assert {item.name: item for item in result.transcripts} == {item.name: item for item in items}


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_an_export_whose_words_were_altered_is_refused(corpus: Corpus, tmp_path: Path, form: str) -> None:
    corpus.add([said(1), said(2)])
    dest = tmp_path / f"out.{form}"
    export(corpus, dest, form)
    dest.write_text(dest.read_text().replace("Yes.", "No!!", 1))
    with pytest.raises(ImportRefused, match="altered"):
        plan_import([dest])


def test_an_export_that_was_cut_short_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    corpus.add([said(1), said(2)])
    export(corpus, tmp_path / "out.jsonl", "jsonl")
    lines = (tmp_path / "out.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "out.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(ImportRefused, match="truncated"):
        plan_import([tmp_path / "out.jsonl"])


def test_an_export_never_replaces_a_file(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(Exception, match="exists already"):
        export(corpus, tmp_path / "out.jsonl", "jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "mine"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["sample", "eval"]), st.lists(st.tuples(st.sampled_from(KEYS), JSON), max_size=4))
def test_a_log_with_anything_anywhere_is_stored_or_refused(
    tmp_path_factory: pytest.TempPathFactory, where: str, changes: list[tuple[str, object]]
) -> None:
    whole = log([sample(1)])
    part = whole["eval"] if where == "eval" else whole["samples"][0]  # type: ignore[index]
    part.update(changes)  # type: ignore[attr-defined]
    folder = tmp_path_factory.mktemp("any")
    (folder / "a.json").write_text(json.dumps(whole))
    try:
        result = plan_import([folder / "a.json"])
    except ImportRefused:
        return
    corpus = Corpus.create(folder / "c")
    assert corpus.add(result.transcripts).new == 1
    assert corpus.fsck() == []


def test_a_sample_nested_beyond_reason_is_refused(put: Put) -> None:
    deep = "[" * 800 + "]" * 800
    text = json.dumps(log([sample(1, attachments={"a": "x"}, metadata={"deep": "HERE"})])).replace('"HERE"', deep)
    with pytest.raises(ImportRefused, match="nested too deeply"):
        plan_import([put("a.json", text)])


@pytest.mark.parametrize("change", [{"sample": 2**60}, {"source": {"digest": "d", "file": "f", "record": 2**80}}])
def test_an_export_with_numbers_that_cannot_be_stored_is_refused(
    corpus: Corpus, tmp_path: Path, change: dict[str, object]
) -> None:
    corpus.add([said(1)])
    export(corpus, tmp_path / "out.jsonl", "jsonl")
    head, line = (tmp_path / "out.jsonl").read_text().splitlines()
    (tmp_path / "out.jsonl").write_text(f"{head}\n{json.dumps(json.loads(line) | change)}\n")
    with pytest.raises(ImportRefused, match="altered"):
        plan_import([tmp_path / "out.jsonl"])


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.eval", eval_bytes([sample(1)]), "inspect-eval"),
        ("log", eval_bytes([sample(1)]), "inspect-eval"),
        ("a.json", log([sample(1)]), "inspect-json"),
        ("a.json", [{"x": 1}], "json"),
        ("a.jsonl", "{}\n", "jsonl"),
        ("a.jsonl", '{"allegiance-transcripts":1,"count":0}\n', "allegiance-jsonl"),
        ("a.csv", "a,b\n", "csv"),
        ("a.parquet", b"PAR1", "parquet"),
    ],
)
def test_formats_are_recognised(put: Put, name: str, content: object, expected: str) -> None:
    assert recognise(put(name, content)) == expected
