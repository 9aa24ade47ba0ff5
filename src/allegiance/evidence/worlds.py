"""The scenarios of a study: each kept once in a file of its own, named by its digest.

The condition of a transcript names the scenario by digest only. Who wanted what, and by what right it changed, is
read from here.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from allegiance.corpus.files import write_whole
from allegiance.errors import StudyError
from allegiance.records.canonical import canonical, digest_bytes
from allegiance.records.scenario import Scenario

FOLDER = "scenarios"


def keep_scenario(study: Path, scenario: Scenario) -> Path:
    """Keeps a scenario in the directory of a study, in canonical form; one that is there already is left alone."""
    data = canonical(scenario)
    path = study / FOLDER / f"{digest_bytes(data).removeprefix('sha256:')}.json"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        write_whole(path, data)
    return path


def scenarios_of(study: Path) -> dict[str, Scenario]:
    """Version → scenario, of all that a study keeps.

    Raises:
        StudyError: A file is not what its name says, or is from a newer version.
    """
    return dict(map(_read, sorted((study / FOLDER).glob("*.json"))))


def _read(path: Path) -> tuple[str, Scenario]:
    data = path.read_bytes()
    version = digest_bytes(data)
    if version != f"sha256:{path.stem}":
        raise StudyError("this scenario is not the one that its name says.", where=str(path),
                         next="Restore it from a backup, or remove it and run the scenario again.")  # fmt: skip
    try:
        return version, msgspec.json.decode(data, type=Scenario)
    except msgspec.MsgspecError as error:
        raise StudyError(f"this scenario cannot be read: {error}.", where=str(path),
                         next="Install a newer version of the package.") from error  # fmt: skip
