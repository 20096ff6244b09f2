# SPDX-License-Identifier: Apache-2.0
"""Drawing with matplotlib so that the same figure gives the same SVG text, ready to be inlined."""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

__all__ = [
    "ACCENT",
    "FAINT",
    "FIXED",
    "FLOAT",
    "GRID",
    "INK",
    "MUTED",
    "SERIES",
    "draw",
    "panels",
]

INK = "#212529"
MUTED = "#868e96"
GRID = "#ced4da"
FAINT = "#f1f3f5"
ACCENT = "#3b5bdb"
FLOAT = "#7187de"
FIXED = "#c2410c"
SERIES = ("#3b5bdb", "#e8590c", "#2a9d8f", "#c2255c", "#845ef7", "#a66a00", "#495057")

_DARK = {
    "#ffffff": "#131416",
    INK: "#e8eaed",
    "#000000": "#e8eaed",
    GRID: "#3f444c",
    FAINT: "#22262b",
    ACCENT: "#8ea4ff",
    FIXED: "#ff9466",
    "#e8590c": "#ff922b",
    "#2a9d8f": "#4fd1c0",
    "#c2255c": "#f783ac",
    "#845ef7": "#b197fc",
    "#a66a00": "#ffd43b",
    "#495057": "#adb5bd",
}
"""What colours become where dark pages are preferred; others are seen on both."""

_SMALLEST = 7.0
"""Of text, in points: exponents."""

_STYLE: Any = {  # keys are literals of matplotlib, which differ by version
    "font.size": 9,
    "font.family": "sans-serif",
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.formatter.use_mathtext": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def draw(
    paint: Callable[[Figure], None], *, name: str, alternative: str, width: float, height: float
) -> str:
    """Return a figure as an ``<svg>`` element; its paper is dark where dark pages are preferred.

    Parameters
    ----------
    paint : callable
        Draws into an empty figure.
    name : str
        Unique on its page: seeds the identifiers inside.
    alternative : str
        Text for those who do not see the picture.
    width, height : float
        In inches.
    """
    file = io.StringIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        mpl.rcParams["svg.hashsalt"] = name
        figure = Figure(figsize=(width, height), layout="constrained")
        paper = Rectangle((0, 0), 1, 1, transform=figure.transFigure, color="white", zorder=-1)
        figure.add_artist(paper)
        paint(figure)
        figure.savefig(file, format="svg", metadata=_NO_METADATA)
    return _inline(file.getvalue(), alternative)


def panels(
    figure: Figure, count: int, columns: int, *, share: bool = True, label: str = ""
) -> list[Axes]:
    """Return the axes of so many panels, in rows of so many columns.

    Parameters
    ----------
    figure : Figure
    count, columns : int
        Fewer columns where there are fewer panels.
    share : bool
        One vertical scale for all of them.
    label : str
        Of the vertical scale, beside the first of each row.
    """
    columns = min(columns, count)
    grid = figure.subplots(math.ceil(count / columns), columns, squeeze=False, sharey=share).ravel()
    for axes in grid[::columns]:
        axes.set_ylabel(label)
    for axes in grid[count:]:
        axes.set_axis_off()
    return list(grid[:count])


def _inline(text: str, alternative: str) -> str:
    """Return the element alone, without what a page does not need."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[A-Za-z0-9.]+_\d+">', "<g>", text)  # not referred to, and not unique
    text = themed(text)
    opening = f'<svg role="img" aria-label="{html.escape(alternative)}"'
    return re.sub(r"\s+\n", "\n", text.replace("<svg", opening, 1)).strip()


def themed(text: str) -> str:
    """Return a picture whose colours follow the theme, and whose text is not too small."""
    rules = "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
        for light, dark in _DARK.items()
        for what in ("fill", "stroke")
        if f"{what}: {light}" in text
    )
    style = f"@media (prefers-color-scheme: dark){{{rules}}}"
    text = text.replace("</style>", f"{style}</style>", 1)
    return re.sub(
        r"font-size: ([\d.]+)px",
        lambda size: f"font-size: {max(float(size[1]), _SMALLEST):g}px",
        text,
    )
