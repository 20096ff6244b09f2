# SPDX-License-Identifier: Apache-2.0
"""Where the results go: docs/experiments.md and the pictures that it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from tools.svg import draw

__all__ = ["PAGE", "SOURCES", "save_picture"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "experiments.md"
PICTURES = ROOT / "docs" / "pictures"

SOURCES = ("float", "golden", "RTL")
"""Columns of every experiment: the float network, the golden model, the emitted Verilog."""


def save_picture(
    paint: Callable[[Figure], None], *, name: str, alternative: str, width: float, height: float
) -> Path:
    """Write a picture of the page; see `tools.svg.draw`."""

    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.svg"
    text = draw(paint, name=name, alternative=alternative, width=width, height=height)
    path.write_text(text + "\n")
    return path
