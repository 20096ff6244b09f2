# SPDX-License-Identifier: Apache-2.0
"""What the user asks for: every option with its type, its default and its limits, in one place.

The verbs of Python and the command line hand over what they were given; here it is checked and
turned into its type, so that no design comes of anything but what an option names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import partial

from lmu_hw.checked import Check, flag, fraction, member, optional, real, settle, whole
from lmu_hw.errors import ConfigError
from lmu_hw.realize import REALIZATIONS, Basis, Realization, realization

__all__ = ["NEAREST", "Basis", "MemoryRange", "Options", "Realization", "table_error"]

NEAREST = 0.5
"""Error of a table, in ulp, whose every answer is the nearest code."""

table_error = partial(real, least=NEAREST, most=1.0, rule="from 0.5 to 1 ulp")


class MemoryRange(Enum):
    """What is done where the word length of the states is too short to prove their range."""

    AUTO = "auto"
    """As `SCALE`, as long as that costs less than a bit; otherwise as `SATURATE`."""
    SCALE = "scale"
    """The memory hears less of u; refused where no scale is provable."""
    WIDEN = "widen"
    """The states get as many bits as the proof needs."""
    SATURATE = "saturate"
    """The states saturate, and count it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asks for; everything else is derived by `configure`.

    Enumerations may be given by their value or name. A number of bits is an int: 12.0 is refused.
    None is taken only where it is listed.

    Parameters
    ----------
    weight_bits : int
        Width of encoders, hidden weights and dense weights.
    memory_bits : int or None
        Width of the memory's coefficients; None: as `weight_bits`.
    state_bits : int
        Width of u, of the memory states and of linear outputs.
    activation_bits : int
        Width of the outputs of activations.
    table_error : float
        How far a tabulated activation may be from the function, in ulp of its output: 0.5 to 1.
        0.5: every answer is the nearest code.
    input_bits : int or None
        Width of the input; None: as `state_bits`, or as few as exact integers need.
    input_scale : Fraction
        The input is an integer times this number; it folds into the weights. May be given as an
        int, as a text such as ``"1/255"``, or as a float that is a short fraction, such as 1/255;
        see `lmu_hw.checked.fraction`.
    basis : Basis
    margin : float
        Ranges are the observed ones times this number.
    weight_margin : float
        Formats of weights hold the largest one times this number: room for those of another
        network, which reloadable hardware takes later. Not of the memory's coefficients.
    memory_range : MemoryRange
    error_feedback : bool
        The memory's states floor, and add what they dropped to the next step's sum.
    repair : bool
        Where rounding makes a memory unstable, round so that errors compensate each other.
    realization : Realization
    memory_tolerance : float or None
        Of a semiseparable memory: take the rank at which no block of the trained matrices is off
        by more than this; None: the bilinear memory of the same window, of rank 1.
    refit : bool or None
        Fit what reads a memory to the memory as it is quantized. True: an error where the fit is
        not proved to bring it closer to the trained one. None: where that is proved, and measured
        on the calibration data; but not if it is dense, of fewer than 10 bits.
    horizon : int or None
        Steps over which the fit must hold; None: four windows of the memory, but no more than the
        longest window of a network that answers once.

    Raises
    ------
    ConfigError
        If a value is of another kind, not among the choices, or outside its limits, or if two
        options exclude each other.
    """

    weight_bits: int = 12
    memory_bits: int | None = None
    state_bits: int = 16
    activation_bits: int = 12
    table_error: float = 1.0
    input_bits: int | None = None
    input_scale: Fraction = Fraction(1)
    basis: Basis = Basis.ORTHONORMAL
    margin: float = 1.25
    weight_margin: float = 1.0
    memory_range: MemoryRange = MemoryRange.AUTO
    error_feedback: bool = False
    repair: bool = False
    realization: Realization = Realization.DENSE
    memory_tolerance: float | None = None
    refit: bool | None = None
    horizon: int | None = None

    def __post_init__(self) -> None:
        settle(self, _OPTION_CHECKS)
        auto = self.realization is Realization.AUTO
        kinds = REALIZATIONS.values() if auto else [realization(self.realization.value)]
        if self.memory_tolerance is not None and not all(kind.takes_tolerance for kind in kinds):
            raise ConfigError(
                f"`memory_tolerance` must come with `realization` {_that('takes_tolerance')}, not "
                f"{self.realization.value}"
            )
        if self.error_feedback and not any(kind.takes_error_feedback for kind in kinds):
            raise ConfigError(
                f"`error_feedback` must come with `realization` {_that('takes_error_feedback')}, "
                f"not {self.realization.value}"
            )


def _that(can: str) -> str:
    """Return the names of the realizations that can do something."""
    return " or ".join(name for name, kind in REALIZATIONS.items() if getattr(kind, can))


_bits = partial(whole, least=2, most=32)

_OPTION_CHECKS: dict[str, Check] = {
    "weight_bits": _bits,
    "memory_bits": optional(_bits),
    "state_bits": _bits,
    "activation_bits": _bits,
    "table_error": table_error,
    "input_bits": optional(_bits),
    "input_scale": fraction,
    "basis": partial(member, kind=Basis),
    "margin": partial(real, least=1.0, most=64.0, rule="1 to 64"),
    "weight_margin": partial(real, least=1.0, most=64.0, rule="1 to 64"),
    "memory_range": partial(member, kind=MemoryRange),
    "error_feedback": flag,
    "repair": flag,
    "realization": partial(member, kind=Realization),
    "memory_tolerance": optional(partial(real, above=0.0, below=1.0, rule="between 0 and 1")),
    "refit": optional(flag),
    "horizon": optional(partial(whole, least=1)),
}
"""A check for every field of `Options`."""
