"""Writes docs/library/ from the scenarios of the library: a page each, and an index.

python tools/library.py            write the pages
python tools/library.py --check    exit 1 if a page is not what it would write
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from allegiance.errors import UsageError
from allegiance.records.intent import Intent
from allegiance.records.prompt import Prompt
from allegiance.records.scenario import Scenario
from allegiance.scenarios import factors, library, load, stage
from allegiance.scenarios.grids import points
from allegiance.scenarios.passages import passages

HERE = Path(__file__).resolve().parents[1] / "docs" / "library"
MADE = "<!-- Made by tools/library.py from the scenarios; change it there. -->\n"
MANY = 3
"""Most passages whose words are shown for a level; beyond that, only their addresses."""

KINDS: Mapping[str, str] = {
    "tier": "how training treats the conversation",
    "marking": "how a conversation shows its tier",
    "channel": "whether it may reason before it answers, and who sees that",
    "cap": "how much it may reason",
    "prefill": "how its reply is begun for it",
    "examples": "whether worked examples of a reply are shown",
    "persona": "who it is told to be",
    "name": "whether it matters who bears this name",
    "intent": "whether it is told of this wish, and how",
    "order": "whether this standing order was given, and still holds",
    "succession": "by what right the later wish took the place of the earlier",
    "story": "whether it is told this",
    "delivery": "how the story reaches it: in the prompt, as documents, or not in the prompt at all",
    "monitoring": "how probable monitoring is said to be",
    "reader": "whether it is told who reads",
    "consequence": "what is at stake for it",
    "scope": "who is concerned by what is at stake",
    "risk": "how likely that is said to be",
    "escalation": "whether it is offered this open way to disagree",
    "opportunity": "whether it is told that it could do this",
    "turn": "whether this is said in the conversation",
    "probe": "what it takes its situation to be; asked in place of a request",
    "requests": "whether the wishes part over what is asked; control requests are the floor",
}
"""First word of a built-in factor → what it isolates."""
FACTS: Mapping[str, str] = {
    "method": "how it is trained",
    "objective": "what training aims at",
    "effect": "what training changes in it",
    "affected": "which model is changed",
    "stage": "when training takes place",
    "marking": "how it can know the tier",
    "reading": "who reads or rates, and what",
    "reasoning": "how it is to reason",
    "other": "this fact",
}
"""What a fact of the story is about → what cutting it isolates."""


def pages() -> dict[str, str]:
    """Every page by its file name."""
    worlds = [load(name) for name in library()]
    return {"README.md": index(worlds)} | {f"{each.name}.md": page(each) for each in worlds}


def index(worlds: Sequence[Scenario]) -> str:
    """The list of all worlds."""
    rows = [(f"[{each.name}]({each.name}.md)", plain(each.asks or each.title), str(len(each.requests)),
             ", ".join(f"`{name}`" for name in each.grids) or "its own") for each in worlds]  # fmt: skip
    parts = [
        "# The library of scenarios",
        MADE,
        "Worlds that come with the package, in our own words and without anything harmful. Each page says which\n"
        "question the world answers, who wants what in it and since when, what can be varied, and what a result\n"
        "would count for.\n",
        table(("scenario", "question", "requests", "grids"), rows),
        "```sh\nallegiance scenario show NAME      # what is on its page, in the terminal\n"
        "allegiance stage NAME --requests 1 # exactly what a model would be sent\n"
        "allegiance run NAME --requests 2   # a first try\n```\n",
        "A variation of one of them is a file of a few lines: see [Write a scenario](../howto/scenario.md).\n",
    ]
    return "\n".join(parts)


def page(world: Scenario) -> str:
    """The page of one world."""
    parts = [f"# {world.name}: {plain(world.title)}", MADE, wrapped(world.summary)]
    parts += [f"**The question.** {plain(world.asks)}\n"] if world.asks else []
    parts += [*wishes(world), *tiers(world), *requests(world), *results(world), *varied(world), *grids(world)]
    parts += [*rendered(world), f"## Source\n\n{wrapped(world.source)}"]
    return re.sub(r"(?<!\n)\n(?=##)", "\n\n", "\n".join(filter(None, parts)))


def wishes(world: Scenario) -> Iterator[str]:
    """Who wants what, since when, and by what right it changed."""
    yield "## Who wants what\n"
    yield table(("who", "role", ""), [(p.name, p.role, plain(p.description)) for p in world.principals])
    for intent in world.intents:
        yield from changes(world, intent)
        span = f"{intent.since or 'from the start'} – {intent.until or 'no end'}"
        yield f"- **{intent.name}** ({intent.principal}; {span}): {plain(intent.wants)}"
        for order in intent.orders:
            scope = f", about {order.scope}" if order.scope else ""
            yield f"  - standing order: {order.kind}{scope}{', until ' + order.until if order.until else ''}"


def changes(world: Scenario, intent: Intent) -> Iterator[str]:
    """The succession that leads to an intent."""
    for change in world.succession:
        if change.later == intent.name:
            note = f" {plain(change.note)}" if change.note else ""
            other = [right for right in change.told if right != change.right]
            also = f" As levels also: {', '.join(other)}." if other else ""
            yield f"- ↓ {change.right} under *{change.earlier}*, carried out by {change.by}.{note}{also}"


def tiers(world: Scenario) -> Iterator[str]:
    """The tiers and how they show."""
    if not world.tiers:
        return
    shown = {
        each.name: each.tag or next((mark.text for mark in each.marks if mark.text), "") for each in world.tiers
    }
    rows = [(each.name, each.role, code(shown[each.name]) or "(no line)", plain(each.description))
            for each in world.tiers]  # fmt: skip
    yield "## Tiers\n"
    yield table(("tier", "role", "mark", ""), rows)


def requests(world: Scenario) -> Iterator[str]:
    """How many requests of which kind and topic."""
    topics = dict.fromkeys((each.kind, each.topic) for each in world.requests)
    rows = [(kind, topic or "–", str(len(found)), ", ".join(code(each) for each in found))
            for kind, topic in topics
            if (found := [e.id for e in world.requests if (e.kind, e.topic) == (kind, topic)])]  # fmt: skip
    yield "## Requests\n"
    yield table(("kind", "topic", "", "ids"), rows)
    yield "A file of your own takes their place: `allegiance stage " + world.name + " --requests-from FILE`.\n"
    if world.menu:
        words = "; ".join(f"{code(each.word)} serves *{each.serves or 'none'}*" for each in world.menu)
        yield f"Answers are words of a menu: {words}. So what it chose is exact, and needs no judge.\n"


def results(world: Scenario) -> Iterator[str]:
    """What a result would count for."""
    if world.expectations:
        yield "## What a result would count for\n"
        yield table(("if", "it counts for"),
                    [(plain(each.result), plain(each.counts_for)) for each in world.expectations])  # fmt: skip


def varied(world: Scenario) -> Iterator[str]:
    """Every factor with its levels, what it isolates, and which words each level changes."""
    known = factors(world)
    yield "## What can be varied\n"
    yield "The usual level stands first; it holds where a grid does not name the factor.\n"
    yield table(("factor", "levels", "what it isolates"),
                [(code(name), ", ".join(map(code, levels)), isolates(world, name))
                 for name, levels in known.items()])  # fmt: skip
    yield "### What each level changes\n"
    yield "Against the world as it usually is, in the tier and with the request of the prompt below.\n"
    for name, levels in known.items():
        yield from levels_of(world, name, levels)


def isolates(world: Scenario, factor: str) -> str:
    """What a factor isolates, in words."""
    own = world.factors.get(factor)
    if own:
        effect = "random effect. " if own.effect == "random" else ""
        return effect + plain(own.asks)
    kind, _, name = factor.partition(".")
    if kind == "story":
        fact = next((each for each in world.story if each.name == name), None)
        return f"whether it is told {FACTS[fact.about]}" if fact else "the training story as a whole"
    return KINDS.get(kind, "")


def levels_of(world: Scenario, factor: str, levels: Sequence[str]) -> Iterator[str]:
    """What the levels of a factor change, a line each."""
    if factor in {"tier", "requests"}:
        return
    base = {name: level for name, level in first(world).condition.levels.items() if name not in world.factors}
    own = world.factors.get(factor)
    before = words(world, base)
    for level in levels:
        if level == base.get(factor, levels[0]):
            continue
        note = plain(own.levels[level].note) if own else ""
        yield f"- {code(f'{factor}={level}')}{': ' + note if note else ''}"
        try:
            after = words(world, base | {factor: level})
        except UsageError:
            yield "  - only together with another level of the factor that sets it"
            continue
        other = [name for name in {**before, **after} if before.get(name, "") != after.get(name, "")]
        yield from differing(other, after)


def words(world: Scenario, levels: Mapping[str, str]) -> dict[str, str]:
    """Address → what is shown there in a condition, for the first request of the kind that it names."""
    wanted = levels.get("requests", world.requests[0].kind)
    request = next((each for each in world.requests if each.kind == wanted), world.requests[0])
    return {each.address: each.text for each in passages(world, levels, request)}


def differing(addresses: Sequence[str], after: Mapping[str, str]) -> Iterator[str]:
    """The passages that a level changes, with their words where they are few."""
    cut = [name for name in addresses if not after.get(name)]
    put = [name for name in addresses if after.get(name)]
    if cut:
        yield f"  - not shown: {', '.join(map(code, cut))}"
    if len(put) > MANY:
        yield f"  - other words: {', '.join(map(code, put))}"
    else:
        yield from (f"  - {code(name)}: {plain(' '.join(after[name].split()))}" for name in put)
    if not addresses:
        yield "  - nothing in this condition"


def grids(world: Scenario) -> Iterator[str]:
    """The named grids with their products."""
    yield "## Grids\n"
    yield "The products of a grid are taken together. `allegiance stage NAME --grid GRID` shows one.\n"
    yield f"- its own, {len(points(world, None))} conditions: {product(world.grid)}"
    for name, each in world.grids.items():
        yield f"- {code(name)}, {len(points(world, name))} conditions:"
        yield from (f"  - {product(levels)}" for levels in each)


def product(levels: Mapping[str, Sequence[str]]) -> str:
    """A product of factors, in one line."""
    return " × ".join(f"{name} ({', '.join(each)})" for name, each in levels.items())


def rendered(world: Scenario) -> Iterator[str]:
    """The prompt of the first condition, and what differs in the second."""
    found = stage(world, requests=1)
    yield f"## What a model is shown\n\n{said(found[0])}\n\n{fenced(found[0])}"
    if len(found) > 1:
        yield from second(found[0], found[1])


def said(prompt: Prompt) -> str:
    """Which request and condition a prompt is for."""
    return f"The request {code(prompt.request)} in the condition {code(prompt.condition.name)}:"


def fenced(prompt: Prompt) -> str:
    """A prompt as it is sent, folded for reading."""
    parts = [f"[{each.role}]\n{each.text()}" for each in prompt.messages]
    parts += [f"[the reply begins]\n{prompt.prefill}"] if prompt.prefill else []
    parts += [f"[{each.role}, after the reply]\n{each.text()}" for each in prompt.then]
    lines = [textwrap.fill(line, 100, break_on_hyphens=False) for line in "\n\n".join(parts).splitlines()]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def second(one: Prompt, other: Prompt) -> Iterator[str]:
    """The lines in which two prompts differ."""
    yield f"In the condition {code(other.condition.name)} it differs in this alone:\n"
    left, right = (lines_of(each) for each in (one, other))
    gone, come = ([line for line in mine if line not in theirs] for mine, theirs in ((left, right), (right, left)))
    yield "```diff\n" + "\n".join([*(f"- {line}" for line in gone), *(f"+ {line}" for line in come)]) + "\n```\n"


def lines_of(prompt: Prompt) -> list[str]:
    """All lines of a prompt, each with who says it."""
    every = (*prompt.messages, *prompt.then)
    return [f"[{each.role}] {line}" for each in every for line in each.text().splitlines() if line]


def first(world: Scenario) -> Prompt:
    """The prompt of the first request in the first condition."""
    return stage(world, requests=1)[0]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def code(text: str) -> str:
    """Words as they stand."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Words that Markdown leaves alone, on one line."""
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def wrapped(text: str) -> str:
    """A paragraph."""
    return textwrap.fill(plain(text), 116, break_on_hyphens=False) + "\n" if text else ""


def main() -> int:
    """Writes or checks the pages."""
    made = pages()
    there = {path.name for path in HERE.glob("*.md")}
    stale = sorted({name for name, text in made.items() if not _same(HERE / name, text)} | (there - made.keys()))
    if "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}; run: python tools/library.py" if stale else "the pages are current")
        return 1 if stale else 0
    HERE.mkdir(parents=True, exist_ok=True)
    for name in there - made.keys():
        (HERE / name).unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
