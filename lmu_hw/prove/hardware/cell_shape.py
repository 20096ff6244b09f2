# SPDX-License-Identifier: Apache-2.0
"""Type and widths of a word-level cell of Yosys."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Shape", "mask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Type and widths of a cell.

    Attributes
    ----------
    kind : str
        Such as ``$add``.
    widths : tuple of int
        Of the inputs, in order A, B, S.
    signed : tuple of bool
        Whether A and B are.
    width : int
        Of the output.
    """

    kind: str
    widths: tuple[int, ...]
    signed: tuple[bool, ...]
    width: int


def mask(width: int) -> int:
    """Return the number whose `width` bits are all 1."""
    return (1 << width) - 1
