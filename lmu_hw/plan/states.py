# SPDX-License-Identifier: Apache-2.0
"""States that are read and written from outside: what code lies at what address.

The vectors that persist from step to step are numbered blocks of addresses. The high bits of an
address are the block, those below them the segment, the lowest ones the row: as many as the largest
block needs. Above all of them is the stream, if there are several. Hardware, manifest, driver and
docs follow from this map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lmu_hw.errors import ConfigError
from lmu_hw.network import StateVector, layer_state_vectors
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.pipeline import Plan

__all__ = ["STATE_LATENCY", "StateBlock", "StateMap", "require_states"]

STATE_LATENCY = 4
"""Cycles that an address must be there before its code is: port, memory, its register, port."""

_REGISTER_BITS = 32


@dataclass(frozen=True, kw_only=True)
class StateBlock:
    """A vector that persists, as it lies in memory.

    Attributes
    ----------
    number : int
    layer : str
    vector : StateVector
    segments, rows : int
        Element ``segment * rows + row`` is row `row` of segment `segment`. What reads a vector may
        cut it into other segments than what computes it has.
    """

    number: int
    layer: str
    vector: StateVector
    segments: int
    rows: int


@dataclass(frozen=True)
class StateMap:
    """Which code of which vector lies at which address.

    Parameters
    ----------
    plan : Plan
        Of the hardware; of a network that keeps something, see `require_states`.
    """

    plan: Plan

    @cached_property
    def blocks(self) -> tuple[StateBlock, ...]:
        """The vectors that persist, in the order of their numbers."""
        return tuple(
            StateBlock(
                number=number,
                layer=vector.layer,
                vector=vector,
                segments=segments,
                rows=vector.size // segments,
            )
            for number, (vector, segments) in enumerate(_cut(self.plan))
        )

    def of_layer(self, plan: LayerPlan) -> tuple[StateBlock, ...]:
        """Return the blocks of a layer."""
        return tuple(block for block in self.blocks if block.layer == plan.layer.name)

    @property
    def parts(self) -> dict[str, int]:
        """Bits of the parts of an address, from the lowest on; a part that is always 0 has none."""
        counts = {
            "row": max(block.rows for block in self.blocks),
            "segment": max(block.segments for block in self.blocks),
            "block": len(self.blocks),
            "stream": self.plan.stream.streams,
        }
        return {name: (count - 1).bit_length() for name, count in counts.items()}

    @property
    def address_bits(self) -> int:
        """Bits of an address."""
        return max(sum(self.parts.values()), 1)

    @property
    def data_bits(self) -> int:
        """Bits of a signed number that holds every code."""
        return max(_signed_bits(block.vector) for block in self.blocks)

    @property
    def stride(self) -> int:
        """Addresses from one segment to the next."""
        return 1 << self.parts["row"]

    @property
    def stream_stride(self) -> int:
        """Addresses from one stream to the next."""
        return 1 << sum(bits for part, bits in self.parts.items() if part != "stream")

    def first_address(self, block: StateBlock, stream: int = 0) -> int:
        """Return the address of the first element of a vector of a stream."""
        within = block.number << self.parts["row"] + self.parts["segment"]
        return stream * self.stream_stride + within

    def addresses(self, block: StateBlock, stream: int = 0) -> list[int]:
        """Return the addresses of a vector of a stream, from its first element on."""
        first = self.first_address(block, stream)
        return [
            first + segment * self.stride + row
            for segment in range(block.segments)
            for row in range(block.rows)
        ]


def require_states(plan: Plan) -> None:
    """Raise `ConfigError` if nothing of a design can be accessed between steps, or not as a word.

    Codes that go through registers must fit one.
    """
    vectors = [vector for vector, _ in _cut(plan)]
    if not vectors:
        raise ConfigError(
            "`state_access` must be of a network that keeps something from step to step: none of "
            "its layers does"
        )
    for vector in vectors if plan.registers else ():
        if _signed_bits(vector) > _REGISTER_BITS:
            raise ConfigError(
                f"`state_access` with `registers`: codes of {vector.name} must have at most "
                f"{_REGISTER_BITS} bits as signed numbers, not {_signed_bits(vector)}"
            )


def _signed_bits(vector: StateVector) -> int:
    """Return the bits of a signed number that holds every code of a vector."""
    return vector.format.width + int(not vector.format.signed)


def _cut(plan: Plan) -> Iterator[tuple[StateVector, int]]:
    """Return the vectors that persist, and into how many segments each is cut in memory."""
    for layer in plan.every_step:
        for vector in layer_state_vectors(layer.layer):
            own = vector.residue or layer.layer.node(vector.node) in layer.layer.structured
            yield vector, vector.segments if own else layer.storage(vector.node).segments
