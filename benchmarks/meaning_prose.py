"""English sentences for replies: those of the doc strings of Python and of packages that are installed anyway.

They are as varied as prose is, which sentences made from patterns are not: a pattern that happens to be near a
query would fill all the places of its list. They depend on the versions installed, which the benchmark prints.
"""

from __future__ import annotations

import ast
import random
import re
import sysconfig
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("numpy", "scipy", "sqlalchemy")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_PLAIN = re.compile(r"[A-Z][A-Za-z ,;'()\-]+[.!?]")


def versions() -> str:
    """The packages whose sentences are used."""
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


@cache
def sentences() -> tuple[str, ...]:
    """Different sentences of 6 to 30 words without code in them, sorted."""
    site, own = Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib"))
    files = [*own.glob("*.py"), *(path for name in PACKAGES for path in (site / name).rglob("*.py"))]
    found: set[str] = set()
    for path in files:
        if "tests" not in path.parts:
            for text in _strings(path):
                found.update(part for part in _SENTENCE.split(" ".join(text.split())) if _good(part))
    return tuple(sorted(found))


def _strings(path: Path) -> list[str]:
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (SyntaxError, ValueError):
        return []
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [text for node in ast.walk(tree) if isinstance(node, kinds) and (text := ast.get_docstring(node))]


def _good(sentence: str) -> bool:
    return _PLAIN.fullmatch(sentence) is not None and 6 <= len(sentence.split()) <= 30


def reply(chance: random.Random, count: int, planted: str = "") -> str:
    """So many sentences in paragraphs, with another one planted somewhere among them."""
    made = chance.choices(sentences(), k=count)
    if planted:
        made.insert(chance.randrange(len(made) + 1), planted)
    gaps = [chance.choice((" ", " ", " ", "\n\n")) for _ in made]
    return "".join(part + gap for part, gap in zip(made, gaps, strict=True)).strip()


def conversation(chance: random.Random, number: int, planted: str = "") -> dict[str, object]:
    """A request and a reply of about 100 to 800 words, six in ten with reasoning; the planted one is in either."""
    thinks = chance.random() < 0.6
    inside = thinks and chance.random() < 0.5
    content: object = reply(chance, chance.randrange(8, 40), "" if inside else planted)
    if thinks:
        thought = reply(chance, chance.randrange(5, 20), planted if inside else "")
        content = [{"type": "reasoning", "reasoning": thought}, {"type": "text", "text": content}]
    asked = {"role": "user", "content": f"Please explain this. {reply(chance, 2)}"}
    record = {"id": f"q{number}", "model": "made", "tier": "free" if number % 2 else "paid", "epoch": 0}
    return {**record, "messages": [asked, {"role": "assistant", "content": content}]}
