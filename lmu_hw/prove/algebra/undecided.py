# SPDX-License-Identifier: Apache-2.0
"""A bit of control that is 0 or 1, as long as nothing but wires and registers depends on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["MARK", "Decide", "Undecided", "decided", "in_both"]


class Decide(Exception):
    """Something depends on the bit: the cycle has to be run for each of its values."""


class Undecided:
    """The bit, or its opposite; there is one such bit at a time.

    Parameters
    ----------
    inverted : bool
    """

    __slots__ = ("inverted",)

    def __init__(self, inverted: bool) -> None:
        self.inverted = inverted


MARK = Undecided(False)
_OPPOSITE = Undecided(True)


def decided(word: Any, value: int) -> Any:
    """Return a word once the bit is known."""
    return value ^ word.inverted if isinstance(word, Undecided) else word


def in_both(function: Callable[..., Any], words: tuple[Any, ...]) -> Any:
    """Return a function of words that is the same for both values, or the bit again.

    Raises
    ------
    Decide
        If it is something else.
    """
    zero, one = (function(*(decided(word, value) for word in words)) for value in (0, 1))
    if zero is one or (type(zero) is int and zero == one):
        return zero
    match zero, one:
        case 0, 1:
            return MARK
        case 1, 0:
            return _OPPOSITE
        case _:
            raise Decide
