"""The plots of a report: one specification each, drawn as static SVG or kept as interactive JSON (Vega-Lite).

Every plot shows points with their intervals and n. Positions carry the message, colour only repeats it, and the
colours (Okabe and Ito) stay apart for colour-blind readers.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Literal

import altair as alt
import vl_convert

from allegiance.records.record import Record
from allegiance.report.words import plural, visible

INK, QUIET, HAIR, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#ffffff"
COLOURS = BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
SHAPES = "circle", "diamond", "square", "triangle-up"
WIDE, NARROW = 440, 330
"""Width of the plotting area in pixels, for pages and for small screens."""
LONG = 25
"""With more rows than this the axis is on top, where the reader begins."""
FONT = "Helvetica, Arial, sans-serif"
NOTHING = '<p class="nothing">Nothing to plot: no claim of this kind on this page.</p>'

Row = dict[str, object]
Spec = dict[str, object]


class GapRow(Record, frozen=True, kw_only=True):
    """One gap in a plot.

    Attributes:
        name: What it is the gap of, for example a model.
        value, low, high: The gap and its interval, in [-1, 1].
        requests, samples: How many requests were paired, and how many decided samples they had.
        levels: The two levels, the minuend first.
        rates: The rate in each, or None where nothing was decided.
    """

    name: str
    value: float
    low: float
    high: float
    requests: int
    samples: int
    levels: tuple[str, str] = ("trained", "untrained")
    rates: tuple[float | None, float | None] = (None, None)


class RateRow(Record, frozen=True, kw_only=True):
    """One rate in a plot: a share with its interval, in [0, 1], and the number of decided samples."""

    name: str
    value: float
    low: float
    high: float
    samples: int


def gap_plot(rows: Sequence[GapRow], *, narrow: bool = False) -> str:
    """The gaps as inline SVG: a point and an interval each, n beside it, and a line at zero.

    `narrow` draws for small screens: names above the intervals instead of beside them.
    """
    return svg(gap_spec(rows, narrow=narrow), f"Plot of {plural(len(rows), 'gap')}.") if rows else NOTHING


def arm_plot(rows: Sequence[GapRow], *, narrow: bool = False) -> str:
    """The two rates behind each gap as inline SVG: a disc for the minuend, a diamond for the other."""
    return svg(arm_spec(rows, narrow=narrow), f"Plot of {plural(len(rows), 'pair')} of rates.") if rows else NOTHING


def rate_plot(rows: Sequence[RateRow], *, narrow: bool = False) -> str:
    """Rates as inline SVG: a point and an interval each, and n beside it."""
    return svg(rate_spec(rows, narrow=narrow), f"Plot of {plural(len(rows), 'rate')}.") if rows else NOTHING


def gap_spec(rows: Sequence[GapRow], *, narrow: bool = False) -> Spec:
    """The Vega-Lite specification behind `gap_plot`, with its data inside."""
    data = [_row(i, row, f"{plural(row.requests, 'request')}, {_samples(row)}") for i, row in enumerate(rows)]
    zero = alt.Chart(_data([{"zero": 0}])).mark_rule(color=QUIET, strokeWidth=1.5).encode(x="zero:Q")
    return _spec([zero, *_interval_layers(data, _gap_title(rows, narrow), narrow, _span(rows))], narrow)


def rate_spec(rows: Sequence[RateRow], *, narrow: bool = False) -> Spec:
    """The Vega-Lite specification behind `rate_plot`, with its data inside."""
    data = [_row(i, row, _samples(row)) for i, row in enumerate(rows)]
    return _spec(_interval_layers(data, "share, per cent", narrow, (0, 100)), narrow)


def arm_spec(rows: Sequence[GapRow], *, narrow: bool = False) -> Spec:
    """The Vega-Lite specification behind `arm_plot`, with its data inside."""
    names = [{"row": i, "name": visible(row.name), "n": ""} for i, row in enumerate(rows)]
    dots = [
        {"row": i, "level": visible(level), "x": 100 * rate}
        for i, row in enumerate(rows)
        for level, rate in zip(row.levels, row.rates, strict=True)
        if rate is not None
    ]
    levels = list(dict.fromkeys(visible(level) for row in rows for level in row.levels))
    base = alt.Chart(_data(dots)).encode(y=_y(len(rows)), x=_x("share, per cent", (0, 100), len(rows)))
    marks = base.mark_point(size=80, filled=True, opacity=1).encode(*_by_level(levels))
    return _spec([*_name_layers(names, narrow), base.mark_line(color=QUIET).encode(detail="row:O"), marks], narrow)


def _row(i: int, row: GapRow | RateRow, n: str) -> Row:
    ends = {"x": 100 * row.value, "low": 100 * row.low, "high": 100 * row.high}
    return {"row": i, "name": visible(row.name), "n": n, **ends}


def _samples(row: GapRow | RateRow) -> str:
    return plural(row.samples, "sample")


def _data(values: Sequence[Row]) -> alt.InlineData:
    return alt.InlineData(list(values))


def _gap_title(rows: Sequence[GapRow], narrow: bool) -> str | list[str]:
    """The axis title; where all gaps are between the same two levels, it says which end is which."""
    pairs = {row.levels for row in rows}
    if len(pairs) != 1:
        return "gap, percentage points"
    first, second = (visible(level) for level in next(iter(pairs)))
    ends = f"← higher in {second}  ·  higher in {first} →"
    return ["gap, percentage points", ends] if narrow else f"gap, percentage points:  {ends}"


def _span(rows: Sequence[GapRow]) -> tuple[float, float]:
    """Ends of the axis: all intervals and zero, out to the next ten with a little room."""
    low, high = min([0.0, *(row.low for row in rows)]), max([0.0, *(row.high for row in rows)])
    return max(-100, 10 * math.floor(10 * low - 0.2)), min(100, 10 * math.ceil(10 * high + 0.2))


def _x(title: str | list[str], span: tuple[float, float], rows: int) -> alt.X:
    side: Literal["top", "bottom"] = "top" if rows > LONG else "bottom"
    axis = alt.Axis(orient=side, tickCount=6, title=title, gridColor=HAIR, domain=False, ticks=False)
    return alt.X("x:Q", axis=axis, scale=alt.Scale(domain=list(span)))


def _y(rows: int) -> alt.Y:
    axis = alt.Axis(grid=True, gridColor=HAIR, gridDash=[1, 3], labels=False, ticks=False, domain=False, title=None)
    return alt.Y("row:O", axis=axis, scale=alt.Scale(domain=list(range(rows))))


def _by_level(levels: Sequence[str]) -> tuple[alt.Color, alt.Shape]:
    legend = alt.Legend(orient="top", direction="horizontal", title=None, symbolType="circle", labelLimit=300)
    colours, shapes = (list(islice(cycle(kind), len(levels))) for kind in (COLOURS, SHAPES))
    colour = alt.Color("level:N", legend=legend, scale=alt.Scale(domain=list(levels), range=colours))
    return colour, alt.Shape("level:N", legend=legend, scale=alt.Scale(domain=list(levels), range=shapes))


def _interval_layers(
    data: Sequence[Row], title: str | list[str], narrow: bool, span: tuple[float, float]
) -> list[alt.Chart]:
    base = alt.Chart(_data(data)).encode(y=_y(len(data)), x=_x(title, span, len(data)))
    bars = base.mark_rule(strokeWidth=2.5, color=BLUE, opacity=0.75).encode(x="low:Q", x2="high:Q")
    dots = base.mark_point(filled=True, size=75, color=BLUE, opacity=1).encode()
    return [bars, dots, *_name_layers(data, narrow)]


def _name_layers(data: Sequence[Row], narrow: bool) -> list[alt.Chart]:
    """Names and n: beside the intervals where there is room, above them where there is not."""
    base = alt.Chart(_data(data)).encode(y=_y(len(data)))
    if narrow:
        name = base.encode(text="name:N", x=alt.value(0))
        halo = name.mark_text(align="left", dy=-15, limit=NARROW, fontSize=10.5, stroke=PAPER, strokeWidth=4)
        ink = name.mark_text(align="left", dy=-15, limit=NARROW, fontSize=10.5, color=INK)
        n = base.mark_text(align="right", dy=13, color=QUIET, fontSize=10)
        return [halo, ink, n.encode(text="n:N", x=alt.value(NARROW))]
    name = base.mark_text(align="right", limit=400, color=INK)
    n = base.mark_text(align="left", color=QUIET)
    return [name.encode(text="name:N", x=alt.value(-12)), n.encode(text="n:N", x=alt.value(WIDE + 12))]


def _spec(layers: Sequence[alt.Chart], narrow: bool) -> Spec:
    chart = alt.layer(*layers).properties(
        width=NARROW if narrow else WIDE, height=alt.Step(50 if narrow else 26), background=PAPER
    )
    chart = chart.configure(aria=False, font=FONT, padding=8).configure_view(stroke=None)
    words = {"labelColor": QUIET, "titleColor": QUIET, "titleFontWeight": "normal"}
    chart = chart.configure_axis(labelFontSize=11, titleFontSize=11, titlePadding=10, **words)
    chart = chart.configure_text(font=FONT, fontSize=12).configure_legend(labelColor=INK, labelFontSize=12)
    spec: Spec = chart.to_dict()
    return spec


def svg(spec: Spec, label: str) -> str:
    """The specification drawn; what a screen reader says of it is `label`."""
    drawn = vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[])
    head, _, body = drawn.partition(">")
    size = " ".join(re.findall(r'(?:width|height|viewBox)="[^"]*"', head))
    name = html.escape(f"{label} The table beside it holds the same numbers.")
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{name}" {size}>{body}'
