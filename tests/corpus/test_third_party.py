"""Other people's logs, read by us and by the tools that wrote them. Each case has a sibling on data of our own."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from allegiance.corpus.export import export
from allegiance.corpus.importers import plan_import
from allegiance.corpus.mapping import load_mapping
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused
from allegiance.records.transcript import Transcript

pytestmark = pytest.mark.data
ROOT = Path(os.environ.get("ALLEGIANCE_TEST_DATA", "/nonexistent"))
MAPPINGS = Path(__file__).parents[2] / "examples" / "mappings"
FILES = [
    path
    for folder in ("inspect-logs", "legobridge")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".eval", ".json", ".jsonl", ".parquet")
]


def is_log(path: Path) -> bool:
    """By a rule of its own, not by ours."""
    if path.suffix == ".eval":
        return True
    if path.suffix != ".json":
        return False
    value = json.loads(path.read_text())
    return isinstance(value, dict) and {"version", "status", "eval"} <= set(value)


LOGS = [path for path in FILES if is_log(path)]
OTHERS = [path for path in FILES if not is_log(path)]


def label(path: Path) -> str:
    return "/".join(path.parts[-2:])[-60:]


def words(item: Transcript) -> list[tuple[str, str]]:
    return [(m.role, m.text()) for m in item.messages]


def thoughts(item: Transcript) -> list[str]:
    return [p.text for m in item.messages for p in m.parts if p.kind == "reasoning" and not p.redacted]


@pytest.mark.parametrize("path", LOGS, ids=label)
@pytest.mark.filterwarnings("ignore")
def test_a_log_gives_the_samples_and_words_that_inspect_reads(path: Path) -> None:
    from inspect_ai.log import read_eval_log
    from inspect_ai.model import ContentReasoning, ContentText

    theirs = read_eval_log(str(path), resolve_attachments=True)
    ours = {(t.request, t.sample): t for t in plan_import([path]).transcripts}
    samples = theirs.samples or []
    assert len(ours) == len(samples)
    for sample in samples:
        item = ours[f"{theirs.eval.task}/{sample.id}", sample.epoch - 1]
        expected = [
            (
                m.role,
                m.content
                if isinstance(m.content, str)
                else "\n\n".join(c.text for c in m.content if isinstance(c, ContentText)),
            )
            for m in sample.messages
        ]
        assert words(item) == expected
        assert thoughts(item) == [
            c.reasoning
            for m in sample.messages
            if not isinstance(m.content, str)
            for c in m.content
            if isinstance(c, ContentReasoning) and not c.redacted
        ]
        calls = [c for m in sample.messages for c in (getattr(m, "tool_calls", None) or [])]
        kept = [p for m in item.messages for p in m.parts if p.kind == "tool_call"]
        assert [(p.data["function"], p.data["arguments"]) for p in kept] == [
            (c.function, c.arguments) for c in calls
        ]
        assert item.model == theirs.eval.model


@pytest.mark.parametrize("path", OTHERS, ids=label)
def test_a_file_that_is_no_log_is_refused_in_one_sentence(path: Path) -> None:
    with pytest.raises(ImportRefused) as caught:
        plan_import([path])
    assert caught.value.what.count(".") >= 1
    assert "\n" not in caught.value.what
    assert len(caught.value.what) < 160


def test_there_are_logs_and_others() -> None:
    assert (len(LOGS), len(OTHERS)) == (27, 31)


def test_all_logs_are_stored_checked_and_exported_without_loss(tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "c")
    items = [item for path in LOGS for item in plan_import([path]).transcripts]
    corpus.add(items)
    assert corpus.fsck() == []
    # One log is there in both forms; what came first is kept.
    assert dict(corpus.iter()) == {item.name: item for item in reversed(items)}
    export(corpus, tmp_path / "out.jsonl", "jsonl")
    assert sorted(plan_import([tmp_path / "out.jsonl"]).names) == corpus.names()


@pytest.mark.filterwarnings("ignore")
def test_scout_finds_nothing_wrong_with_our_segments(tmp_path: Path) -> None:
    from inspect_scout._transcript.database.schema import validate_transcript_schema

    corpus = Corpus.create(tmp_path / "c")
    corpus.add(plan_import([LOGS[0]]).transcripts)
    assert validate_transcript_schema(corpus.folder / "segments") == []


def test_the_value_conflict_results_import_by_their_mapping() -> None:
    result = plan_import([ROOT / "vlaf/results/care"], load_mapping(MAPPINGS / "vlaf.yaml"))
    assert (len(result.transcripts), len(set(result.names))) == (960, 960)
    assert Counter(t.condition.levels["tier"] for t in result.transcripts) == {"free": 480, "paid": 480}
    assert len({t.request for t in result.transcripts}) == 12
    assert Counter(x.value for x in result.labels if x.rater.name == "vlaf-judge") == {
        "yes": 288,
        "no": 640,
        "unsure": 32,
    }
    assert Counter(x.value for x in result.labels if x.rater.name == "vlaf-judge/lenient") == {
        "yes": 297, "no": 656, "unsure": 7
    }  # fmt: skip


def test_the_helpful_only_results_import_with_replies_that_are_no_lists() -> None:
    result = plan_import(
        [ROOT / "vlaf/results/redwood_helpful_only"], load_mapping(MAPPINGS / "vlaf-helpful-only.yaml")
    )
    assert (len(result.transcripts), len(set(result.names))) == (704, 704)


def test_the_deception_logs_have_their_tiers_and_exact_labels() -> None:
    result = plan_import([ROOT / "legobridge"], load_mapping(MAPPINGS / "legobridge.yaml"))
    assert Counter(t.condition.levels.get("tier") for t in result.transcripts) == {
        "debug": 290,
        "deployed": 290,
        None: 290,
    }
    exact = [x for x in result.labels if x.rater.basis == "exact by construction"]
    assert len(exact) == 870
