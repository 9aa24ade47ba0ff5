"""What a corpus holds, as one picture: how long its transcripts are, what they are, what raters have labelled."""

from __future__ import annotations

from collections.abc import Sequence

from allegiance.evidence.overview import Lengths, Overview, Words
from allegiance.report.plots import BLUE, FONT, HAIR, INK, PAPER, QUIET, WIDE, Row, Spec, svg
from allegiance.report.words import plural, visible

MOST = 12
"""Bars of a panel; what is beyond them is summed up in one more."""
Bars = Sequence[tuple[str, int]]


def overview_plot(found: Overview, told: Words) -> str:
    """An overview as SVG: a panel for the lengths in code points, and one for each kind of count."""
    return svg(overview_spec(found, told), f"Overview of {plural(found.count, 'transcript')}.")


def overview_spec(found: Overview, told: Words) -> Spec:
    """The picture as a Vega-Lite specification."""
    panels = [_lengths(one) for one in told.lengths if one.what == "code points" and one.bars]
    panels += [_panel(title, bars, found.count) for title, bars in _counts(found, told) if bars]
    where = f", {visible(found.predicate)}" if found.predicate else ""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {
            "text": f"{plural(found.count, 'transcript')}{where}", "anchor": "start", "color": INK, "fontSize": 14,
        },
        "vconcat": panels or [_panel("transcripts", [("none", 0)], 0)],
        "spacing": 22,
        "background": PAPER,
        "padding": 12,
        "config": {
            "aria": False, "font": FONT, "view": {"stroke": None},
            "axis": {"labelColor": QUIET, "titleColor": QUIET, "titleFontWeight": "normal", "labelLimit": 220},
        },
    }  # fmt: skip


def _counts(found: Overview, told: Words) -> list[tuple[str, Bars]]:
    models: dict[str, int] = {}
    for group in found.groups:
        models[group.model or "unknown"] = models.get(group.model or "unknown", 0) + group.transcripts
    counted: list[tuple[str, Bars]] = [("model", _largest(models))]
    counted += [(field, _largest(_known(counts))) for field, counts in found.fields.items()]
    counted.append(("reasoning", [(kind, count) for kind, count in told.reasoning.items() if count]))
    labels = {f"{one.question} by {one.rater}": one.labelled for one in found.labels}
    return [*counted, ("labelled", _largest(labels))]


def _known(counts: dict[str, int]) -> dict[str, int]:
    return {value or "unknown": count for value, count in counts.items()}


def _largest(counts: dict[str, int]) -> Bars:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    rest = ordered[MOST:]
    return [*ordered[:MOST], *([(f"{len(rest)} more", sum(n for _, n in rest))] if rest else [])]


def _lengths(one: Lengths) -> Spec:
    values: list[Row] = [{"from": low, "to": high, "n": count} for low, high, count in one.bars]
    scale = {"type": "log" if one.least > 0 else "symlog", "nice": False}
    return {
        "data": {"values": values},
        "width": WIDE,
        "height": 110,
        "mark": {"type": "bar", "color": BLUE, "stroke": PAPER, "strokeWidth": 0.5},
        "encoding": {
            "x": {
                "field": "from", "type": "quantitative", "bin": "binned", "scale": scale,
                "axis": {"title": f"{one.what} in a transcript (median {one.quantiles['0.5']:,})", "grid": False},
            },
            "x2": {"field": "to"},
            "y": {"field": "n", "type": "quantitative", "axis": {"title": "transcripts", "gridColor": HAIR}},
        },
    }  # fmt: skip


def _panel(title: str, bars: Bars, whole: int) -> Spec:
    """Bars from largest to smallest, each with its number, on the scale of all transcripts."""
    values: list[Row] = [
        {"row": at, "name": visible(name), "n": count, "told": _told(count, whole)}
        for at, (name, count) in enumerate(bars)
    ]
    y = {"field": "name", "type": "nominal", "sort": {"field": "row"}, "axis": {
        "title": visible(title), "ticks": False, "domain": False, "labelColor": INK, "titleAngle": 0,
        "titleAlign": "right", "titleAnchor": "start", "titleX": -6, "titleY": -8,
    }}  # fmt: skip
    x = {"field": "n", "type": "quantitative", "axis": None, "scale": {"domain": [0, max(1, whole)]}}
    return {
        "data": {"values": values},
        "width": WIDE,
        "height": {"step": 19},
        "encoding": {"y": y, "x": x},
        "layer": [
            {"mark": {"type": "bar", "color": BLUE, "height": 11}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": QUIET, "fontSize": 11},
                "encoding": {"text": {"field": "told", "type": "nominal"}},
            },
        ],
    }


def _told(count: int, whole: int) -> str:
    return f"{count:,} ({count / whole:.1%})" if whole else f"{count:,}"
