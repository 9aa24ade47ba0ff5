"""Verbs that make things ready: init, doctor, model."""

from __future__ import annotations

from pathlib import Path

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import json_option, study_option
from allegiance.cli.output import emit


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--title", default="", help="Title for people; the name of the directory if none is given.")
@click.option("--question", default="", help="What the study is about, in a sentence.")
@json_option
def init(folder: Path, title: str, question: str, as_json: bool) -> None:
    """Make an empty study.

    \b
    Example:
      allegiance init care --question "Does the model comply more when it is trained?"
    """
    from allegiance.study import Study

    study = Study.init(folder, title or folder.resolve().name, question)
    data = {"study": str(folder), "id": study.settings.id, "title": study.settings.title}
    emit(as_json, data, f"made the study {study.settings.title!r} in {folder}")


@click.command()
@study_option
@json_option
def doctor(folder: Path, as_json: bool) -> None:
    """Look for known faults of this machine and of the study; change nothing.

    \b
    Example:
      allegiance doctor --study care
    """
    from allegiance.cli.health import findings

    found = findings(folder)
    lines = [f"{'ok  ' if item.ok else 'WARN'}  {item.what}" for item in found]
    emit(as_json, [{"ok": item.ok, "what": item.what} for item in found], "\n".join(lines))


@click.group(cls=Verbs)
def model() -> None:
    """Get or show the small local model."""


@model.command("get")
@json_option
def model_get(as_json: bool) -> None:
    """Download the weights of the local model (about 100 MB), check their digest, keep them in a cache.

    \b
    Example:
      allegiance model get
    """
    from allegiance.bridge.local_model import get_model

    path = get_model()
    emit(as_json, {"path": str(path), "bytes": path.stat().st_size}, f"the model is at {path}")


VERBS = (init, doctor, model)
