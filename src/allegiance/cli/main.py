"""The group of all verbs, and how errors leave the program."""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

import click

from allegiance import __version__
from allegiance.cli import (
    auditing,
    checking,
    citing,
    claiming,
    drawing,
    duplicates,
    exporting,
    families,
    importing,
    judging,
    labelling,
    looking,
    making,
    overview,
    planning,
    probing,
    questions,
    raters,
    rating,
    recording,
    running,
    searching,
    serving,
    showing,
    staging,
    standing,
    versions,
    worlds,
)
from allegiance.cli.groups import Verbs
from allegiance.errors import AllegianceError


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="allegiance")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Whom does a language model serve, and how do you know?

    Stage a world, run it on a model, keep the transcripts, rate, draw, claim, cite, verify. A study is a directory:
    give it with --study, with ALLEGIANCE_STUDY, or stand in it.

    \b
    First steps:
      allegiance demo                    a whole study on a small local model
      allegiance init STUDY              an empty study
      allegiance import FILES --study STUDY
    """


for module in (
    making, worlds, planning, probing, running, staging, importing, exporting, overview, searching, versions,
    duplicates, drawing, looking, labelling, families, judging, auditing, claiming, citing, checking, showing,
    serving, recording, standing, questions, raters, rating,
):  # fmt: skip
    for verb in module.VERBS:
        cli.add_command(verb)


def main() -> NoReturn:
    """Runs the command line. Exit status: 0 done, 1 failed, 2 called wrongly, 3 refused for lack of evidence."""
    try:
        status = cli.main(standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except AllegianceError as error:
        _tell(error)
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped; what was acknowledged before is kept.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:  # the last resort: a sentence instead of a traceback
        _unexpected(error)
        sys.exit(1)


def _tell(error: AllegianceError) -> None:
    from allegiance.cli.output import visible

    if "--debug" in sys.argv:
        raise error
    if "--json" in sys.argv:
        said = {"what": error.what, "where": error.where, "next": error.next, "kind": type(error).__name__}
        click.echo(json.dumps({"error": said}, ensure_ascii=False))
    lines = [f"error: {error.what}"]
    lines += [f"where: {error.where}"] if error.where else []
    lines += [f"next:  {error.next}"] if error.next else []
    click.echo(visible("\n".join(lines)), err=True)


def _unexpected(error: Exception) -> None:
    from allegiance.cli.output import visible

    if "--debug" in sys.argv:
        raise error
    click.echo(visible(f"error: {type(error).__name__}: {error}"), err=True)
    click.echo(
        "next:  Look for damage with `allegiance doctor`; `allegiance --debug …` shows the traceback.", err=True
    )
