# SPDX-License-Identifier: Apache-2.0
"""What is applied to a narrowed code: a rectifier, or a table that is kept in parts.

    d     = code - origin
    a     = min(|d| if mirrored, else max(d, 0); last)        the address
    i, k  = a >> low_bits, a mod 2**low_bits
    total = (values[i] << shift) + (slopes[i] k, or an offset that depends on i and k, or nothing)
    t     = total >> guard_bits
    y     = (reflection - t where d < 0 and there is a reflection, else t)
            + (max(code, 0) << ramp shift, if it rides on a ramp)

and y is limited to the format of the answers. Slopes and offsets: `lmu_hw.network.interpolation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import settle_flags, whole
from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import Role
from lmu_hw.lmu.activations import RELU
from lmu_hw.lmu.roles import pre_activation
from lmu_hw.network.codes import Codes
from lmu_hw.network.interpolation import Interpolation, Offsets, Slopes
from lmu_hw.records import stored

__all__ = [
    "ActivatedNode",
    "Activation",
    "Rectifier",
    "Table",
    "check_table",
]

_MOST_BITS = 62  # of a total; none can overflow int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectifier:
    """``max(code, 0)``: the rectified linear unit, exact."""

    format: FixedFormat = field(metadata=stored("relu"))

    @property
    def function(self) -> str:
        """Name of the function."""
        return RELU

    @property
    def table_bits(self) -> int:
        """0: it is computed."""
        return 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A tabulated activation, exact in integers; see the module's formula.

    Parameters
    ----------
    function : str
        Name of the tabulated function.
    source : FixedFormat
        Of the codes that enter.
    format : FixedFormat
        Of the answers.
    origin : int
        Code of address 0.
    mirrored : bool
        Codes on both sides of the origin share their address; else those below have address 0.
    reflection : int or None
        Below the origin, t is subtracted from it; None: not.
    ramp : bool
        max(code, 0) is added, as a value.
    last : int
        Largest address: beyond it the table is constant.
    low_bits : int
        Codes of a value, as a power of two.
    guard_bits : int
        Fraction bits that the total has more than the answers.
    values : Codes
        One for each 2**low_bits addresses.
    interpolation : Slopes, Offsets or None
        None: a value for every address.

    Raises
    ------
    NetworkError
        If the parts do not fit each other.
    """

    function: str = field(metadata=stored("table"))
    source: FixedFormat
    format: FixedFormat
    origin: int
    mirrored: bool = False
    reflection: int | None = None
    ramp: bool = False
    last: int
    low_bits: int = 0
    guard_bits: int = 0
    values: Codes
    interpolation: Interpolation | None = None

    def __post_init__(self) -> None:
        settle_flags(self, "mirrored", "ramp", where=f"the table of {self.function}")
        self._check("origin", self.origin, self.source.min_code, self.source.max_code)
        self._check("last", self.last, 0, self.largest_distance)
        self._check("low_bits", self.low_bits, 0, self.source.width)
        self._check("guard_bits", self.guard_bits, 0, _MOST_BITS)
        self._check("entries", len(self.values.codes), self.words, self.words)
        self._check("shift of the values", self.value_shift, 0, _MOST_BITS)
        if self.reflection is not None and not self.mirrored:
            raise self._wrong("reflection", "none where it is not mirrored", self.reflection)
        if self.ramp:
            self._check("shift of the ramp", self.ramp_shift, 0, _MOST_BITS)
        self._check_interpolation()
        self._check("bits of the total", self.total_bits, 1, _MOST_BITS)

    def _check_interpolation(self) -> None:
        match self.interpolation:
            case None:
                self._check("low_bits", self.low_bits, 0, 0)
            case Slopes(codes=codes):
                self._check("slopes", len(codes.codes), self.words, self.words)
                bits = self.format.frac_bits + self.guard_bits - self.source.frac_bits
                self._check("fraction bits of slopes", codes.format.frac_bits, bits, bits)
            case Offsets(codes=codes, group_bits=group_bits):
                self._check("low_bits", self.low_bits, 1, self.source.width)
                self._check("group_bits", group_bits, 0, self.source.width)
                shape = ((self.words - 1 >> group_bits) + 1, 1 << self.low_bits - 1)
                if codes.codes.shape != shape:
                    raise self._wrong("offsets", f"of the shape {shape}", codes.codes.shape)
                bits = self.format.frac_bits + self.guard_bits
                self._check("fraction bits of offsets", codes.format.frac_bits, bits, bits)
            case _:
                assert_never(self.interpolation)

    def _check(self, what: str, value: object, least: int, most: int) -> None:
        where = f"the {what} of the table of {self.function}"
        whole(value, where, least=least, most=most, error=NetworkError)

    def _wrong(self, what: str, rule: str, value: object) -> NetworkError:
        return NetworkError(
            f"the {what} of the table of {self.function} must be {rule}, not {value!r}"
        )

    @classmethod
    def full(cls, function: str, source: FixedFormat, codes: Codes) -> Table:
        """Return the table of a value for every code, from ``codes[c]``, c being an address.

        Negative codes are in the upper half, as two's complement has them.
        """
        if codes.codes.shape != (1 << source.width,):
            raise NetworkError(
                f"the table of {function} must have {1 << source.width} entries, not "
                f"{codes.codes.size}"
            )
        return cls(
            function=function,
            source=source,
            format=codes.format,
            origin=source.min_code,
            last=(1 << source.width) - 1,
            values=Codes(codes=np.roll(codes.codes, -source.min_code), format=codes.format),
        )

    @property
    def largest_distance(self) -> int:
        """Of a code from the origin."""
        return max(self.source.max_code - self.origin, self.origin - self.source.min_code)

    @property
    def words(self) -> int:
        """Values."""
        return (self.last >> self.low_bits) + 1

    @property
    def value_shift(self) -> int:
        """Left shift of a value within the total."""
        return self.format.frac_bits + self.guard_bits - self.values.format.frac_bits

    @property
    def ramp_shift(self) -> int:
        """Left shift of a code that is added to an answer."""
        return self.format.frac_bits - self.source.frac_bits

    @property
    def total_bits(self) -> int:
        """Bits of a signed total, whatever the integers are."""
        largest = self.values.format.max_magnitude << self.value_shift
        match self.interpolation:
            case None:
                pass
            case Slopes(codes=codes):
                largest += codes.format.max_magnitude << self.low_bits
            case Offsets(codes=codes):
                largest += codes.format.max_magnitude
            case _:
                assert_never(self.interpolation)
        return 1 + largest.bit_length()

    @property
    def table_bits(self) -> int:
        """Bits of all parts."""
        between = 0 if self.interpolation is None else self.interpolation.bits
        return self.values.codes.size * self.values.format.width + between

    @property
    def product_bits(self) -> int:
        """One-bit products of the multiplication by a slope; 0 without."""
        match self.interpolation:
            case Slopes(codes=codes):
                return codes.format.width * self.low_bits
            case None | Offsets():
                return 0
        assert_never(self.interpolation)

    @property
    def form(self) -> str:
        """How it is kept, in words."""
        match self.interpolation:
            case None:
                return f"{self.words:,} values"
            case Slopes():
                return f"{self.words:,} values and slopes"
            case Offsets(codes=codes):
                return f"{self.words:,} values and {codes.codes.size:,} offsets"
        assert_never(self.interpolation)

    @cached_property
    def codes(self) -> Codes:
        """What it answers to every code: ``codes[c]`` for the code c read as unsigned address."""
        fmt = self.format
        return Codes(codes=self._answers.clip(fmt.min_code, fmt.max_code), format=fmt)

    @property
    def limited(self) -> bool:
        """Some answers are limited to the format."""
        return not np.array_equal(self._answers, self.codes.codes)

    @cached_property
    def _answers(self) -> NDArray[np.int64]:
        """The same before they are limited to the format."""
        codes = np.arange(1 << self.source.width)
        codes = np.where(codes > self.source.max_code, codes - len(codes), codes)
        index, low = self._address(codes)
        total = self.values.codes[index] << self.value_shift
        if self.interpolation is not None:
            total = total + self.interpolation.correction(index, low)
        answers = total >> self.guard_bits
        if self.reflection is not None:
            answers = np.where(codes < self.origin, self.reflection - answers, answers)
        if self.ramp:
            answers = answers + (np.maximum(codes, 0) << self.ramp_shift)
        return answers

    def _address(self, codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the value that codes read, and where behind it they lie."""
        distance = codes - self.origin
        address = np.abs(distance) if self.mirrored else np.maximum(distance, 0)
        address = np.minimum(address, self.last)
        return address >> self.low_bits, address & ((1 << self.low_bits) - 1)

    @property
    def entries(self) -> int:
        """Entries that can be read: values, on each side where it is mirrored, and offsets."""
        values = self.words * (1 + self.mirrored)
        match self.interpolation:
            case None | Slopes():
                return values
            case Offsets(codes=codes):
                return values + codes.codes.size
        assert_never(self.interpolation)

    def reads(self, codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Return the numbers of the entries that each code reads: one array for each part."""
        index, low = self._address(codes)
        below = self.mirrored & (codes < self.origin)
        values = index + self.words * below
        match self.interpolation:
            case None | Slopes():
                return (values,)
            case Offsets() as offsets:
                return values, self.words * (1 + self.mirrored) + offsets.place(index, low)[0]
        assert_never(self.interpolation)


Activation = Table | Rectifier
"""What may be applied to a narrowed code."""


class ActivatedNode:
    """What is asked of the activation of a node; the fields are those of its class."""

    layer: str
    role: Role
    activation: Activation | None

    @property
    def function(self) -> str | None:
        """Name of what is applied to the narrowed code; None: nothing is."""
        return None if self.activation is None else self.activation.function

    @property
    def pre_activation(self) -> str | None:
        """Trace name of what enters the activation; None where none follows."""
        return None if self.activation is None else pre_activation(self.layer, self.role)

    @property
    def table_bits(self) -> int:
        """Bits of a tabulated activation, once."""
        return 0 if self.activation is None else self.activation.table_bits


def check_table(name: str, activation: Activation | None, requant: Requant) -> None:
    """Raise `NetworkError` if a table is not for the codes that enter it."""
    match activation:
        case None | Rectifier():
            return
        case Table(source=source):
            if source != requant.format:
                raise NetworkError(f"{name}: the table must be for {requant.format}, not {source}")
        case _:
            assert_never(activation)
