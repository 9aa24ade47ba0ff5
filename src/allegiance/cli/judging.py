"""The verb that asks a model a question of transcripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from allegiance.cli.options import (
    F,
    find_question,
    json_option,
    open_study,
    same_question,
    study_option,
    where_option,
)
from allegiance.cli.output import emit, note
from allegiance.cli.pace import paced
from allegiance.cli.running import LOCAL, confirm
from allegiance.cli.running import _price as price_of
from allegiance.cli.running import _settings as settings_of
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.evidence.judging import Judged
    from allegiance.evidence.keep import Keep
    from allegiance.rating.judging.asking import Asker
    from allegiance.rating.judging.cache import Cache
    from allegiance.rating.judging.costs import Cost, Price
    from allegiance.rating.judging.judge import Judge
    from allegiance.records.question import Question
    from allegiance.study import Study

MEASURED = 2000
"""Transcripts whose length an estimate of the cost is made from, at most."""
LOCAL_LIMIT = 3000
"""Characters of a transcript that the local model is shown, at most: its context is small."""

WHO = (
    click.option("--model", default=LOCAL, show_default=True, help="Any Inspect model, or the local one."),
    click.option("--direct", metavar="URL", help="Base URL of an OpenAI-compatible server, asked without Inspect."),
    click.option("--key-env", metavar="NAME", help="Environment variable with the key for --direct."),
    click.option("--rater", metavar="NAME", help="Name of the rater; made from model and view if none is given."),
    click.option("-M", "model_args", multiple=True, metavar="KEY=VALUE", help="Further setting; no secrets."),
    click.option("--temperature", type=click.FloatRange(0), help="Of sampling.  [default: the provider's]"),
    click.option("--max-tokens", default=600, show_default=True, type=click.IntRange(1), help="Bound on a reply."),
    click.option("--plain", is_flag=True, help="Do not ask the server to hold replies to their form."),
    click.option("--chances", is_flag=True, help="Ask for probabilities, and keep that of the first answer."),
    click.option("--max-connections", default=20, show_default=True, type=click.IntRange(1),
                 help="Calls under way at the same time."),
    click.option("--max-retries", default=5, show_default=True, type=click.IntRange(0),
                 help="Tries after a call that failed."),
    click.option("--timeout", default=120, show_default=True, type=click.IntRange(1), metavar="SECONDS",
                 help="For one try of a call."),
    click.option("--batch", is_flag=True, help="Use the provider's batch interface: cheaper, and slow."),
)  # fmt: skip
"""Options of who is asked, and how calls are made."""
HOW = (
    click.option("--view", "views", multiple=True, default=("both",), show_default=True,
                 type=click.Choice(["answer", "reasoning", "both", "conversation"]),
                 help="What the judge sees; repeatable, each a rater of its own."),
    click.option("--votes", default=1, show_default=True, type=click.IntRange(1), help="Replies to each."),
    click.option("--threshold", default=0.5, show_default=True, type=click.FloatRange(0.5, 1, max_open=True),
                 help="A verdict needs more than this share of the votes."),
    click.option("--characters", type=click.IntRange(200), help="Shown of each, at most.  [default: 60000]"),
    click.option("--twins", default=20, show_default=True, type=click.IntRange(0),
                 help="Twins with a planted instruction, in each batch."),
    click.option("--batch-size", default=1000, show_default=True, type=click.IntRange(1),
                 help="Transcripts in a batch."),
)  # fmt: skip
"""Options of how a transcript is judged."""
WHAT = (
    click.option(
        "--question", "asked", required=True, metavar="NAME", help="A question of the study or the library."
    ),
    click.option("--text", default="", help="A new question, in a sentence."),
    click.option("--draw", "number", type=int, help="Only what this draw drew."),
    where_option,
    click.option("--retry", is_flag=True, help="Also ask again what the judge left unrated."),
    click.option(
        "--price", metavar="IN,OUT", help="Price of a million tokens sent, and of a million that come back."
    ),
    click.option(
        "--budget", type=click.FloatRange(0, min_open=True), help="Money that may be spent; needs --price."
    ),
    click.option("--yes", is_flag=True, help="Do not ask before calls that may cost money."),
    click.option("--dry-run", is_flag=True, help="Say how many calls it would be and what they cost, and stop."),
)
"""Options of what is judged, and what it may cost."""


def _options(verb: F) -> F:
    for option in reversed((*WHAT, *WHO, *HOW)):
        verb = option(verb)
    return verb


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Options of who is asked, and how calls are made; named like the options."""

    model: str
    direct: str | None
    key_env: str | None
    rater: str | None
    model_args: tuple[str, ...]
    temperature: float | None
    max_tokens: int
    plain: bool
    chances: bool
    max_connections: int
    max_retries: int
    timeout: int
    batch: bool

    @property
    def local(self) -> bool:
        """Whether the model is served by this process."""
        return self.model.startswith("allegiance/") and self.direct is None

    @property
    def generation(self) -> dict[str, object]:
        """Settings of generation beside the bound on a reply."""
        own = {} if self.temperature is None else {"temperature": self.temperature}
        return own | (settings_of(self.model_args) if self.direct or self.local else {})

    def opening(self) -> dict[str, object]:
        """What `bridge.judges.opening.opened` wants beside the model."""
        return {
            "direct": self.direct or "", "key": self.key_env or "", "max_tokens": self.max_tokens,
            "connections": self.max_connections, "retries": self.max_retries, "timeout": self.timeout,
            "structured": not self.plain, "chances": self.chances, "batch": self.batch,
            "settings": self.generation, "model_args": settings_of(self.model_args),
        }  # fmt: skip

    def card(self) -> dict[str, str]:
        """What the card says of it beside the model."""
        from urllib.parse import urlsplit

        told: dict[str, object] = dict(settings_of(self.model_args)) | self.generation
        told["through"] = urlsplit(self.direct).netloc if self.direct else "local" if self.local else "inspect"
        told |= {"plain": True} if self.plain else {}
        return {key: str(value) for key, value in told.items()}


