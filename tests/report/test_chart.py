# SPDX-License-Identifier: Apache-2.0
"""Charts as text: where points, ticks and words stand."""

from __future__ import annotations

import re

import pytest

from lmu_hw.report.chart import Axis, Chart, Colour, Label, Mark, Shape, chart_svg, span
from lmu_hw.report.ticks import linear_ticks, log_ticks

X = Axis(label="step", low=0.0, high=10.0)


def drawn(shape: Shape, ys=(0.0, None, 5.0, 10.0), **more):
    mark = Mark(shape=shape, name="a line", colour=Colour.BLUE, xs=(0, 2, 5, 10), ys=ys, **more)
    y = Axis(label="error", low=0.0, high=10.0)
    return chart_svg(Chart(title="t", alternative="1 < 2", x=X, y=y, marks=(mark,)))


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        (Shape.LINE, "M0,1000M500,500L1000,0"),
        (Shape.DOTS, "M0,1000h0M500,500h0M1000,0h0"),
        (Shape.BARS, "M0,1000V1000M500,500V1000M1000,0V1000"),
    ],
)
def test_points_lie_in_a_thousand_units_and_missing_ones_are_left_out(shape, path):
    assert f'd="{path}"' in drawn(shape)


def test_each_point_that_is_drawn_has_its_words():
    assert 'data-tips="0: 0|5: 5.00|10: 10.0"' in drawn(Shape.DOTS)
    assert 'data-tips="a|c|d"' in drawn(Shape.DOTS, tips="abcd")


def test_a_bar_is_as_wide_as_its_part_of_the_axis():
    assert "stroke-width:80" in drawn(Shape.BARS, width=0.8)


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show():
    mark = Mark(shape=Shape.LINE, name="", colour=Colour.INK, xs=(0, 5, 10), ys=(1.0, 0.0, 100.0))
    y = Axis(label="", low=1.0, high=100.0, log=True)
    text = chart_svg(Chart(title="", alternative="", x=X, y=y, marks=(mark,)))
    assert 'd="M0,1000M1000,0"' in text


def test_words_are_escaped_and_placed():
    chart = Chart(
        title="<t>", alternative='1 < "2"', x=X, y=X, marks=(),
        labels=(Label(x=5, y=10, text="a<b"),), zone=(2.0, 4.0),
    )  # fmt: skip
    text = chart_svg(chart)
    assert "<h4>&lt;t&gt;</h4>" in text and 'aria-label="1 &lt; &#34;2&#34;"' in text
    assert '<text class="label" x="50%" y="0%" dx="6" dy="-6">a&lt;b</text>' in text
    assert '<rect class="zone" x="20%" width="20%" y="0" height="100%"/>' in text


def test_colours_are_classes_and_never_colours():
    assert re.search(r"#[0-9a-f]{3}|rgb|fill=|stroke=", drawn(Shape.LINE)) is None


def test_ticks_of_an_axis_are_written_alike_and_long_ones_are_few():
    assert [text for _, text in Axis(label="", low=0.0, high=2.0).marked()] == [
        "0.0", "0.5", "1.0", "1.5", "2.0",
    ]  # fmt: skip
    long = Axis(label="", low=0.0, high=600_000.0).marked()
    assert [value for value, _ in long] == [0, 200_000, 400_000, 600_000]
    assert long[1][1] == "200,000"


def test_round_numbers():
    assert linear_ticks(-3.1, 7.2) == [-2, 0, 2, 4, 6]
    assert linear_ticks(0.0, 0.0031) == [0.0, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003]
    assert log_ticks(1.5, 40.0) == [2, 5, 10, 20]
    assert log_ticks(1e-9, 1.0) == pytest.approx([1e-9, 1e-7, 1e-5, 1e-3, 1e-1])


def test_ends_have_room_even_around_one_value():
    assert span((2.0, None), (4.0,), room=0.5) == (1.0, 5.0)
    low, high = span((3.0,))
    assert low < 3.0 < high
    assert span((0.0,)) == (-1.0, 1.0)
    low, high = span((0.0, 2.0), log=True)
    assert 0.0 < low < 2.0 < high


def test_counts_have_no_ticks_between_whole_numbers():
    axis = Axis(label="", low=0.0, high=2.1, whole=True)
    assert axis.marked() == ((0, "0"), (1, "1"), (2, "2"))
