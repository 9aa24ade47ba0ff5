"""The scenarios that a study keeps."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from allegiance.errors import StudyError
from allegiance.scenarios import load, stage
from allegiance.study import Study
from allegiance.testing import ScriptedRun, ScriptedStandings

DESK = load("repair-desk")
OWN = msgspec.structs.replace(DESK, name="own-desk")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.init(tmp_path / "study", "A study")


def test_a_scenario_that_was_kept_comes_back_under_its_version(study: Study) -> None:
    path = study.keep_scenario(OWN)
    assert study.worlds() == {OWN.version: OWN}
    assert f"sha256:{path.stem}" == OWN.version


def test_keeping_it_again_changes_nothing(study: Study) -> None:
    first = study.keep_scenario(OWN)
    before = first.stat()
    assert study.keep_scenario(OWN) == first
    assert first.stat() == before


def test_a_scenario_of_the_library_is_known_by_its_transcripts(study: Study) -> None:
    assert study.worlds() == {}
    study.keep.add(ScriptedRun(model=ScriptedStandings(scenario=DESK))(stage(DESK, requests=1)))
    assert study.worlds() == {DESK.version: DESK}


def test_a_changed_scenario_is_refused(study: Study) -> None:
    path = study.keep_scenario(OWN)
    path.write_bytes(path.read_bytes().replace(b"own-desk", b"odd-desk"))
    with pytest.raises(StudyError, match="not the one"):
        study.worlds()
