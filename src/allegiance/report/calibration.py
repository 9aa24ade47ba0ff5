"""The calibration curve of raters that give scores: what share is called yes, by the score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import altair as alt

from allegiance.evidence.figures import Bin
from allegiance.report.plots import COLOURS, HAIR, NOTHING, PAPER, QUIET, SHAPES, Row, Spec, svg
from allegiance.report.words import plural, visible

SIDE = 330
"""Width and height of the plotting area in pixels."""


def calibration_plot(curves: Sequence[tuple[str, Sequence[Bin]]]) -> str:
    """Calibration curves as SVG: a point and an interval for each bin, and the line on which scores are right.

    Args:
        curves: Name of the rater, and its bins.
    """
    drawn = [(name, bins) for name, bins in curves if any(each.share.value is not None for each in bins)]
    return svg(calibration_spec(drawn), f"Calibration of {plural(len(drawn), 'rater')}.") if drawn else NOTHING


def calibration_spec(curves: Sequence[tuple[str, Sequence[Bin]]]) -> Spec:
    """The Vega-Lite specification behind `calibration_plot`, with its data inside."""
    rows: list[Row] = [
        {
            "rater": visible(name),
            "score": 100 * each.score,
            "share": 100 * each.share.value,
            "low": 100 * each.share.low,
            "high": 100 * each.share.high,
        }
        for name, bins in curves
        for each in bins
        if each.share.value is not None
    ]
    names = list(dict.fromkeys(str(row["rater"]) for row in rows))
    right = alt.Chart(alt.InlineData([{"score": 0, "share": 0}, {"score": 100, "share": 100}]))
    scale = alt.Scale(domain=[0, 100])
    x = alt.X("score:Q", scale=scale, axis=_axis("score of the rater, per cent"))
    y = alt.Y("share:Q", scale=scale, axis=_axis("called yes by the trusted rater, per cent"))
    line = right.mark_line(color=QUIET, strokeWidth=1.5, strokeDash=[4, 3]).encode(x=x, y=y)
    base = alt.Chart(alt.InlineData(rows)).encode(x=x, y=y, color=_colour(names))
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(y="low:Q", y2="high:Q")
    dots = base.mark_point(size=70, filled=True, opacity=1).encode(shape=_shape(names))
    chart = alt.layer(line, bars, dots).properties(width=SIDE, height=SIDE, background=PAPER)
    spec: Spec = chart.configure(aria=False, padding=8).configure_view(stroke=None).to_dict()
    return spec


def _axis(title: str) -> alt.Axis:
    return alt.Axis(title=title, gridColor=HAIR, domain=False, ticks=False, tickCount=6)


def _colour(names: Sequence[str]) -> alt.Color:
    legend = alt.Legend(orient="top", direction="horizontal", title=None, labelLimit=300)
    return alt.Color("rater:N", legend=legend, scale=alt.Scale(domain=list(names), range=_first(COLOURS, names)))


def _shape(names: Sequence[str]) -> alt.Shape:
    return alt.Shape("rater:N", legend=None, scale=alt.Scale(domain=list(names), range=_first(SHAPES, names)))


def _first(kinds: Sequence[str], names: Sequence[str]) -> list[str]:
    return list(islice(cycle(kinds), len(names)))
