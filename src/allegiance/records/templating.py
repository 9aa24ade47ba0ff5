"""Simple templates: a Jinja text that can insert names and choose, and nothing else. Pure.

A template comes from somebody else. It is rendered in Jinja's immutable sandbox, and only if it consists of text,
names, constants and conditions: no loops, calls, filters, attributes, arithmetic or includes. So it can neither
reach anything nor take long. (Jinja is imported when a template is rendered: records run bare without it.)
"""

from __future__ import annotations

from collections.abc import Mapping

from allegiance.errors import InputError

MOST_BYTES = 1 << 20
"""Largest template that is worth reading."""

_NODES = frozenset({
    "Template", "Output", "TemplateData", "Name", "Const",
    "If", "CondExpr", "Compare", "Operand", "And", "Or", "Not",
})  # fmt: skip


def render(text: str, values: Mapping[str, str], where: str, key: str = "values") -> str:
    """A simple template with these values; see the module.

    Args:
        text: The template.
        values: Name → what is inserted for it, as it is.
        where: File, for messages.
        key: Where values are given, for messages.

    Raises:
        InputError: It is no template, uses more than is allowed, or a name that has no value.
    """
    from jinja2 import StrictUndefined, TemplateError  # noqa: PLC0415 (records run without it)
    from jinja2.nodes import Node  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    try:
        tree = environment.parse(text)
        for node in (tree, *tree.find_all(Node)):
            if type(node).__name__ not in _NODES:
                what = f"the template uses {type(node).__name__} in line {node.lineno}; it must not."
                raise InputError(what, where=where)
        return environment.from_string(text).render(values)
    except TemplateError as error:
        what = f"the template cannot be rendered: {error}."
        raise InputError(what, where=where, next=f"Give the name under {key}.") from None
    except RecursionError:
        raise InputError("the template is nested too deeply.", where=where) from None
