"""Transcripts that others published: imported by mapping, claimed, verified. Needs their data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import ok
from tests.house.sources import ROOT

MAPPINGS = ROOT / "examples" / "mappings"
pytestmark = pytest.mark.data


def gaps(study: Path, *words: str) -> dict[str, dict[str, object]]:
    found = json.loads(ok("claim", "gap", *words, "--study", str(study), "--json"))
    return {claim["model"]: claim for claim in found}


@pytest.fixture(scope="module")
def care(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = tmp_path_factory.mktemp("care") / "study"
    ok("init", str(study))
    path = str(data_dir / "vlaf" / "results" / "care")
    ok("import", path, "--mapping", str(MAPPINGS / "vlaf.yaml"), "--study", str(study))
    return study


@pytest.fixture(scope="module")
def claimed(care: Path) -> dict[str, dict[str, object]]:
    return gaps(care)


@pytest.mark.parametrize(
    ("model", "free", "paid", "neither", "lenient"),
    [
        ("Qwen2.5-14B-Instruct", 0.75, 0.0343, 6, 0.7157),
        ("Qwen3-8B", 0.6454, 0.1477, 10, 0.5208),
        ("gpt-5", 0.0, 0.0, 11, 0.0),
        ("olmo2-7b-instruct", 0.5972, 0.3081, 5, 0.2954),
    ],
)
def test_each_model_has_its_two_rates_its_gap_and_the_gap_under_the_other_rule(
    claimed: dict[str, dict[str, object]], model: str, free: float, paid: float, neither: int, lenient: float
) -> None:
    claim = claimed[model]
    assert claim["rates"] == pytest.approx({"free": free, "paid": paid}, abs=1e-4)
    assert claim["value"] == pytest.approx(free - paid, abs=2e-4)
    assert (claim["n_requests"], claim["n_samples"], claim["neither"]) == (12, 240, neither)
    assert claim["other_rules"]["vlaf-judge/lenient"]["value"] == pytest.approx(lenient, abs=1e-4)  # type: ignore[index]
    assert claim["basis"] == "as rated by vlaf-judge, uncorrected"


def test_every_claim_about_them_verifies(claimed: dict[str, dict[str, object]]) -> None:
    for claim in claimed.values():
        assert json.loads(ok("verify", str(claim["bundle"]), "--json"))["verified"] is True


def test_two_logs_of_one_task_give_two_rates_and_a_paired_gap(data_dir: Path, tmp_path: Path) -> None:
    ok("init", str(tmp_path / "study"))
    logs = map(str, sorted((data_dir / "legobridge").glob("*deceptive*.eval")))
    ok("import", *logs, "--mapping", str(MAPPINGS / "legobridge.yaml"), "--study", str(tmp_path / "study"))
    (claim,) = gaps(tmp_path / "study", "--levels", "deployed,debug").values()
    assert claim["rates"] == pytest.approx({"deployed": 70 / 290, "debug": 3 / 290})
    assert claim["value"] == pytest.approx(67 / 290)
    assert (claim["n_requests"], claim["basis"]) == (290, "exact by construction")
