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
    """Get the weights of models that run on this machine."""


@model.command("get")
@click.argument("name", type=click.Choice(["smollm2", "minilm"]), default="smollm2")
@json_option
def model_get(name: str, as_json: bool) -> None:
    """Download weights, check their digest, keep them in a cache.

    smollm2 is the local model (about 100 MB); minilm is the sentence encoder for search by meaning (22 MB).

    \b
    Example:
      allegiance model get
      allegiance model get minilm
    """
    if name == "minilm":
        from allegiance.bridge.sentence_model import get_sentence_model as get
    else:
        from allegiance.bridge.local_model import get_model as get

    path = get()
    size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.iterdir()))
    emit(as_json, {"path": str(path), "bytes": size}, f"the model is at {path}")


VERBS = (init, doctor, model)
