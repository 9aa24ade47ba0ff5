"""Plots on pages: the SVG of a report's plot as a part of a page, if it is made of shapes and words alone."""

from __future__ import annotations

import re

from markupsafe import Markup

SHAPES = frozenset({"svg", "g", "path", "rect", "line", "text", "tspan", "circle", "defs", "clipPath", "title"})
_TAG = re.compile(r"<\s*/?\s*([^\s/>]*)([^>]*)>")
_SPOKEN = re.compile(r'\s(role|aria-[a-z]+)="[^"]*"')
_CODE = re.compile(r"""\s(on\w+|style|href|xlink:href|src)\s*=""", re.IGNORECASE)


def inline(drawn: str) -> Markup:
    """The SVG of `report.plots` for a page. Our policy lets in no style and no script, so none may be in it.

    Read aloud mark by mark it tells nobody anything, and its figures stand in a table beside it; it is hidden from
    screen readers.

    Raises:
        ValueError: There is something in it that is neither a shape nor words.
    """
    for tag, attributes in _TAG.findall(drawn):
        if tag not in SHAPES or _CODE.search(re.sub(r'"[^"]*"', '""', attributes)):
            raise ValueError(f"a plot has a <{tag}> that is no shape.")
    quiet = _TAG.sub(lambda tag: _SPOKEN.sub("", tag[0]), drawn).replace("<svg", '<svg aria-hidden="true"', 1)
    return Markup(quiet)  # noqa: S704  (shapes and escaped words, seen above)


def both(wide: str, narrow: str) -> dict[str, Markup]:
    """A plot for wide and for narrow pages; the style shows the one that fits."""
    return {"wide": inline(wide), "narrow": inline(narrow)}
