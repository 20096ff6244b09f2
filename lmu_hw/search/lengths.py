# SPDX-License-Identifier: Apache-2.0
"""The word lengths of a design: four knobs, and how far each may be turned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import whole
from lmu_hw.errors import ConfigError
from lmu_hw.quantize import Options

__all__ = ["Knob", "Limits", "WordLengths"]


class Knob(Enum):
    """A word length that is chosen on its own; the value names the field of `Options`."""

    WEIGHT = "weight_bits"
    """Encoders, hidden weights and dense weights."""
    MEMORY = "memory_bits"
    """Coefficients of the memory."""
    STATE = "state_bits"
    """u, memory states and linear outputs."""
    ACTIVATION = "activation_bits"
    """Outputs of activations."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class WordLengths:
    """One position of the four knobs, in bits; sorts by weights, memory, states, activations."""

    weight_bits: int
    memory_bits: int
    state_bits: int
    activation_bits: int

    @classmethod
    def of(cls, options: Options) -> WordLengths:
        """Return the word lengths that `options` stand for."""
        return cls(
            weight_bits=options.weight_bits,
            memory_bits=options.memory_bits or options.weight_bits,
            state_bits=options.state_bits,
            activation_bits=options.activation_bits,
        )

    @property
    def bits(self) -> tuple[int, int, int, int]:
        """The four numbers in the order of `Knob`."""
        return self.weight_bits, self.memory_bits, self.state_bits, self.activation_bits

    def __str__(self) -> str:
        return "/".join(map(str, self.bits))

    def get(self, knob: Knob) -> int:
        """Return one of the four numbers."""
        return getattr(self, knob.value)

    def turned(self, knob: Knob, bits: int) -> WordLengths:
        """Return these word lengths with one knob at `bits`."""
        return replace(self, **{knob.value: bits})

    def applied(self, options: Options) -> Options:
        """Return `options` with these word lengths."""
        return replace(options, **{knob.value: self.get(knob) for knob in Knob})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The narrowest and the widest word length that a search tries, for each knob.

    Raises
    ------
    ConfigError
        If a pair is not in order, or not within what `Options` allow.
    """

    weight_bits: tuple[int, int] = (2, 18)
    memory_bits: tuple[int, int] = (4, 18)
    state_bits: tuple[int, int] = (6, 20)
    activation_bits: tuple[int, int] = (4, 14)

    def __post_init__(self) -> None:
        for knob in Knob:
            try:
                low, high = self.get(knob)
            except (TypeError, ValueError):
                raise ConfigError(
                    f"the limits of {knob.value} must be two numbers, not {self.get(knob)!r}"
                ) from None
            low, high = (whole(bits, f"the limits of {knob.value}") for bits in (low, high))
            object.__setattr__(self, knob.value, (low, high))
            if not 2 <= low <= high <= 32:
                raise ConfigError(
                    f"the limits of {knob.value} must be two numbers in order from 2 to 32, not "
                    f"{low} and {high}"
                )

    def get(self, knob: Knob) -> tuple[int, int]:
        """Return the limits of one knob."""
        return getattr(self, knob.value)

    def fixed(self, knob: Knob, bits: int) -> Limits:
        """Return these limits with one knob that is not searched."""
        return replace(self, **{knob.value: (bits, bits)})

    @property
    def narrowest(self) -> WordLengths:
        """Every knob at its lower limit."""
        return WordLengths(**{knob.value: self.get(knob)[0] for knob in Knob})

    @property
    def widest(self) -> WordLengths:
        """Every knob at its upper limit."""
        return WordLengths(**{knob.value: self.get(knob)[1] for knob in Knob})

    def narrower(self, lengths: WordLengths) -> list[WordLengths]:
        """Return the word lengths that are narrower by one bit in one knob, within the limits."""
        return [
            lengths.turned(knob, lengths.get(knob) - 1)
            for knob in Knob
            if lengths.get(knob) > self.get(knob)[0]
        ]

    def grid(self) -> NDArray[np.int64]:
        """Return every position within the limits, (positions, 4) bits."""
        ranges = [range(low, high + 1) for low, high in map(self.get, Knob)]
        return np.array(list(product(*ranges)), dtype=np.int64)
