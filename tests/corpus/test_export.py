"""Exports: whole or not at all, the same names back, and readable by the tools that they are for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.made import said

from allegiance.corpus.export import FORMATS, export
from allegiance.corpus.export_target import Chosen, new_file, new_folder
from allegiance.corpus.importers import FileReport, ImportResult, plan_import, scans
from allegiance.corpus.importers.besides import Beside
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused, UnknownName, UsageError
from allegiance.evidence.intake import take_in
from allegiance.evidence.scanned import Scanned, take_scans
from allegiance.records.canary import CANARY
from allegiance.records.label import Label, Span
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard
from allegiance.records.transcript import Message, Part, Transcript
from allegiance.study import Study

QUESTION = Question(name="complies", text="Does the reply say yes?")
READER = RaterCard(name="reader", kind="person", basis="trusted")
ALL_FORMS = (*FORMATS, "eval")


def label(name: str) -> Label:
    span = Span(message=1, part=0, start=0, end=3, text="Yes")
    return Label(
        transcript=name, question=QUESTION.digest, rater=READER.digest, value="yes", score=0.75, spans=(span,),
        raw="y", note="plain",
    )  # fmt: skip


def everything() -> Transcript:
    """A transcript with every kind of part, and reasoning absent, empty, withheld and summarised."""
    parts = (
        Part(kind="reasoning", text="Hm.\n\n", extra={"signature": "s"}),
        Part(kind="reasoning", text=""),
        Part(kind="reasoning", redacted=True, extra={"reasoning": "cipher"}),
        Part(kind="reasoning", text="In short.", redacted=True, data={"form": "summary"}),
        Part(text="Yes. \U0001f642 <b> \x00", extra={"citations": [1]}),
        Part(kind="tool_call", data={"function": "look", "arguments": {"at": "sky"}}, extra={"id": "k"}),
        Part(kind="tool_call", data={"function": "look", "arguments": "{not json"}),
        Part(kind="data", data={"type": "image", "image": "data:image/png;base64,AA=="}),
        Part(kind="data", data={"type": "of our own", "x": [1, 2.5, None, True]}),
    )
    turns = (
        Message(role="developer", parts=(Part(text="Be brief."),)),
        Message(role="user", parts=(Part(text="Rain?"), Part(text="")), extra={"source": 5}),
        Message(role="assistant", parts=parts, extra={"id": "a", "model": "m", "unknown": {"k": [1]}}),
        Message(role="tool", parts=(Part(text="grey"),), extra={"tool_call_id": "k", "function": "look"}),
        Message(role="assistant"),
        Message(role="of our own", parts=(Part(text="?"),)),
    )
    return said(
        9, messages=turns, status="truncated", canary="c", metadata={"allegiance": 1, "uuid": "u"}, request=""
    )


def write(chosen: Chosen | Corpus, target: Path, form: str) -> int:
    if form == "eval":
        from allegiance.bridge.exporting import write_logs

        return write_logs(Chosen(chosen) if isinstance(chosen, Corpus) else chosen, target)
    return export(chosen, target, form)


@pytest.fixture
def filled(corpus: Corpus) -> Corpus:
    other = said(1, model="other", run="r2")
    corpus.add([said(1), said(2, request="", sample=-1), said(1, sample=1), other, everything()])
    return corpus


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ALL_FORMS)
def test_every_form_comes_back_as_it_was(filled: Corpus, tmp_path: Path, form: str) -> None:
    assert write(filled, tmp_path / f"out.{form}", form) == 5
    read = plan_import([tmp_path / f"out.{form}"])
    assert dict(zip(read.names, read.transcripts, strict=True)) == dict(filled.iter())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ALL_FORMS)
def test_labels_come_back_whole_with_their_question_and_rater(filled: Corpus, tmp_path: Path, form: str) -> None:
    name = filled.names()[0]
    beside = {name: [Beside(question=QUESTION, rater=READER, label=label(name))]}
    write(Chosen(filled, labels=beside), tmp_path / f"out.{form}", form)
    [found] = plan_import([tmp_path / f"out.{form}"]).labels
    assert (found.transcript, found.question, found.rater, found.exact) == (name, QUESTION, READER, label(name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ALL_FORMS)
def test_only_what_was_chosen_is_written(filled: Corpus, tmp_path: Path, form: str) -> None:
    some = frozenset(filled.names()[1:3])
    assert write(Chosen(filled, names=some), tmp_path / f"out.{form}", form) == 2
    assert set(plan_import([tmp_path / f"out.{form}"]).names) == some


@pytest.mark.parametrize("form", FORMATS)
def test_an_earlier_version_can_be_written(corpus: Corpus, tmp_path: Path, form: str) -> None:
    corpus.add([said(1)])
    before = corpus.head().version
    corpus.add([said(2)])
    assert write(Chosen(corpus, before), tmp_path / f"out.{form}", form) == 1
    assert plan_import([tmp_path / f"out.{form}"]).names == [said(1).name]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ALL_FORMS)
def test_nothing_is_overwritten(filled: Corpus, tmp_path: Path, form: str) -> None:
    (tmp_path / f"out.{form}").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="exists already"):
        write(filled, tmp_path / f"out.{form}", form)
    assert (tmp_path / f"out.{form}").read_text("utf-8") == "mine"


def test_a_folder_whose_writing_fails_never_appears(tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "out") as folder:
            (folder / "part").write_text("half", "utf-8")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_writing_fails_never_appears(tmp_path: Path) -> None:
    def fail(_file: object) -> int:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        new_file(tmp_path / "out", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_form_that_there_is_not_is_a_usage_error(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="parquat"):
        export(corpus, tmp_path / "out", "parquat")


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_corpus_can_be_written_and_has_nothing_in_it(corpus: Corpus, tmp_path: Path, form: str) -> None:
    assert write(corpus, tmp_path / f"out.{form}", form) == 0
    assert plan_import([tmp_path / f"out.{form}"]).names == []


def altered(change: Callable[[dict[str, object]], object], target: Path) -> str:
    """The reason why the first record of an export is refused once it was changed."""
    head, first, *rest = target.read_text("utf-8").splitlines()
    record = json.loads(first)
    change(record)
    target.write_text("\n".join([head, json.dumps(record), *rest]) + "\n", "utf-8")
    with pytest.raises(ImportRefused) as caught:
        plan_import([target])
    return caught.value.what


def test_a_label_that_was_moved_to_another_transcript_is_refused(filled: Corpus, tmp_path: Path) -> None:
    beside = {name: [Beside(question=QUESTION, rater=READER, label=label(name))] for name in filled.names()}
    write(Chosen(filled, labels=beside), tmp_path / "out.jsonl", "jsonl")

    def move(record: dict[str, object]) -> None:
        record["labels"][0]["label"]["transcript"] = "sha256:" + "1" * 64  # type: ignore[index]

    assert "altered" in altered(move, tmp_path / "out.jsonl")


def test_a_label_that_is_no_answer_to_its_question_is_refused(filled: Corpus, tmp_path: Path) -> None:
    beside = {name: [Beside(question=QUESTION, rater=READER, label=label(name))] for name in filled.names()}
    write(Chosen(filled, labels=beside), tmp_path / "out.jsonl", "jsonl")

    def answer(record: dict[str, object]) -> None:
        record["labels"][0]["label"]["value"] = "maybe"  # type: ignore[index]

    assert "no answer" in altered(answer, tmp_path / "out.jsonl")


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_a_file_asks_not_to_be_indexed(filled: Corpus, tmp_path: Path, form: str) -> None:
    write(filled, tmp_path / f"out.{form}", form)
    if form == "parquet":
        told = pq.read_schema(tmp_path / f"out.{form}").metadata
        assert (told[b"robots"], told[b"marker"]) == (b"noindex", CANARY.encode())
    else:
        assert '"robots":"noindex"' in (tmp_path / f"out.{form}").read_text("utf-8")[:600]


def test_the_data_set_library_loads_the_folder(filled: Corpus, tmp_path: Path) -> None:
    from datasets import load_from_disk

    write(filled, tmp_path / "out", "hf")
    loaded = load_from_disk(str(tmp_path / "out"))
    assert sorted(loaded["transcript_id"]) == filled.names()
    assert set(loaded["marker"]) == {CANARY}


@pytest.mark.filterwarnings("ignore")
def test_scout_validates_the_export_and_the_segments(filled: Corpus, tmp_path: Path) -> None:
    from click.testing import CliRunner
    from inspect_scout._cli.main import scout

    write(filled, tmp_path / "out", "scout")
    for folder in (tmp_path / "out", filled.folder / "segments"):
        done = CliRunner().invoke(scout, ["db", "validate", str(folder)])
        assert (done.exit_code, "passed" in done.output) == (0, True), done.output


@pytest.mark.filterwarnings("ignore")
def test_a_scanner_reads_every_transcript_and_its_results_come_back_as_labels(tmp_path: Path) -> None:
    from inspect_scout import scan, transcripts_from
    from tests.corpus.scanner import says_yes

    keep = Study.init(tmp_path / "study", title="t").keep
    take_in(keep, read_of([said(1), said(2, "No.")]))
    write(keep.corpus, tmp_path / "db.scout", "scout")
    for number, folder in enumerate((tmp_path / "db.scout", keep.corpus.folder / "segments")):
        found = transcripts_from(str(folder))
        where = tmp_path / f"scans{number}"
        scan([says_yes()], transcripts=found, scans=str(where), display="none", max_processes=1)
        assert take_scans(keep, scans.find([where])) == Scanned(results=2, labels=2, lost=0)
        assert take_scans(keep, scans.find([where])) == Scanned(results=2, labels=0, lost=0)
    [question] = keep.labels.questions()
    raters = keep.labels.raters()
    assert [rater.name for rater in raters] == ["scout/says_yes"] * 2  # two scans are two instruments
    labels = keep.labels.all(question.digest, raters[0].digest)
    assert {label.transcript: label.value for label in labels} == {said(1).name: "yes", said(2, "No.").name: "no"}
    assert json.loads(labels[0].raw)["explanation"] == "looked"


def read_of(items: list[Transcript]) -> ImportResult:
    """These transcripts as if they had been imported."""
    report = FileReport("made.json", "json", len(items), len(items), "sha256:" + "0" * 64)
    return ImportResult(items, [item.name for item in items], [], [], [report])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=2)
PARTS = st.builds(
    Part,
    kind=st.sampled_from(["text", "reasoning", "tool_call", "data"]),
    text=st.text(max_size=8),
    redacted=st.booleans(),
    data=OBJECTS,
    extra=OBJECTS,
)
TURNS = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["system", "user", "assistant", "tool", "developer", ""]),
        parts=st.lists(PARTS, max_size=3).map(tuple),
        extra=OBJECTS,
    ),
    max_size=3,
).map(tuple)


ITEMS = st.lists(st.tuples(TURNS, OBJECTS), min_size=1, max_size=6)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=8)
@given(made=ITEMS)
def test_whatever_a_transcript_is_made_of_comes_back_from_every_form(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[tuple[Message, ...], dict[str, object]]]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    corpus = Corpus.create(folder / "c")
    items = [said(n, messages=turns, metadata=metadata) for n, (turns, metadata) in enumerate(made)]
    corpus.add(items)
    for form in ALL_FORMS:
        write(corpus, folder / f"out.{form}", form)
        read = plan_import([folder / f"out.{form}"])
        assert sorted(read.transcripts, key=lambda t: t.request) == items, form
