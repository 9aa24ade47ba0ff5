"""Other people's logs, read by us and by the tools that wrote them. Each case has a sibling on data of our own."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from allegiance.corpus.export import FORMATS, export
from allegiance.corpus.export_target import Chosen
from allegiance.corpus.importers import plan_import, scans
from allegiance.corpus.mapping import load_mapping
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused
from allegiance.evidence.intake import take_in
from allegiance.evidence.scanned import take_scans
from allegiance.records.transcript import Transcript
from allegiance.study import Study

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


def is_trajectory(path: Path) -> bool:
    """By where it lies: what other agents did, in their own formats."""
    told = path.name == "tb_airline.json" or ".trajectory." in path.name
    return told or "claude_code_source" in path.parts


LOGS = [path for path in FILES if is_log(path)]
TRAJECTORIES = [path for path in FILES if is_trajectory(path)]
OTHERS = [path for path in FILES if not is_log(path) and not is_trajectory(path)]


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


@pytest.mark.parametrize("path", TRAJECTORIES, ids=label)
def test_what_another_agent_did_is_one_transcript_with_its_reply(path: Path) -> None:
    [item] = plan_import([path]).transcripts
    assert item.status == "complete"
    assert item.answer or any(part.kind == "tool_call" for turn in item.messages for part in turn.parts)


def test_there_are_logs_and_trajectories_and_others() -> None:
    assert (len(LOGS), len(TRAJECTORIES), len(OTHERS)) == (27, 17, 14)


def everything() -> list[Transcript]:
    """All transcripts that the data hold."""
    read = [plan_import([path]) for path in (*LOGS, *TRAJECTORIES)]
    read.append(plan_import([ROOT / "vlaf/results/care"], load_mapping(MAPPINGS / "vlaf.yaml")))
    harmful = ROOT / "vlaf/results/redwood_helpful_only"
    read.append(plan_import([harmful], load_mapping(MAPPINGS / "vlaf-helpful-only.yaml")))
    read.append(plan_import([ROOT / "legobridge"], load_mapping(MAPPINGS / "legobridge.yaml")))
    return [item for one in read for item in one.transcripts]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    corpus = Corpus.create(tmp_path_factory.mktemp("everything") / "c")
    items = everything()
    corpus.add(items)
    # One log is there in both forms, and some with a mapping and without; what came first is kept.
    assert dict(corpus.iter()) == {item.name: item for item in reversed(items)}
    return corpus


def test_everything_is_stored_and_checked_without_loss(stored: Corpus) -> None:
    assert stored.fsck() == []


@pytest.mark.parametrize("form", [*FORMATS, "eval"])
@pytest.mark.filterwarnings("ignore")
def test_everything_exported_and_imported_is_what_it_was(stored: Corpus, tmp_path: Path, form: str) -> None:
    from allegiance.bridge.exporting import write_logs

    target = tmp_path / f"out.{form}"
    count = write_logs(Chosen(stored), target) if form == "eval" else export(stored, target, form)
    read = plan_import([target])
    assert count == len(stored.names())
    assert dict(zip(read.names, read.transcripts, strict=True)) == dict(stored.iter())


def test_scan_results_find_the_samples_they_are_about(tmp_path: Path) -> None:
    keep = Study.init(tmp_path / "study", title="t").keep
    take_in(keep, plan_import([ROOT / "inspect-logs/inspect_scout/logs"]))
    found = take_scans(keep, scans.find([ROOT / "inspect-logs/inspect_scout/scans"]))
    assert (found.results, found.labels, found.lost) == (432, 432, 0)


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
