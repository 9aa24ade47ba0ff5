"""The verb that looks: read. It enters the log before anything is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.options import (
    json_option,
    open_study,
    reader_option,
    study_option,
    where_option,
)
from allegiance.cli.output import builtins, emit
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.keep import Keep
    from allegiance.records.route import Reading
    from allegiance.records.transcript import Transcript


@click.command()
@click.argument("name", required=False)
@click.option("--draw", "drawn", type=int, help="Read from this draw; with --rank.")
@click.option("--search", "found", type=int, help="Read from this search; with --rank.")
@click.option("--rank", default=1, show_default=True, type=click.IntRange(1))
@click.option("--next", "listed", is_flag=True, help="Read the next unread one in list order, under --where.")
@where_option
@reader_option
@study_option
@json_option
def read(
    name: str | None,
    drawn: int | None,
    found: int | None,
    rank: int,
    listed: bool,
    where: str,
    reader: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Show a transcript. How you came to it is entered in the log first.

    \b
    Example:
      allegiance read --draw 1 --rank 4 --study care
      allegiance read 3f9a61c2d0 --study care
    """
    from allegiance.evidence.reading import supports

    if sum((name is not None, drawn is not None, found is not None, listed)) != 1:
        raise UsageError("say one of NAME, --draw, --search and --next.", where="read")
    keep = open_study(folder).keep
    reading = _open(keep, name, drawn, found, rank, where, reader)
    item = keep.corpus.get(reading.transcript)
    data = {"reading": builtins(reading), "supports": supports(reading.route), "transcript": builtins(item)}
    head = f"reading {reading.order}, {reading.route.__class__.__name__.lower()}: {supports(reading.route)}"
    emit(as_json, data, f"{head}\n{shown(item, reading.transcript)}")


def shown(item: Transcript, name: str, *, replies_only: bool = False) -> str:
    """A transcript as text: a header, then each message under its role, with its reasoning apart.

    With `replies_only`, model, condition and the messages of others than the model are left out.
    """
    told = "" if replies_only else f"model {item.model or 'unknown'}  {item.condition.name}  {item.status}"
    head = [f"transcript {name}", told]
    body = []
    for message in item.messages:
        if replies_only and message.role != "assistant":
            continue
        for part in message.parts:
            words = "(redacted)" if part.redacted else part.text
            body.append(
                f"[{message.role}{'' if part.kind == 'text' else ' ' + part.kind}]\n{words or dict(part.data)}\n"
            )
    return "\n".join([*head, "", *body])


def _open(
    keep: Keep, name: str | None, drawn: int | None, found: int | None, rank: int, where: str, reader: str
) -> Reading:
    from allegiance.evidence import reading

    if drawn is not None:
        return reading.read_drawn(keep, keep.find_draw(drawn), rank, reader)
    if found is not None:
        return reading.read_hit(keep, found, rank, reader)
    if name is not None:
        return reading.read_linked(keep, keep.corpus.resolve(name), reader)
    return reading.read_next(keep, where, reader)


VERBS = (read,)
