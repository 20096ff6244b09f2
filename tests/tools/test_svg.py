# SPDX-License-Identifier: Apache-2.0
"""Pictures as text: the same every time, described for those who do not see them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib import rc_context

from tools.svg import GRID, INK, SERIES, draw

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = [*sorted((DOCS / "pictures").glob("*.svg")), DOCS / "spiking.svg"]
DARK_PAPER = "#131416"


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


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2.1 says."""

    def luminance(colour: str) -> float:
        parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        line = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def dark(text: str) -> dict[str, str]:
    """Return what each colour becomes where dark pages are preferred."""
    rules = re.findall(r"(?:fill|stroke): (#\w{6})\"\]{(?:fill|stroke):(#\w{6})!important}", text)
    return dict(rules)


def test_text_and_lines_are_seen_on_both_papers():
    text = draw(paint, name="one", alternative="", width=3, height=2)
    becomes = dark(text)
    assert becomes["#ffffff"] == DARK_PAPER
    assert contrast(becomes[INK], DARK_PAPER) > 4.5 < contrast(INK, "#ffffff")
    for colour in SERIES:
        assert contrast(colour, "#ffffff") >= 3


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_pictures_of_the_docs_follow_the_theme(path):
    text = path.read_text()
    becomes = dark(text)
    used = set(re.findall(r"(?:fill|stroke): (#\w{6})[;\"](?!\])", text)) - {"#ffffff", GRID}
    assert used and becomes["#ffffff"] == DARK_PAPER
    for colour in used:
        assert contrast(colour, "#ffffff") >= 3, colour
        assert contrast(becomes.get(colour, colour), DARK_PAPER) >= 3, colour
    assert min(map(float, re.findall(r"font-size: ([\d.]+)px", text))) >= 7
