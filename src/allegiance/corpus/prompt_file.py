"""A system prompt from a file beside the data: a Jinja template that can insert names and choose, and nothing else.

The template comes from somebody else. It is rendered in Jinja's immutable sandbox, and only if it consists of text,
names, constants and conditions: no loops, calls, filters, attributes, arithmetic or includes. So it can neither
reach anything nor take long.
"""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError
from jinja2.nodes import Node
from jinja2.sandbox import ImmutableSandboxedEnvironment

from allegiance.corpus.mapping import Mapping_
from allegiance.errors import MappingError

MOST_BYTES = 1 << 20
_NODES = frozenset({
    "Template", "Output", "TemplateData", "Name", "Const",
    "If", "CondExpr", "Compare", "Operand", "And", "Or", "Not",
})  # fmt: skip


def system_prompt(mapping: Mapping_, root: str) -> str:
    """The text of the mapping's system prompt, for an import that started in the directory `root`.

    Raises:
        MappingError: The file is missing, reached through a link, too large, not UTF-8, or no simple template.
    """
    assert mapping.system is not None
    path = _path(mapping.system.file, mapping.directory, root)
    return render(_text(path), mapping.system.values, str(path))


def render(text: str, values: dict[str, str], where: str) -> str:
    """A simple template with these values; see the module. See `system_prompt` for errors."""
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    try:
        tree = environment.parse(text)
        for node in (tree, *tree.find_all(Node)):
            if type(node).__name__ not in _NODES:
                raise MappingError(
                    f"the template uses {type(node).__name__} in line {node.lineno}; it must not.",
                    where=where,
                )
        return environment.from_string(text).render(values)
    except TemplateError as error:
        raise MappingError(
            f"the template cannot be rendered: {error}.", where=where, next="Give the name under system.values."
        ) from None
    except RecursionError:
        raise MappingError("the template is nested too deeply.", where=where) from None


def _path(pattern: str, directory: str, root: str) -> Path:
    """The file named, with no link on the way from the directory that it starts from."""
    start, _, rest = pattern.partition("/")
    base = Path(root if start == "{import_root}" else directory).resolve()
    path = Path(os.path.normpath(base / rest.lstrip("/")))
    if path.resolve() != path:
        raise MappingError(
            "the system prompt is reached through a symbolic link.", where=str(path), next="Name the file itself."
        )
    return path


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise MappingError(
                "there is no such system prompt file.", where=str(path), next="Correct system.file in the mapping."
            )
        if path.stat().st_size > MOST_BYTES:
            raise MappingError(f"the system prompt has more than {MOST_BYTES:,} bytes.", where=str(path))
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise MappingError("the system prompt is not UTF-8.", where=str(path)) from None
    except OSError as error:
        raise MappingError(f"the system prompt cannot be read: {error.strerror}.", where=str(path)) from None
