# SPDX-License-Identifier: Apache-2.0
"""One quantity of every compared design, and which of them is best."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lmu_hw.measure.rounding import rounded

__all__ = ["EXACT", "Row", "make_row"]

EXACT = math.inf
"""Value of a signal without error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One quantity of every design.

    Attributes
    ----------
    key : str
        Identifies the quantity, whatever its label.
    higher_is_better : bool
    values : tuple of float or None
        One for each design; None if it does not exist or has no error.
    texts : tuple of str
        As shown. Designs tie if they show the same.
    best : tuple of int
        The designs that are best; empty if they cannot be compared.
    """

    key: str
    label: str
    higher_is_better: bool
    values: tuple[float | None, ...]
    texts: tuple[str, ...]
    best: tuple[int, ...]

    @property
    def is_tie(self) -> bool:
        """All designs are equally good."""
        return len(self.best) == len(self.values)


def make_row(
    key: str,
    label: str,
    values: Sequence[float | None],
    show: Callable[[float | None], str],
    *,
    higher: bool,
    judged: bool = True,
) -> Row:
    """Return a row; not judged if some design lacks the quantity."""
    texts = tuple("exact" if value == EXACT else show(value) for value in values)
    best: tuple[int, ...] = ()
    known = [value for value in values if value is not None]
    if judged and len(known) == len(values):
        winner = texts[values.index(max(known) if higher else min(known))]
        best = tuple(index for index, text in enumerate(texts) if text == winner)
    return Row(
        key=key,
        label=label,
        higher_is_better=higher,
        values=tuple(None if value is None else rounded(value) for value in values),
        texts=texts,
        best=best,
    )
