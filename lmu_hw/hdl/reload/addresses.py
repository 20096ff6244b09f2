# SPDX-License-Identifier: Apache-2.0
"""Coefficients that are written at run time: what word goes to what address.

The memories that can be written, of all layers in order, are numbered blocks of addresses. The high
bits of an address are the block, the bits below them the word: as many as the largest block needs.
Where all coefficients can be written, words are longer than the port: the lowest bits of an address
are then the part of a word, `DATA_BITS` each from the low bits on. The last part stores the word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from amaranth.utils import bits_for

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.reload.blocks import Block, layer_blocks
from lmu_hw.hdl.reload.shape import check_shape
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan

__all__ = ["DATA_BITS", "AddressMap", "reload_words"]

DATA_BITS = 32
"""Bits of the port where all coefficients can be written, at most."""


@dataclass(frozen=True)
class AddressMap:
    """Which word of which memory lies at which address.

    Parameters
    ----------
    plan : Plan
        Of the hardware.
    """

    plan: Plan

    @cached_property
    def blocks(self) -> list[Block]:
        """The memories that can be written, in the order of their numbers."""
        return [block for layer in self.plan.layers for block in layer_blocks(layer)]

    @property
    def word_bits(self) -> int:
        """Address bits that count the words of a block."""
        return max(bits_for(max(block.places - 1, 1)) for block in self.blocks)

    @property
    def part_bits(self) -> int:
        """Address bits that count the parts of a word."""
        return (max(map(self.parts, self.blocks)) - 1).bit_length()

    @property
    def address_bits(self) -> int:
        """Bits of an address."""
        return self.word_bits + self.part_bits + (len(self.blocks) - 1).bit_length()

    @property
    def data_bits(self) -> int:
        """Bits that are written at once."""
        widest = max(block.width for block in self.blocks)
        everything = any(layer.writable for layer in self.plan.layers)
        return min(widest, DATA_BITS) if everything else widest

    def parts(self, block: Block) -> int:
        """Return in how many parts a word of a block is written."""
        return -(-block.width // self.data_bits)

    def first_address(self, number: int) -> int:
        """Return the address of the first part of the first word of block `number`."""
        return number << self.word_bits + self.part_bits

    def writes(self, number: int, words: list[int]) -> list[tuple[int, int]]:
        """Return what writes words to block `number`, from its first one on: address, data."""
        first, parts = self.first_address(number), self.parts(self.blocks[number])
        mask = (1 << self.data_bits) - 1
        return [
            (first + (place << self.part_bits) + part, word >> part * self.data_bits & mask)
            for place, word in enumerate(words)
            for part in range(parts)
        ]


def reload_words(plan: Plan, network: QuantizedNetwork) -> list[tuple[int, int]]:
    """Return the writes that turn the coefficients of a design into those of another network.

    Where only memories can be written, nothing else of the other network is loaded: its sums,
    read-outs and formats must be those that the hardware was generated with.

    Parameters
    ----------
    plan : Plan
        Of the generated hardware.
    network : QuantizedNetwork
        The same network with other codes.

    Returns
    -------
    list of (address, data)
        In the order in which they are to be written.

    Raises
    ------
    NetworkError
        If the plan is not reloadable, or something does not fit the hardware: names the node.
    """
    addresses = AddressMap(plan)
    if not addresses.blocks:
        raise NetworkError("the design has no coefficients that can be written at run time")
    check_shape(plan, network)
    layers = dict(zip(plan.layers, network.layers, strict=True))
    writes = []
    for number, block in enumerate(addresses.blocks):
        writes += addresses.writes(number, block.words(layers[block.plan]))
    return writes
