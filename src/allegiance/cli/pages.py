"""Writing the report of a study."""

from __future__ import annotations

import os
from pathlib import Path

from allegiance.evidence.standings import matrix
from allegiance.report.assemble import assemble
from allegiance.report.page import render
from allegiance.scenarios import load
from allegiance.study import Study


def write_report(study: Study, out: Path | None, world: str | None) -> Path:
    """Writes the page whole, or not at all; returns where it is."""
    path = out or study.folder / "reports" / "report.html"
    settings = study.settings
    worlds = study.worlds()
    scenario = load(world) if world else next(iter(worlds.values()), None)
    standings = matrix(study.keep, worlds)
    page = render(
        assemble(study.keep, settings.title, settings.question, study.claims, scenario, standings, worlds)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(page)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path
