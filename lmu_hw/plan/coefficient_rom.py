# SPDX-License-Identifier: Apache-2.0
"""Which nodes of a layer have their coefficients in the same ROM."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from lmu_hw.network import Node
from lmu_hw.plan.banks import bank_depths, memory_cost

__all__ = ["CoefficientRom", "shared_roms", "stored_width"]


@dataclass(frozen=True)
class CoefficientRom:
    """A ROM that holds the coefficients of some nodes, one after the other.

    Parameters
    ----------
    words : dict of Node to int
        Words of each node, in the order in which they are computed.
    lanes : int
        Multipliers; a word holds one coefficient for each.
    bank_words : int, optional
        Most words of a bank; None: see `bank_depths`.
    """

    words: dict[Node, int]
    lanes: int
    bank_words: int | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes, in order."""
        return tuple(self.words)

    @property
    def width(self) -> int:
        """Bits of a coefficient."""
        return max(stored_width(node) for node in self.words)

    @property
    def depth(self) -> int:
        """Words of all nodes."""
        return sum(self.words.values())

    @property
    def bits(self) -> int:
        """Bits of all words, padding included."""
        return self.depth * self.width * self.lanes

    @property
    def word_bits(self) -> int:
        """Bits of a word."""
        return self.width * self.lanes

    @property
    def banks(self) -> list[int]:
        """Words of its banks, in ascending order of addresses."""
        return bank_depths(self.depth, self.word_bits, self.bank_words)

    @property
    def cost(self) -> float:
        """Blocks of memory that it takes."""
        return memory_cost(self.depth, self.word_bits)

    @property
    def first_words(self) -> dict[Node, int]:
        """Address of the first word of each node."""
        starts = accumulate(self.words.values(), initial=0)
        return dict(zip(self.words, starts, strict=False))


def shared_roms(
    words: dict[Node, int], lanes: int, bank_words: int | None = None
) -> tuple[CoefficientRom, ...]:
    """Return the ROMs of a layer; nodes share one where that takes no more blocks.

    No two nodes are computed at once, so that one port is enough.

    Parameters
    ----------
    words : dict of Node to int
        Words of each sum of the layer, in the order in which they are computed.
    lanes : int
        Multipliers.
    bank_words : int, optional
        See `CoefficientRom`.
    """

    def of(widths: set[int]) -> CoefficientRom:
        of_widths = {n: w for n, w in words.items() if stored_width(n) in widths}
        return CoefficientRom(of_widths, lanes, bank_words)

    groups: list[set[int]] = []
    for width in sorted({stored_width(node) for node in words}):
        groups.append({width})
        while len(groups) > 1:
            shared = groups[-2] | groups[-1]
            if of(shared).cost > of(groups[-2]).cost + of(groups[-1]).cost:
                break
            groups[-2:] = [shared]
    return tuple(map(of, groups))


def stored_width(node: Node) -> int:
    """Return the bits of the widest coefficient of a node."""
    return max(term.weights.format.width for term in node.terms)
