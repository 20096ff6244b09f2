# SPDX-License-Identifier: Apache-2.0
"""Words that were shown to be results of the specification, as the symbols of these.

Where a result was written in other terms, what reads it later would be, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.undecided import Undecided
from lmu_hw.prove.algebra.words import Pieces, Word, join, number
from lmu_hw.prove.comparison import vanishes
from lmu_hw.prove.hardware.machine import State

__all__ = ["ShownWord", "with_results"]


class ShownWord(NamedTuple):
    """A word of the hardware that is a result, modulo ``2**width``."""

    hardware: Value
    result: Value
    width: int


def with_results(
    state: State, shown: Sequence[ShownWord], registers: Sequence[int], memories: dict[str, int]
) -> State:
    """Return a state with the results in the place of words that were shown to be them.

    Parameters
    ----------
    state : State
    shown : sequence of ShownWord
    registers : sequence of int
        Widths of the registers.
    memories : dict of name to int
        Widths of the memories' words.
    """
    return State(
        registers=[
            _replaced(word, width, shown)
            for word, width in zip(state.registers, registers, strict=True)
        ],
        memories={
            name: [_replaced(word, memories[name], shown) for word in rows]
            for name, rows in state.memories.items()
        },
    )


def _replaced(word: Word, width: int, shown: Sequence[ShownWord]) -> Word:
    if isinstance(word, int | Undecided):
        return word
    if not isinstance(word, Pieces):
        return next((each.result for each in shown if _is(word, width, each)), word)
    pieces: list[tuple[Word, int]] = []
    place = 0
    while place < len(word.pieces):
        count, result = _result_at(word.pieces[place:], shown)
        bits = sum(size for _, size in word.pieces[place : place + count])
        pieces.append((word.pieces[place][0] if result is None else result, bits))
        place += count
    return join(pieces)


def _result_at(
    pieces: Sequence[tuple[Value, int]], shown: Sequence[ShownWord]
) -> tuple[int, Value | None]:
    """Return the result that the first pieces are, and how many; None, and 1: they are none."""
    for each in shown:
        bits = 0
        for count, (_, size) in enumerate(pieces, 1):
            bits += size
            if bits >= each.width:
                if bits == each.width and _is(number(Pieces(list(pieces[:count]))), bits, each):
                    return count, each.result
                break
    return 1, None


def _is(word: Value, width: int, shown: ShownWord) -> bool:
    return width == shown.width and vanishes(word - shown.hardware, width)
