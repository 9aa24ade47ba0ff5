"""The tool passes no verdict of its own: its strings and templates hold no loaded words.

Names of published questions may hold them; those stand in YAML under `scenarios/library` and in docstrings, with
their source, and are not what the tool says on its own account.
"""

from __future__ import annotations

import ast
import re

import pytest
from tests.house.sources import PACKAGE, modules, tree

LOADED = re.compile(r"\b(fak(ed|ing)|decei\w*|decept\w*|misalign\w*|schem(ing|er|ers)|lied|lying|liars?)\b", re.I)
PUBLISHED = ("alignment-faking research", "alignment-faking reasoning, criteria of 2024")
"""The name of the field, and names of published questions."""

SPEAKING = ("cli/", "report/", "evidence/", "study.py", "errors.py", "corpus/", "rating/", "bridge/", "scenarios/")


def loaded(text: str) -> list[str]:
    for name in PUBLISHED:
        text = text.replace(name, "")
    return [found.group() for found in LOADED.finditer(text)]


def strings(name: str) -> list[str]:
    """What a module can say: its strings, docstrings of command line verbs included (they are its help)."""
    nodes = list(ast.walk(tree(name)))
    silent = set() if name.startswith("cli/") else {id(doc) for doc in map(_doc, nodes) if doc}
    return [
        n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in silent
    ]


def _doc(node: ast.AST) -> ast.Constant | None:
    """The string that stands alone as a statement: a docstring."""
    value = node.value if isinstance(node, ast.Expr) else None
    return value if isinstance(value, ast.Constant) else None


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith(SPEAKING)])
def test_a_module_says_no_loaded_word(name: str) -> None:
    assert [(word, text) for text in strings(name) for word in loaded(text)] == []


def test_templates_say_no_loaded_word() -> None:
    templates = sorted(PACKAGE.rglob("*.j2"))
    assert len(templates) >= 3
    assert [(path.name, word) for path in templates for word in loaded(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("text", ["the model is faking", "a deceptive reply", "Misaligned!", "it lied", "scheming"])
def test_loaded_words_are_found(text: str) -> None:
    assert loaded(text)


@pytest.mark.parametrize(
    "text", ["complies with Intent 2", "schema", "scheme", "relies", "alignment-faking research"]
)
def test_other_words_are_left_alone(text: str) -> None:
    assert not loaded(text)
