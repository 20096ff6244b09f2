# SPDX-License-Identifier: Apache-2.0
"""Pictures as text: the same every time, described for those who do not see them."""

from __future__ import annotations

from matplotlib import rc_context

from tools.svg import draw


def paint(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="a line")
    axes.legend()


def picture(name: str = "one", alternative: str = "A rising line.") -> str:
    return draw(paint, name=name, alternative=alternative, width=3, height=2)


def test_the_same_figure_gives_the_same_text_whatever_the_style_outside():
    first = picture()
    with rc_context({"lines.linewidth": 9, "font.size": 20}):
        assert picture() == first


def test_identifiers_of_two_pictures_on_a_page_differ():
    assert picture("one") != picture("two")


def test_the_description_is_escaped():
    text = picture(alternative='errors < 1 "ulp"')
    assert text.startswith('<svg role="img" aria-label="errors &lt; 1 &quot;ulp&quot;"')
    assert text.endswith("</svg>")


def test_nothing_stays_that_a_page_does_not_need():
    text = picture()
    assert "<metadata>" not in text and "<!--" not in text and "<?xml" not in text
    assert "a line" in text  # text stays text
