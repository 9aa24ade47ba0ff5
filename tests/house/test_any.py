"""No `Any` outside bridge/: what is typed loosely there is narrowed before it leaves."""

from __future__ import annotations

import ast

from tests.house.sources import modules, tree


def uses_any(node: ast.Module) -> bool:
    named = (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    dotted = (n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute))
    taken = (a.name for n in ast.walk(node) if isinstance(n, ast.ImportFrom) for a in n.names)
    return "Any" in {*named, *dotted, *taken}


def test_there_is_no_any_outside_the_bridge() -> None:
    rooms = [name for name in modules() if not name.startswith("bridge/")]
    assert len(rooms) > 20
    assert [name for name in rooms if uses_any(tree(name))] == []


def test_the_search_finds_any_where_there_is_one() -> None:
    sources = ["from typing import Any", "import typing\nx: typing.Any = 1", "def f(x: 'Any'): ...\ny: Any = 2"]
    assert all(uses_any(ast.parse(text)) for text in sources)
    assert not uses_any(ast.parse("Anything = any([1])"))
