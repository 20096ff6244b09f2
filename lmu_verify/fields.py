# SPDX-License-Identifier: Apache-2.0
"""Strict JSON, and fields of its objects by kind and range."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple, NoReturn

from lmu_verify.errors import BadFile

__all__ = ["ERROR_ULP", "NEAREST", "Fields", "Format", "Narrowing", "parse_json"]

_FORMAT = re.compile(r"([su])Q(-?[0-9]{1,4})\.(-?[0-9]{1,4})")
_MAX_WIDTH = 63
_MAX_BITS = 1000
_MAX_DIGITS = 400  # of an integer

ERROR_ULP = {
    "half_up": Fraction(1, 2),
    "half_even": Fraction(1, 2),
    "floor": Fraction(1),
    "toward_zero": Fraction(1),
}
"""Largest error of a narrowing, by how it rounds."""

NEAREST = ("half_up", "half_even")
"""What rounds to nearest: errors of half an ulp to both sides."""

OVERFLOWS = ("forbid", "saturate", "wrap")


class Format(NamedTuple):
    """A fixed-point format, as ``sQ0.15`` writes it."""

    signed: bool
    int_bits: int
    frac_bits: int

    @property
    def width(self) -> int:
        """Bits in all."""
        return int(self.signed) + self.int_bits + self.frac_bits

    @property
    def max_code(self) -> int:
        """Largest code."""
        return (1 << (self.width - int(self.signed))) - 1

    @property
    def min_code(self) -> int:
        """Smallest code."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def magnitude(self) -> int:
        """Largest magnitude of a code."""
        return max(self.max_code, -self.min_code)

    @property
    def ulp(self) -> Fraction:
        """The value of one code."""
        return Fraction(2) ** -self.frac_bits

    @classmethod
    def parse(cls, where: str, text: object) -> Format:
        """Return a format from its notation, or raise `BadFile`."""
        match = _FORMAT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise BadFile(f"{where} must be a format such as sQ0.15, not {text!r:.80}")
        fmt = cls(match[1] == "s", int(match[2]), int(match[3]))
        if not 1 <= fmt.width <= _MAX_WIDTH or abs(fmt.frac_bits) > _MAX_BITS:
            raise BadFile(f"{where} must be a format of 1 to {_MAX_WIDTH} bits, not {text}")
        return fmt


class Narrowing(NamedTuple):
    """A format, how it is rounded to, and what overflow does."""

    format: Format
    rounding: str
    overflow: str

    @property
    def error(self) -> Fraction:
        """Largest rounding error, as a value."""
        return ERROR_ULP[self.rounding] * self.format.ulp


class Fields:
    """A JSON object whose fields are asked for by kind; `BadFile` names file, place and value."""

    def __init__(self, where: str, value: object) -> None:
        if not isinstance(value, dict):
            raise BadFile(f"{where} must be an object, not {value!r:.80}")
        self.where, self.values = where, value

    def known(self, names: Iterable[str]) -> None:
        """Refuse fields that might change what the others say."""
        if unknown := sorted(set(self.values) - set(names)):
            raise BadFile(f"{self.where} must not have {unknown[0]!r}")

    def get(self, name: str) -> Any:
        """Return a field that must be there."""
        if name not in self.values:
            raise BadFile(f"{self.where}: {name} is missing")
        return self.values[name]

    def integer(self, name: str, low: int, high: int) -> int:
        """Return an integer within a range."""
        value = self.get(name)
        if type(value) is not int or not low <= value <= high:
            self.refuse(name, f"an integer from {low} to {high}")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        if type(value := self.get(name)) is not bool:
            self.refuse(name, "true or false")
        return value

    def text(self, name: str) -> str:
        """Return a text."""
        if not isinstance(value := self.get(name), str):
            self.refuse(name, "a text")
        return value

    def choice(self, name: str, allowed: Iterable[str]) -> str:
        """Return one of some texts."""
        value = self.get(name)
        if not isinstance(value, str) or value not in (choices := list(allowed)):
            self.refuse(name, f"one of {', '.join(allowed)}")
        return choices[choices.index(value)]

    def number(self, name: str) -> Fraction:
        """Return a finite number, exactly."""
        return self._number(name, self.get(name))

    def numbers(self, name: str, length: int) -> list[Fraction]:
        """Return a list of so many finite numbers, exactly."""
        if len(values := self.list(name)) != length:
            raise BadFile(f"{self.where}: {name} must hold {length} numbers, not {len(values)}")
        return [self._number(name, value) for value in values]

    def _number(self, name: str, value: object) -> Fraction:
        if type(value) is not int and not (type(value) is float and math.isfinite(value)):
            raise BadFile(f"{self.where}: {name} must hold finite numbers, not {value!r:.80}")
        return Fraction(value)

    def ratio(self, name: str, bits: int) -> Fraction:
        """Return n / 2**k from [n, k], none negative, n below ``2**bits`` and k up to `bits`."""
        value = self.list(name)
        whole = len(value) == 2 and all(type(part) is int for part in value)
        if not whole or not (0 <= value[0] < 1 << bits and 0 <= value[1] <= bits):
            self.refuse(name, f"[n, k] for n / 2**k, n below 2**{bits}, k from 0 to {bits}")
        return Fraction(value[0], 1 << value[1])

    def list(self, name: str) -> list[Any]:
        """Return a list."""
        if not isinstance(value := self.get(name), list):
            self.refuse(name, "a list")
        return value

    def object(self, name: str) -> Fields:
        """Return an object."""
        return Fields(f"{self.where}: {name}", self.get(name))

    def objects(self, name: str) -> list[Fields]:
        """Return a list of objects."""
        values = enumerate(self.list(name))
        return [Fields(f"{self.where}: {name}[{index}]", value) for index, value in values]

    def format(self, name: str) -> Format:
        """Return a format."""
        return Format.parse(f"{self.where}: {name}", self.get(name))

    def narrowing(self, name: str) -> Narrowing:
        """Return a narrowing from [format, rounding, overflow]."""
        value = self.list(name)
        if len(value) != 3 or value[1] not in ERROR_ULP or value[2] not in OVERFLOWS:
            self.refuse(name, "[format, rounding, overflow]")
        return Narrowing(Format.parse(f"{self.where}: {name}", value[0]), value[1], value[2])

    def refuse(self, name: str, rule: str) -> NoReturn:
        """Raise for a field that does not keep a rule."""
        raise BadFile(f"{self.where}: {name} must be {rule}, not {self.values[name]!r:.80}")


def parse_json(where: str, text: str) -> Any:
    """Return JSON without repeated names, NaN or infinities, or raise `BadFile`."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(names := dict(pairs)) < len(pairs):
            repeated = next(name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1)
            raise ValueError(f"it has {repeated!r} twice")
        return names

    def refuse(name: str) -> NoReturn:
        raise ValueError(f"it holds {name}")

    def integer(digits: str) -> int:
        if len(digits) > _MAX_DIGITS:
            raise ValueError(f"it holds an integer of {len(digits)} digits")
        return int(digits)

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse, parse_int=integer)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{where} must be JSON, but {error}") from None
