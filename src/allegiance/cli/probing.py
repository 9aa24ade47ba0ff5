"""Verbs that look for what a model may know beforehand: probe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import F, json_option
from allegiance.cli.output import builtins, emit, progress, table
from allegiance.cli.running import LOCAL, confirm
from allegiance.errors import InputError, UsageError

if TYPE_CHECKING:
    from allegiance.evidence.contamination import Beside, Memory
    from allegiance.records.claim import Estimate

MOST_BYTES = 4_000_000


ASKING = (
    click.option(
        "--shown", default=30, show_default=True, type=click.IntRange(1), help="Words shown of each passage."
    ),
    click.option("--hidden", default=25, show_default=True, type=click.IntRange(1), help="Words to be continued."),
    click.option(
        "--temperature",
        default=0.0,
        show_default=True,
        type=click.FloatRange(0),
        help="Of sampling; 0 takes the likeliest word each time, which is what a model knows by heart.",
    ),
    click.option(
        "--max-tokens", type=click.IntRange(1), help="Bound on a reply; models that reason first need more."
    ),
    click.option(
        "--alpha", default=0.01, show_default=True, type=click.FloatRange(0, 1, min_open=True, max_open=True)
    ),
)
"""Options of what is asked, and how."""


def _asking(verb: F) -> F:
    """All of `ASKING`."""
    for option in reversed(ASKING):
        verb = option(verb)
    return verb


@click.group(cls=Verbs)
def probe() -> None:
    """Look whether a model knows a published prompt by heart, and whether a result holds in other words."""


@probe.command("memorised")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--scenario", "world", metavar="NAME", help="Probe the words of a scenario instead of a file.")
@click.option(
    "--control", type=click.Path(path_type=Path), help="A paraphrase, or an unpublished text of its style."
)
@click.option(
    "--model", "model_name", default=LOCAL, show_default=True, help="Any Inspect model, or the local one."
)
@_asking
@click.option(
    "--logs",
    default=Path("probes"),
    type=click.Path(path_type=Path),
    show_default=True,
    help="Where logs are kept.",
)
@click.option("--yes", is_flag=True, help="Do not ask before calls that may cost money.")
@click.option("--dry-run", is_flag=True, help="Say how many calls it would be, and stop.")
@json_option
def memorised(
    file: Path | None,
    world: str | None,
    control: Path | None,
    model_name: str,
    shown: int,
    hidden: int,
    temperature: float,
    max_tokens: int | None,
    alpha: float,
    logs: Path,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Show a model the first part of passages of a text, and see how much of the rest comes back.

    The same is asked of a control text. The logs stay out of every study.

    \b
    Example:
      allegiance probe memorised published-prompt.txt --model openai/gpt-4o
    """
    from allegiance.evidence.contamination import require_reach, score
    from allegiance.scenarios.probing import probes_of, stage_probes

    probes = probes_of(_known(file, world), _read(control) if control else "", shown=shown, hidden=hidden)
    require_reach(probes, alpha)
    prompts = stage_probes(probes)
    if dry_run:
        data = {"calls": len(prompts), "known": len(probes.known), "control": len(probes.control), "sent": 0}
        return emit(as_json, data, f"at most {len(prompts)} calls to {model_name}; nothing was sent.")
    from allegiance.bridge.run import InspectRun

    run = InspectRun(model_name, logs, temperature=temperature, max_tokens=max_tokens)
    confirm(run.pending(prompts), model_name, yes=yes)
    with progress("probing") as run.on_progress:
        found = score(probes, run(prompts), alpha=alpha)
    return _tell(found, model_name, as_json=as_json)


def _tell(found: Memory, model_name: str, *, as_json: bool) -> None:
    rows = [(one.passage, one.run, one.exact, one.of) for one in (*found.known, *found.control)]
    text = table(rows, ("passage", "longest run", "from the start", "of"))
    emit(as_json, {"model": model_name, "memory": builtins(found)}, f"{text}\n\n{model_name}: {found.sentence}")


@probe.command("beside")
@click.argument("known", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--paraphrased", multiple=True, required=True, type=click.Path(path_type=Path), help="A bundle; give several."
)
@click.option(
    "--memory",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What `probe memorised --json` said of the known text; give several, one a model.",
)
@json_option
def beside_(
    known: tuple[Path, ...], paraphrased: tuple[Path, ...], memory: tuple[Path, ...], as_json: bool
) -> None:
    """Show claims about a known world beside claims about paraphrases of it. KNOWN are bundles; each is verified.

    With --memory, also whether the model is shown to know the known text by heart.

    \b
    Example:
      allegiance probe memorised prompt.txt --model openai/gpt-4o --json > gpt-4o.json
      allegiance probe beside known/claims/*.claim --paraphrased other/claims/0001-gap.claim --memory gpt-4o.json
    """
    from allegiance.evidence.contamination import beside, by_model, memories

    rows = beside(by_model(known), by_model(paraphrased))
    held = memories(memory)
    head = ("model", "known", "place", "paraphrased", "place", "intervals apart", "known text comes back")
    cells = [
        (
            one.name,
            _cell(one.known),
            one.place_known or "-",
            _cell(one.paraphrased),
            one.place_paraphrased or "-",
            {True: "yes", False: "no", None: "-"}[one.apart],
            _recalled(held.get(one.name)),
        )
        for one in rows
    ]
    notes = "".join(f"\n{name}: {found.sentence}" for name, found in held.items())
    told = [{**row, "memory": builtins(held.get(one.name))} for one, row in zip(rows, _plain(rows), strict=True)]
    emit(as_json, told, table(cells, head) + (f"\n{notes}" if notes else ""))


def _plain(rows: tuple[Beside, ...]) -> list[dict[str, object]]:
    import msgspec

    return [msgspec.convert(builtins(row), dict[str, object]) for row in rows]


def _recalled(found: Memory | None) -> str:
    return "-" if found is None else f"{'yes' if found.flagged else 'not shown'} (p {found.p_value:.2g})"


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "-"
    return f"{100 * estimate.value:+.1f} [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"


def _known(file: Path | None, world: str | None) -> str:
    if (file is None) == (world is None):
        raise UsageError("say a file, or --scenario.", where="probe memorised")
    if file is not None:
        return _read(file)
    from allegiance.scenarios import load
    from allegiance.scenarios.probing import text_of

    return text_of(load(world or ""))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"this file cannot be read: {error.strerror}.", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("this file is not UTF-8 text.", where=str(path), next="Save it as UTF-8.") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"this file is larger than {MOST_BYTES} bytes.", where=str(path))
    return text


VERBS = (probe,)
