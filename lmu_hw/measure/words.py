# SPDX-License-Identifier: Apache-2.0
"""Numbers in words, the same on the page and on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

__all__ = [
    "MINUS",
    "NONE",
    "Level",
    "count",
    "decibels",
    "decimal",
    "interval",
    "listed",
    "metric_name",
    "number",
    "score",
    "sqnr",
    "times",
]

NONE = "–"
MINUS = "\N{MINUS SIGN}"


class Level(Enum):
    """How a report reads at a glance."""

    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"


def count(value: int | None) -> str:
    """Return an integer with commas between thousands, as everywhere else."""
    return NONE if value is None else f"{value:,}".replace("-", MINUS)


def times(value: int) -> str:
    """Return how often."""
    return f"{count(value)} {'time' if value == 1 else 'times'}"


def number(value: float | None) -> str:
    """Return a number with at least three significant digits."""
    if value is None:
        return NONE
    if value == 0.0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-4:
        text = f"{value:.2e}"
    else:
        text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
    return text.replace("-", MINUS)


def decimal(value: float | None, decimals: int = 2) -> str:
    """Return a number with that many decimals, without a negative zero."""
    if value is None:
        return NONE
    text = f"{value:.{decimals}f}"
    return (text if float(text) else f"{0.0:.{decimals}f}").replace("-", MINUS)


def decibels(value: float | None) -> str:
    """Return a number of dB with one decimal."""
    return NONE if value is None else f"{value:.1f} dB"


def sqnr(value: float | None, *, exact: bool) -> str:
    """Return an SQNR; a signal without error is exact."""
    return "exact" if exact else decibels(value)


def score(metric: str | None, value: float | None) -> str:
    """Return a task metric: accuracy in percent, NRMSE with three digits."""
    if value is None:
        return NONE
    if metric == "accuracy":
        return f"{100 * value:.2f} %"
    return f"{value:#.3g}".rstrip(".")


def interval(metric: str | None, ends: tuple[float | None, float | None] | None) -> str:
    """Return both ends of an interval of a task metric, the unit once."""
    if ends is None or None in ends:
        return NONE
    low, high = (score(metric, end) for end in ends)
    return f"{low.removesuffix(' %')} to {high}"


def metric_name(metric: str | None) -> str:
    """Return the name of a task metric."""
    return {"accuracy": "Accuracy", "nrmse": "NRMSE"}.get(metric or "", "Task metric")


def listed(names: Sequence[str]) -> str:
    """Return names as part of a sentence."""
    return " and ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)