class Shape(NamedTuple):
    """Options of batches, and of what they may cost."""

    batch: int
    twins: int
    price: Price | None
    budget: float | None
    anew: bool


@click.command()
@_options
@study_option
@json_option
def judge(
    asked: str, text: str, number: int | None, where: str, retry: bool, price: str | None, budget: float | None,
    yes: bool, dry_run: bool, views: tuple[str, ...], votes: int, threshold: float, characters: int | None,
    twins: int, batch_size: int, folder: Path, as_json: bool, **sending: object,
) -> None:  # fmt: skip
    """Ask a model a question of transcripts, as a judge: with canaries in every batch.

    What was answered is kept: a run that was stopped goes on, and pays for nothing twice. Labels are as rated by
    the judge, uncorrected. A judge that fails its canaries is unsafe for claims.

    \b
    Example:
      allegiance judge --question doubts-the-set-up --model openai/gpt-4o --dry-run --price 2.5,10 --study care
      allegiance judge --question complies --view answer --view reasoning --draw 1 --study care
      allegiance judge --question complies --direct http://127.0.0.1:8000/v1 --model M --votes 3 --study care
    """
    from allegiance.bridge.run import _refuse_secrets as refuse_secrets
    from allegiance.evidence.judging import one_level_only, pending

    study, told = open_study(folder), Sending(**sending)  # type: ignore[arg-type]
    refuse_secrets(settings_of(told.model_args))
    rates = price_of(price)
    if budget is not None and rates is None:
        raise UsageError("a budget needs a price.", where="--budget", next="Say --price IN,OUT.")
    question = _question(study.keep, asked, text)
    names = _names(study.keep, number, where)
    judges = _judges(question, told, views, votes, threshold, characters)
    todo = [(each, pending(study.keep, each, names, anew=retry)) for each in judges]
    if warning := one_level_only(study.keep, names):
        note(warning)
    costs = [(each, _cost(study.keep, each, left, batch_size, twins)) for each, left in todo]
    if dry_run:
        return emit(as_json, [_planned(*one, rates) for one in costs], _in_words(costs, rates))
    confirm(sum(cost.calls for _, cost in costs), told.model, yes=yes)
    shape = Shape(batch_size, twins, rates, budget, retry)
    made = list(_judge(study, told, todo, shape))
    return emit(as_json, [data for data, _ in made], "\n\n".join(words for _, words in made))


