"""The verbs of probe."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from tests.cli.conftest import allegiance, ok

from allegiance.evidence.contamination import Continued, Memory

TEXT = " ".join(f"word{n}" for n in range(700))


def test_a_dry_run_counts_the_calls_of_text_and_control(tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_text(TEXT, "utf-8")
    data = json.loads(ok("probe", "memorised", str(tmp_path / "known.txt"), "--dry-run", "--json"))
    assert data["known"] == 12
    assert data["calls"] == data["known"] + data["control"]


@pytest.mark.parametrize(("words", "status"), [((), 2), (("none.txt",), 1), (("none.txt", "--scenario", "x"), 2)])
def test_a_wrong_call_of_probe_is_told_as_one(words: tuple[str, ...], status: int) -> None:
    assert allegiance("probe", "memorised", *words, "--dry-run").returncode == status


def test_a_text_of_too_few_passages_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text(" ".join(f"w{n}" for n in range(60)), "utf-8")
    done = allegiance("probe", "memorised", str(tmp_path / "short.txt"))
    assert (done.returncode, "cannot reach" in done.stderr) == (3, True)


def test_claims_stand_beside_claims_of_the_same_model(study: Path) -> None:
    (made,) = json.loads(ok("claim", "gap", "--study", str(study), "--json"))
    (row,) = json.loads(ok("probe", "beside", made["bundle"], "--paraphrased", made["bundle"], "--json"))
    assert (row["name"], row["place_known"], row["apart"]) == ("small", 1, False)


def test_what_a_model_recalls_stands_beside_its_claims(study: Path, tmp_path: Path) -> None:
    (made,) = json.loads(ok("claim", "gap", "--study", str(study), "--json"))
    words = ("probe", "beside", made["bundle"], "--paraphrased", made["bundle"], "--memory")
    memory = Memory(flagged=True, p_value=0.004, alpha=0.01, known=(PASSAGE,), control=(PASSAGE,),
                    control_name="a paraphrase", missing=0)  # fmt: skip
    told = tmp_path / "small.json"
    told.write_text(json.dumps({"model": "small", "memory": msgspec.to_builtins(memory)}), "utf-8")
    (row,) = json.loads(ok(*words, str(told), "--json"))
    assert row["memory"]["flagged"] is True
    text = ok(*words, str(told))
    assert "yes (p 0.004)" in text
    assert "small: more comes back of the text than of the control" in text
    assert allegiance(*words, str(told), "--memory", str(told)).returncode == 2
    told.write_text("{}", "utf-8")
    assert allegiance(*words, str(told)).returncode == 1


PASSAGE = Continued(passage="known-01", run=9, score=9, exact=9, of=25, replies=1)
