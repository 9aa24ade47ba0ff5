from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from allegiance.report.plots import NOTHING, GapRow, RateRow, arm_plot, gap_plot, gap_spec, rate_plot, rate_spec

SIXTY = "a-lab/with-a-very-long-model-name-that-has-sixty-letters-v01"
HOSTILE = "<script>alert(1)</script>\"'&\u202e\x00</svg>"


def row(name: str = "m", value: float = 0.25, low: float = 0.125, high: float = 0.5) -> GapRow:
    n = {"requests": 12, "samples": 237}
    return GapRow(name=name, value=value, low=low, high=high, levels=("free", "paid"), rates=(0.75, 0.5), **n)


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter() if node.tag.endswith("text")]


def values(spec: dict[str, object]) -> list[dict[str, object]]:
    """The rows in a specification that are intervals."""
    sets = spec.get("datasets", {})
    layers = [layer["data"]["values"] for layer in spec["layer"] if "values" in layer.get("data", {})]
    return next(rows for rows in [*sets.values(), *layers] if "low" in rows[0])


def test_nothing_to_plot_is_said() -> None:
    assert gap_plot([]) == arm_plot([]) == rate_plot([]) == NOTHING
    assert "Nothing to plot" in NOTHING


@pytest.mark.parametrize("narrow", [False, True])
def test_a_plot_shows_names_and_n(narrow: bool) -> None:
    told = texts(gap_plot([row("one"), row(SIXTY)], narrow=narrow))
    assert {"one", SIXTY, "12 requests, 237 samples"} <= set(told)


def test_the_axis_says_which_end_is_which() -> None:
    assert any("higher in paid" in text and "higher in free" in text for text in texts(gap_plot([row()])))


def test_the_specification_holds_the_numbers_in_points() -> None:
    found = values(gap_spec([row(value=-0.25, low=-0.5, high=0.125)]))
    assert [(item["x"], item["low"], item["high"]) for item in found] == [(-25.0, -50.0, 12.5)]


def test_the_axis_of_gaps_holds_zero_and_all_intervals() -> None:
    spec = json.dumps(gap_spec([row(low=0.31, high=0.42)]))
    assert '"domain": [-10, 50]' in spec


def test_the_axis_never_leaves_what_a_gap_can_be() -> None:
    assert '"domain": [-100, 100]' in json.dumps(gap_spec([row(value=0.0, low=-1.0, high=1.0)]))


def test_there_is_a_line_at_zero() -> None:
    assert '"zero": 0' in json.dumps(gap_spec([row()]))
    assert '"zero": 0' not in json.dumps(rate_spec([RateRow(name="r", value=0.5, low=0.25, high=0.75, samples=9)]))


def test_two_rows_of_one_name_stay_two() -> None:
    assert texts(gap_plot([row("same"), row("same")])).count("same") == 2


def test_two_hundred_rows_keep_their_height_and_have_the_axis_on_top() -> None:
    svg = gap_plot([row(f"m{i}") for i in range(200)])
    assert float(ET.fromstring(svg).attrib["height"]) > 200 * 24
    told = texts(svg)
    assert told.index("0") < told.index("m0")
    assert "m199" in told


def test_an_arm_without_a_rate_has_no_dot() -> None:
    both, one = row(), GapRow(name="m", value=0.0, low=-1.0, high=1.0, requests=1, samples=1, rates=(0.5, None))
    assert _dots(arm_plot([one])) == _dots(arm_plot([both])) - 1


def _dots(svg: str) -> int:
    return sum(svg.count(f'fill="{colour}"') for colour in ("#0072b2", "#d55e00"))


@pytest.mark.parametrize("plot", [gap_plot, arm_plot])
def test_hostile_names_are_only_text(plot: Callable[[list[GapRow]], str]) -> None:
    svg = plot([row(HOSTILE)])
    tags = {node.tag.rpartition("}")[2] for node in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "g", "path", "line", "text", "tspan", "rect"}
    assert "<script>alert(1)</script>\"'&⟦U+202E⟧⟦U+0000⟧</svg>" in texts(svg)


def test_a_plot_refers_to_nothing_outside() -> None:
    svg = gap_plot([row()]).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http" not in svg
    assert "href" not in svg
    assert "url(" not in svg


def test_a_plot_has_a_name_for_those_who_cannot_see_it() -> None:
    root = ET.fromstring(gap_plot([row(), row()]))
    assert (root.attrib["role"], root.attrib["aria-label"][:15]) == ("img", "Plot of 2 gaps.")
