# SPDX-License-Identifier: Apache-2.0
"""What is tried for the states of a memory, one after the other, until their range is proved."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import Overflow
from lmu_hw.proofs import RangeProof, in_words, proved_recursions
from lmu_hw.quantize.formats import States
from lmu_hw.quantize.options import MemoryRange, Options
from lmu_hw.quantize.ranges import int_bits_for
from lmu_hw.realize import MemoryRealization

__all__ = ["StateSearch"]

_HEARD = 0.96
"""Of u: the orthonormal memory then peaks at 0.96 * 1.04 < 1, and leaves room for rounding."""

_LEAST_HEARD = 0.5
"""Below it an integer bit costs less."""


class StateSearch:
    """Proposes formats of states, and better ones where a proof fails.

    Parameters
    ----------
    options : Options
    rescalable : collection of str
        Layers whose memory may hear less than all of u, as far as the network is concerned.
    """

    def __init__(self, options: Options, rescalable: Collection[str]) -> None:
        self.options, self.rescalable = options, rescalable

    def first(
        self,
        name: str,
        how: MemoryRealization,
        overflow: Overflow,
        note: tuple[str, ...] = (),
    ) -> States:
        """Return what is tried at first for a memory that is computed in a certain way."""
        heard = _HEARD if self._may_scale(name, how) else 1.0
        bits = self.options.state_bits
        return States(bits=bits, int_bits=0, heard=heard, overflow=overflow, note=note)

    def better(self, name: str, how: MemoryRealization, state: States, proof: RangeProof) -> States:
        """Return the states as they are, if they will do, or what to try next."""
        gain = float(proof.input_gain.max()) * float(proof.memory.u_limit)
        if state.overflow is Overflow.SATURATE:
            if gain > 1.05 * 2.0**state.int_bits:
                return replace(state, int_bits=int_bits_for(-gain, gain))
            text = f"saturates and counts; its bound is {proof.value:.4g}"
            return replace(state, recursions=proved_recursions(proof), why=(text,))
        if proof.proved:
            delta = float(proof.memory.rounding_error) * proof.memory.format.ulp
            dropped = delta * float(proof.rounding_gain.max())
            text = (
                f"proved: within +-{proof.value:.4g} for all inputs and all time (peak gain "
                f"{gain:.4g} times what u can be, rounding {dropped:.3g})"
            )
            return replace(state, recursions=proved_recursions(proof), why=(text,))
        if not state.note:
            text = (
                f"{state.bits} bits are not provable at |u| <= {state.heard:g}: the bound is "
                f"{proof.value:.4g}; provable: "
                f"{in_words(proof, scalable=self._may_scale(name, how))}"
            )
            state = replace(state, note=(text,))
        if self.options.memory_range is MemoryRange.WIDEN and proof.bits is not None:
            return replace(state, bits=proof.bits)
        return self._roomier(name, how, state, proof)

    def coarser(self, name: str, how: MemoryRealization, state: States) -> States:
        """Return states that are not scaled step by step any more."""
        if self.options.memory_range is MemoryRange.AUTO:
            return self.first(name, how, Overflow.SATURATE, state.note)
        if state.overflow is Overflow.SATURATE or state.int_bits + 2 >= state.bits:
            return state
        first = self.first(name, how, state.overflow, state.note)
        return replace(first, bits=state.bits, int_bits=state.int_bits + 1)

    def _may_scale(self, name: str, how: MemoryRealization) -> bool:
        """Say whether a memory may hear less than all of u."""
        return name in self.rescalable and how.takes_share

    def _roomier(
        self, name: str, how: MemoryRealization, state: States, proof: RangeProof
    ) -> States:
        """Return states that hear less of u, or have an integer bit more, or saturate."""
        widen = self.options.memory_range is MemoryRange.WIDEN
        gain = float(proof.input_gain.max()) * float(proof.memory.u_limit)
        scale = (1.0 - 2.0**-6) / gain if widen else proof.scale
        rescalable = self._may_scale(name, how)
        if rescalable and scale is not None and state.heard * scale >= _LEAST_HEARD:
            return replace(state, heard=_down(state.heard * min(scale, 1.0)))
        needed = max(int_bits_for(-proof.value, proof.value), state.int_bits + 1)
        if gain > 2.0**state.int_bits * _LEAST_HEARD and (widen or needed < state.bits - 1):
            return replace(state, bits=max(state.bits, needed + 2), int_bits=needed)
        if self.options.memory_range is MemoryRange.AUTO:
            return self.first(name, how, Overflow.SATURATE, state.note)
        raise ConfigError(
            f"{proof.memory.name}: no range is provable with `memory_range` "
            f"{self.options.memory_range.value}: {state.note[0]}; set `memory_range` to "
            f"{'saturate' if widen else 'widen, saturate, or auto'}"
        )


def _down(heard: float) -> float:
    """Round down to three decimals, and leave a little for coefficients that round anew."""
    return math.floor(heard * 998.0) / 1000.0
