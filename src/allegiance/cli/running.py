"""The verb that runs a scenario on a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.choosing import chosen, world_options
from allegiance.cli.options import F, json_option, open_study, study_option
from allegiance.cli.output import emit, note
from allegiance.cli.pace import paced
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.bridge.estimate import Estimate
    from allegiance.bridge.run import InspectRun
    from allegiance.corpus.store import Added
    from allegiance.records.prompt import Prompt
    from allegiance.records.scenario import Scenario
    from allegiance.records.transcript import Transcript
    from allegiance.study import Study

LOCAL = "allegiance/smollm2"


SENDING = (
    click.option("--temperature", type=click.FloatRange(0), help="Of sampling.  [default: the provider's]"),
    click.option("--max-tokens", type=click.IntRange(1), help="Bound on a reply."),
    click.option("--max-connections", type=click.IntRange(1), help="Calls under way at the same time."),
    click.option(
        "--max-retries",
        default=5,
        show_default=True,
        type=click.IntRange(0),
        help="Tries after a call that failed.",
    ),
    click.option("--timeout", type=click.IntRange(1), metavar="SECONDS", help="For one try of a call."),
    click.option("--batch", is_flag=True, help="Use the provider's batch interface: cheaper, and slow."),
    click.option("--cache", is_flag=True, help="Keep replies by what was asked; read those there are."),
)
"""Options of how calls are made; named like the attributes of `InspectRun`."""


def _sending(verb: F) -> F:
    """All of `SENDING`."""
    for option in reversed(SENDING):
        verb = option(verb)
    return verb


@click.command()
@click.argument("name")
@click.option(
    "--model", "model_name", default=LOCAL, show_default=True, help="Any Inspect model, or the local one."
)
@world_options
@click.option("--samples", default=1, show_default=True, type=click.IntRange(1), help="Replies to each prompt.")
@_sending
@click.option("-M", "model_args", multiple=True, metavar="KEY=VALUE", help="Setting of the provider; no secrets.")
@click.option("--price", metavar="IN,OUT", help="Price of a million tokens sent, and of a million that come back.")
@click.option("--yes", is_flag=True, help="Do not ask before calls that may cost money.")
@click.option("--dry-run", is_flag=True, help="Say how many calls it would be and what they cost, and stop.")
@study_option
@json_option
def run(
    name: str,
    model_name: str,
    grid: str | None,
    settings: tuple[str, ...],
    requests: int | None,
    wanted: tuple[str, ...],
    file: Path | None,
    samples: int,
    model_args: Sequence[str],
    price: str | None,
    yes: bool,
    dry_run: bool,
    folder: Path,
    as_json: bool,
    **sending: object,
) -> None:
    """Run a scenario on a model and keep the transcripts.

    A run that was stopped goes on where it stopped, and counts nothing twice. Every reply is kept, whatever it
    says.

    \b
    Example:
      allegiance run repair-desk --samples 2 --study repair
      allegiance run repair-desk --model openai/gpt-4o --dry-run --max-tokens 800 --price 2.5,10
    """
    from allegiance.bridge.estimate import estimate
    from allegiance.bridge.run import InspectRun

    study = open_study(folder)
    world, prompts = chosen(name, grid, settings, requests, wanted, file)
    made = InspectRun(model_name, study.runs, samples=samples, model_args=_settings(model_args), **sending)  # type: ignore[arg-type]
    rates = _price(price)
    cost = estimate(_missing(made, prompts), made.max_tokens, rates)
    of = len(prompts) * samples
    if dry_run:
        return emit(as_json, _planned(cost, of, model_name), _in_words(cost, of, model_name, rates))
    confirm(cost.calls, model_name, yes=yes)
    return _send(study, world, made, prompts, cost.calls, as_json=as_json)


def _send(
    study: Study, world: Scenario, made: InspectRun, prompts: Sequence[Prompt], calls: int, *, as_json: bool
) -> None:
    """Makes the calls, and keeps the transcripts and the world that they are from."""
    from allegiance.evidence.screening import foresee

    study.keep_scenario(world)
    foresee(study.keep, world)
    with paced(f"running {world.name}") as shown:
        made.on_progress = shown
        transcripts = made(prompts)
    tally = Tally()
    source = {"scenario": world.version, "model": made.model, "calls": calls}
    added = study.keep.add(tally.over(transcripts), source)
    return _tell(tally, added, made.model, calls, as_json=as_json)


class Tally:
    """Counts transcripts as they go by, so that none need be held.

    Attributes:
        statuses: Status → how many.
        forms: Form of the reasoning → how many, among whole replies.
        first: The message of the first that failed.
    """

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.forms: Counter[str] = Counter()
        self.first = ""

    def over(self, transcripts: Iterable[Transcript]) -> Iterator[Transcript]:
        """The same transcripts, counted."""
        from allegiance.records.reasoning import of

        for item in transcripts:
            self.statuses[item.status] += 1
            if item.status == "complete":
                self.forms[of(item.messages).form] += 1
            elif item.status == "error" and not self.first:
                said = item.metadata.get("error")
                self.first = str(said.get("message") if isinstance(said, Mapping) else said)
            yield item


def _tell(tally: Tally, added: Added, model_name: str, calls: int, *, as_json: bool) -> None:
    total, failed = tally.statuses.total(), tally.statuses["error"]
    if failed:
        note(f"{failed} of {total} samples failed; the first: {tally.first}")
        note("What failed is kept as failed; the same command asks it again.")
    whole = tally.statuses["complete"]
    data = {
        "model": model_name,
        "calls": calls,
        "transcripts": total,
        "complete": whole,
        "statuses": dict(sorted(tally.statuses.items())),
        "reasoning": dict(sorted(tally.forms.items())),
        "new": added.new,
        "version": added.version,
    }
    others = [f"{count} {name}" for name, count in sorted(tally.statuses.items()) if name != "complete"]
    kinds = ", ".join([f"{whole} whole", *others])
    emit(as_json, data, f"{total} transcripts ({kinds}), {added.new} new, from {model_name}.")


def _missing(made: InspectRun, prompts: Sequence[Prompt]) -> list[Prompt]:
    """What is still to be asked, given what stopped runs of the same plan have already."""
    if not any(made.log_dir.glob("*.eval")):
        made.check(prompts)
        return [prompt for prompt in prompts for _ in range(made.samples)]
    return made.missing(prompts)


def _settings(pairs: Sequence[str]) -> dict[str, object]:
    """Settings of the provider: numbers, true and false as such, all else as text."""
    found: dict[str, object] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError("a setting has the form KEY=VALUE.", where="-M", next="For example: -M base_url=URL.")
        found[key] = _value(value)
    return found


def _value(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _price(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        sent, back = (float(part) for part in text.split(","))
    except ValueError:
        sent = back = -1.0
    if not (0 <= sent < float("inf") and 0 <= back < float("inf")):
        raise UsageError("a price is two numbers, IN,OUT, for a million tokens each.", where="--price",
                         next="For example: --price 2.5,10.")  # fmt: skip
    return sent, back


def _planned(cost: Estimate, of: int, model_name: str) -> dict[str, object]:
    return {
        "calls": cost.calls,
        "samples": cost.samples,
        "of": of,
        "model": model_name,
        "input_tokens_estimated": cost.input_tokens,
        "output_tokens_at_most": cost.output_tokens,
        "money_at_most": cost.money,
        "sent": 0,
    }


def _in_words(cost: Estimate, of: int, model_name: str, price: tuple[float, float] | None) -> str:
    back = "without a bound that is known here; give --max-tokens"
    if cost.output_tokens is not None:
        back = f"at most {cost.output_tokens:,}"
    if cost.money is not None:
        money = f"at most about {cost.money:,.2f}, in the currency of the price"
    elif price is None:
        money = "not known; prices are not known here, give --price IN,OUT"
    else:
        money = f"about {cost.input_tokens * price[0] / 1e6:,.2f} for what is sent, and the replies"
    lines = [
        f"{cost.calls} calls to {model_name}, for {cost.samples} of {of} samples; nothing was sent.",
        f"tokens sent: about {cost.input_tokens:,} (an estimate: 4 characters a token)",
        f"tokens back: {back}",
        f"money:       {money}",
    ]
    return "\n".join(lines)


def confirm(calls: int, model_name: str, *, yes: bool) -> None:
    """Asks before calls to a model that may cost money. The local model and mock models cost none."""
    if not calls or yes or model_name.startswith(("allegiance/", "mockllm/")):
        return
    note(f"This sends {calls} calls to {model_name}.")
    try:
        click.confirm("Go on?", abort=True, err=True)
    except click.Abort:
        raise UsageError("nothing was sent.", next="Say --yes to go on without being asked.") from None


VERBS = (run,)
