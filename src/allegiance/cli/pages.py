"""Writing the report of a study."""

from __future__ import annotations

import os
from pathlib import Path

from allegiance.records.scenario import Scenario
from allegiance.report.assemble import assemble
from allegiance.report.page import render
from allegiance.scenarios import library, load
from allegiance.study import Study


def write_report(study: Study, out: Path | None, world: str | None) -> Path:
    """Writes the page whole, or not at all; returns where it is."""
    path = out or study.folder / "reports" / "report.html"
    settings = study.settings
    scenario = _scenario(study, world)
    page = render(assemble(study.keep, settings.title, settings.question, study.claims, scenario))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(page)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path


def _scenario(study: Study, name: str | None) -> Scenario | None:
    """The scenario with this name; without one, that of the library which made the transcripts, if any did."""
    if name:
        return load(name)
    made_by = {row.condition.scenario for row in study.keep.corpus.rows()}
    return next((world for world in map(load, library()) if world.version in made_by), None)
