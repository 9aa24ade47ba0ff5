"""Taking in a stream: transcripts, log entry and labels, or nothing at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from allegiance.corpus.importers import plan_import
from allegiance.corpus.importers.stream import Stream
from allegiance.corpus.mapping import Mapping_, parse_mapping
from allegiance.errors import ImportRefused
from allegiance.evidence import intake
from allegiance.evidence.intake import take_in
from allegiance.evidence.keep import Keep

CHATS = """
allegiance-mapping: 1
format: jsonl
files: ["*.jsonl"]
messages: {from: record.messages}
request: {from: record.id}
model: {text: MODEL}
labels:
- {question: {name: good, text: "Good?"}, rater: r, from: record.good, values: {"1": "yes", "0": "no"}}
"""


def mapping(model: str = "m") -> Mapping_:
    return parse_mapping(CHATS.replace("MODEL", model).encode(), "m")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    def record(index: int) -> dict[str, object]:
        messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": f"{index}!"}]
        return {"id": f"q{index}", "good": index % 2, "messages": messages}

    made = tmp_path / "chats.jsonl"
    made.write_text("".join(json.dumps(record(index)) + "\n" for index in range(10)))
    return made


def labels(keep: Keep) -> list[tuple[str, str]]:
    return sorted(
        (label.transcript, label.value)
        for question in keep.labels.questions()
        for rater in keep.labels.raters(question.digest)
        for label in keep.labels.all(question.digest, rater.digest)
    )


def test_a_stream_is_logged_with_its_files_as_an_import_that_was_read_before(keep: Keep, path: Path) -> None:
    done = take_in(keep, Stream([path], mapping()))
    [entry] = [entry for entry in keep.log.entries("import") if entry.body["to"] == done.version]
    [file] = plan_import([path], mapping()).files
    told = {"file": file.sha256, "format": "jsonl", "records": 10, "kept": 10}
    assert entry.body["source"] == {"files": [told], "rejected": 0}
    assert (entry.body["new"], entry.body["duplicates"]) == (10, 0)
    assert keep.fsck() == []


def test_labels_of_a_stream_are_saved_and_the_same_again_adds_none(keep: Keep, path: Path) -> None:
    first = take_in(keep, Stream([path], mapping()))
    again = take_in(keep, Stream([path], mapping()))
    assert (first.labels, again.labels, again.new, again.duplicates) == (10, 0, 0, 10)
    expected = plan_import([path], mapping())
    assert labels(keep) == sorted((label.transcript, label.value) for label in expected.labels)


def test_labels_are_the_same_however_many_are_saved_at_once(
    keep: Keep, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LABELS_AT_ONCE", 3)
    assert take_in(keep, Stream([path], mapping())).labels == 10
    assert len(labels(keep)) == 10


def test_the_same_records_read_by_another_mapping_are_refused_and_nothing_changes(keep: Keep, path: Path) -> None:
    take_in(keep, Stream([path], mapping()))
    version, size = keep.corpus.head().version, keep.log.checkpoint().size
    with pytest.raises(ImportRefused, match="10 transcripts of these files are in the corpus already") as caught:
        take_in(keep, Stream([path], mapping("other")))
    assert caught.value.where == "chats.jsonl"
    assert (keep.corpus.head().version, keep.log.checkpoint().size) == (version, size)


def test_records_read_by_another_mapping_are_kept_twice_where_that_is_wanted(keep: Keep, path: Path) -> None:
    take_in(keep, Stream([path], mapping()))
    assert take_in(keep, Stream([path], mapping("other")), again=True).new == 10


def test_a_stream_without_transcripts_is_refused(keep: Keep, tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("\n\n")
    with pytest.raises(ImportRefused, match="there are no transcripts in it"):
        take_in(keep, Stream([tmp_path / "none.jsonl"], mapping()))
