"""Where the house stands, for the tests that read its sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "allegiance"


@cache
def modules() -> dict[str, str]:
    """The sources of the package, by path below it."""
    return {str(p.relative_to(PACKAGE)): p.read_text("utf-8") for p in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name])


def functions() -> Iterator[tuple[str, int]]:
    """Every function as ``module:name``, with its number of lines, decorators and docstring included."""
    for name in modules():
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                yield f"{name}:{node.name}", (node.end_lineno or start) - start + 1