def _question(keep: Keep, name: str, text: str) -> Question:
    """The question of this name: of the study, of the library, or a new one."""
    from allegiance.rating.questions import load_question, questions
    from allegiance.records.question import Question

    if text:
        return same_question(keep, Question(name=name, text=text))
    if any(name in (known.name, known.digest) for known in keep.labels.questions()) or name not in questions():
        return find_question(keep, name)
    return load_question(name)


def _names(keep: Keep, number: int | None, where: str) -> list[str]:
    if number is not None and where:
        raise UsageError("a draw says itself what it is of.", where="--draw", next="Leave --where out.")
    if number is not None:
        return list(keep.find_draw(number).items)
    return [row.name for row in keep.select(where)]


def _judges(
    question: Question, told: Sending, views: Sequence[str], votes: int, threshold: float, characters: int | None
) -> list[Judge]:
    from allegiance.rating.judging.fencing import LIMIT, find_view
    from allegiance.rating.judging.judge import Judge

    if told.rater and len(views) > 1:
        raise UsageError("several views are several raters, and need names of their own.", where="--rater",
                         next="Leave --rater out, or give one view at a time.")  # fmt: skip
    limit = characters or (LOCAL_LIMIT if told.local else LIMIT)
    return [
        Judge(question=question, model=told.model, view=find_view(view), votes=votes, threshold=threshold,
              limit=limit, max_tokens=told.max_tokens, settings=told.card(), name=told.rater or "")
        for view in dict.fromkeys(views)
    ]  # fmt: skip


def _cost(keep: Keep, judge: Judge, names: Sequence[str], batch: int, twins: int) -> Cost:
    """What is to come, from the lengths of transcripts that lie evenly among those that are left."""
    from allegiance.rating.judging.costs import expected

    some = names[:: max(1, -(-len(names) // MEASURED))]
    lengths = [judge.see(item).size for _, item in keep.corpus.iter(some)] if some else []
    return expected(judge, lengths, len(names), batch, twins)


def _planned(judge: Judge, cost: Cost, price: Price | None) -> dict[str, object]:
    return {"rater": judge.card.name, "calls": cost.calls, "input_tokens_estimated": cost.sent,
            "output_tokens_at_most": cost.back, "money_at_most": cost.money(price), "sent": 0}  # fmt: skip


def _in_words(costs: Sequence[tuple[Judge, Cost]], price: Price | None) -> str:
    lines = []
    for judge, cost in costs:
        money = cost.money(price)
        told = "not known; give --price IN,OUT" if money is None else f"at most about {money:,.2f}"
        lines += [
            f"{judge.card.name}: {cost.calls} calls, canaries included; nothing was sent.",
            f"tokens sent: about {cost.sent:,} (an estimate: 4 characters a token)",
            f"tokens back: at most {cost.back:,}",
            f"money:       {told}",
        ]
    return "\n".join(lines)


def _judge(
    study: Study, told: Sending, todo: Sequence[tuple[Judge, list[str]]], shape: Shape
) -> Iterator[tuple[dict[str, object], str]]:
    """Asks each judge, one after the other."""
    from allegiance.bridge.judges.opening import opened
    from allegiance.cli.judging_words import as_data, in_words
    from allegiance.rating.judging.cache import NAME, ReplyCache

    spent = 0.0
    with closing(ReplyCache(study.folder / NAME)) as cache, opened(told.model, **told.opening()) as asker:  # type: ignore[arg-type]
        for judge, names in todo:
            made, stopped, paid = _one(study.keep, judge, asker, cache, names, shape, spent)
            spent += paid
            yield as_data(study.keep, judge, made, stopped, paid), in_words(study.keep, judge, made, stopped, paid)


def _one(
    keep: Keep, judge: Judge, asker: Asker, cache: Cache, names: list[str], shape: Shape, spent: float
) -> tuple[Judged, str, float]:  # fmt: skip
    from allegiance.evidence.judging import judge_all
    from allegiance.rating.judging.runner import Judging

    with paced(f"judging by {judge.card.name}") as shown:
        judging = Judging(
            judge, asker, cache=cache, batch=shape.batch, twins=shape.twins, price=shape.price, anew=shape.anew,
            budget=None if shape.budget is None else shape.budget - spent,
            progress=lambda done: shown(done, len(names)),
        )  # fmt: skip
        made = judge_all(keep, judging, names)
    return made, judging.stopped, judging.spent


VERBS = (judge,)
