"""A corpus as Inspect logs: read by Inspect, and not taken for what they are not."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log
from tests.corpus.made import said

from allegiance.bridge import exporting
from allegiance.bridge.exporting import write_logs
from allegiance.corpus.canary import check_exported
from allegiance.corpus.export_target import Chosen
from allegiance.corpus.importers import plan_import
from allegiance.corpus.importers.besides import Beside
from allegiance.corpus.store import Corpus
from allegiance.errors import ImportRefused
from allegiance.records.label import Label
from allegiance.records.question import Question
from allegiance.records.rater import RaterCard


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    made = Corpus.create(tmp_path / "c")
    made.add([said(1), said(2), said(3), said(1, model="other")])
    return made


def test_there_is_a_log_for_each_run_model_and_condition(corpus: Corpus, tmp_path: Path) -> None:
    write_logs(Chosen(corpus), tmp_path / "out")
    logs = [read_eval_log(log) for log in list_eval_logs(str(tmp_path / "out"))]
    found = {(log.eval.model, str(log.eval.task_args), len(log.samples or [])) for log in logs}
    assert found == {("m", "{'tier': 'trained'}", 2), ("m", "{'tier': 'untrained'}", 1),
                     ("other", "{'tier': 'trained'}", 1)}  # fmt: skip


def test_inspect_reads_the_words(corpus: Corpus, tmp_path: Path) -> None:
    write_logs(Chosen(corpus, names=frozenset({said(2).name})), tmp_path / "out")
    [log] = list_eval_logs(str(tmp_path / "out"))
    [sample] = read_eval_log(log).samples or []
    assert [(m.role, m.text) for m in sample.messages] == [("user", "Question 2?"), ("assistant", "Yes.")]
    assert (sample.id, sample.epoch, sample.output.completion) == ("q2", 1, "Yes.")


def test_labels_stand_as_scores_and_come_back_once(corpus: Corpus, tmp_path: Path) -> None:
    question, rater = Question(name="complies", text="?"), RaterCard(name="reader", kind="person")
    name = said(2).name
    label = Label(transcript=name, question=question.digest, rater=rater.digest, value="yes")
    beside = {name: [Beside(question=question, rater=rater, label=label)]}
    write_logs(Chosen(corpus, names=frozenset({name}), labels=beside), tmp_path / "out")
    [log] = list_eval_logs(str(tmp_path / "out"))
    [sample] = read_eval_log(log).samples or []
    assert {key: score.value for key, score in (sample.scores or {}).items()} == {"complies@reader": "yes"}
    assert [found.rater.name for found in plan_import([tmp_path / "out"]).labels] == ["reader"]


def test_a_large_group_fills_several_logs(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_SAMPLES", 1)
    write_logs(Chosen(corpus), tmp_path / "out")
    assert len(list_eval_logs(str(tmp_path / "out"))) == 4
    assert sorted(plan_import([tmp_path / "out"]).names) == corpus.names()


def test_every_sample_carries_the_canary(corpus: Corpus, tmp_path: Path) -> None:
    write_logs(Chosen(corpus), tmp_path / "out")
    assert [one.carrying for one in check_exported(tmp_path / "out")] == [
        one.items for one in check_exported(tmp_path / "out")
    ]


def test_words_that_were_changed_in_a_log_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    write_logs(Chosen(corpus, names=frozenset({said(2).name})), tmp_path / "out")
    [path] = (tmp_path / "out").iterdir()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    [name] = [name for name in members if name.startswith("samples/")]
    sample = json.loads(members[name])
    sample["messages"][1]["content"] = "No."
    with zipfile.ZipFile(path, "w") as archive:
        for other, data in members.items():
            archive.writestr(other, json.dumps(sample) if other == name else data)
    with pytest.raises(ImportRefused, match="it was altered"):
        plan_import([path])
