# SPDX-License-Identifier: Apache-2.0
"""The memory of spiking neurons, bit-exact, all neurons at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import RangeError
from lmu_hw.fixed.ops import requantize
from lmu_hw.spiking.memory import GENERATOR, SEEDER, WORD_BITS, SpikingMemory, Xorshift

__all__ = ["SpikingModel", "SpikingTrace", "next_words"]

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikingTrace:
    """What a spiking memory did in a sequence.

    Attributes
    ----------
    states : (steps, d) int64
        Codes of y after each step.
    spikes : (steps, d) int64
        Spikes of the neurons with e = +1 less those with e = -1, by population.
    fired : int
        Spikes of all neurons in all steps.
    saturated : int
        Currents that lay outside their format.
    """

    states: Codes
    spikes: Codes
    fired: int
    saturated: int


def next_words(words: NDArray[np.uint32], shifts: Xorshift) -> NDArray[np.uint32]:
    """Return the words that a generator makes of words, any shape."""
    words = words ^ words << np.uint32(shifts.first)
    words ^= words >> np.uint32(shifts.second)
    words ^= words << np.uint32(shifts.third)
    return words


class SpikingModel:
    """Runs a spiking memory.

    Parameters
    ----------
    memory : SpikingMemory
    """

    def __init__(self, memory: SpikingMemory) -> None:
        self.memory = memory
        seeds = np.empty(memory.size, np.uint32)
        word = np.array([memory.seed], np.uint32)
        for neuron in range(memory.size):
            seeds[neuron] = word[0]
            word = next_words(word, SEEDER)
        self._seeds = seeds.reshape(memory.order, memory.neurons)

    def run(self, u: Codes) -> SpikingTrace:
        """Run a sequence of input codes (steps,) from the beginning.

        Raises
        ------
        RangeError
            If an input code does not fit its format.
        """
        memory, fmt = self.memory, self.memory.source
        u = np.asarray(u, np.int64)
        if u.size and not (fmt.min_code <= u.min() and u.max() <= fmt.max_code):
            raise RangeError(f"inputs must fit {fmt}, not {int(u.min())} to {int(u.max())}")
        states = np.zeros((len(u), memory.order), np.int64)
        spikes = np.zeros_like(states)
        words, y, fired, saturated = self._seeds, np.zeros(memory.order, np.int64), 0, 0
        for t, scaled in enumerate((u << memory.source_up).tolist()):
            v, outside = self._currents(y, scaled)
            words = next_words(words, GENERATOR)
            up, down = self._spikes(v, words)
            spikes[t] = up - down
            states[t] = y = self._decoded(y, spikes[t])
            fired += int(up.sum() + down.sum())
            saturated += outside
        return SpikingTrace(states=states, spikes=spikes, fired=fired, saturated=saturated)

    def _currents(self, y: Codes, u: int) -> tuple[Codes, int]:
        """Return v (d,), and how many of them saturated."""
        memory = self.memory
        totals = memory.weights.codes @ np.append(y, u)
        return requantize(totals, memory.current_frac_bits, memory.current, what="current")

    def _spikes(self, v: Codes, words: NDArray[np.uint32]) -> tuple[Codes, Codes]:
        """Return the spikes of both halves of each population, (d,) and (d,)."""
        low_bits = WORD_BITS - self.memory.current.format.width
        top = words.view(np.int32) >> np.int32(low_bits)
        # v fits 32 bits, but -v may not: e v > top is v < -top, and -top - 1 is ~top.
        limits = v.astype(np.int32)[:, None]
        up, down = limits > top[:, ::2], limits <= ~top[:, 1::2]
        return np.count_nonzero(up, axis=1), np.count_nonzero(down, axis=1)

    def _decoded(self, y: Codes, spikes: Codes) -> Codes:
        """Return the states after a step."""
        memory = self.memory
        # y - 2**-s y, times 2**s: exact until the one narrowing.
        totals = (y << memory.synapse) - y + (spikes << memory.spike_shift)
        return requantize(totals, memory.state_frac_bits, memory.state, what="state")[0]
