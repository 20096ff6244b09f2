# SPDX-License-Identifier: Apache-2.0
"""The ROMs of a tabulated activation: what lies in a word, and another table in the same form."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import assert_never

import numpy as np

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.storage import pack
from lmu_hw.network import Codes, ElementwiseNode, Node, Offsets, Slopes, Table

__all__ = ["TableRom", "in_form_of", "table_name", "table_roms"]


@dataclass(frozen=True, slots=True)
class TableRom:
    """A ROM of a table.

    Attributes
    ----------
    suffix : str
        Of its name.
    parts : tuple of Codes
        A word holds a code of each, the first one in the low bits.
    """

    suffix: str
    parts: tuple[Codes, ...]

    @property
    def width(self) -> int:
        """Bits of a word."""
        return sum(part.format.width for part in self.parts)

    @property
    def words(self) -> list[int]:
        """Its contents."""
        words = [0] * self.parts[0].codes.size
        low = 0
        for part in self.parts:
            codes = pack(part.codes[:, None], part.format.width)
            words = [word | code << low for word, code in zip(words, codes, strict=True)]
            low += part.format.width
        return words


def table_name(node: Node | ElementwiseNode, table: Table) -> str:
    """Return the name of the ROMs of a node's table."""
    return f"{node.name.replace('.', '_')}_{table.function}"


def table_roms(table: Table) -> list[TableRom]:
    """Return the ROMs of a table."""
    match table.interpolation:
        case None:
            return [TableRom("", (table.values,))]
        case Slopes(codes=codes):
            return [TableRom("", (table.values, codes))]
        case Offsets(codes=codes):
            flat = Codes(codes=codes.codes.ravel(), format=codes.format)
            return [TableRom("", (table.values,)), TableRom("_offsets", (flat,))]
    assert_never(table.interpolation)


def in_form_of(hardware: Table, table: Table, *, where: str) -> Table:
    """Return a table that answers what another one does, in the form that hardware has.

    Parameters
    ----------
    hardware : Table
        For which the hardware was generated.
    table : Table
    where : str
        Name of the node, for messages.

    Raises
    ------
    NetworkError
        If hardware of this form cannot answer it.
    """
    what = _different(hardware, table)
    if what is None:
        return table
    if hardware.interpolation is None and what not in ("source", "format"):
        answers = np.roll(table.codes.codes, -table.source.min_code)  # from the smallest code on
        first = hardware.origin - hardware.source.min_code
        needed = answers[first : first + hardware.words] << hardware.guard_bits
        values = needed >> hardware.value_shift
        if len(values) == hardware.words and not hardware.ramp:
            try:
                codes = Codes(codes=values, format=hardware.values.format)
                same = replace(hardware, function=table.function, values=codes)
            except NetworkError:  # a value that the format does not hold
                same = hardware
            if np.array_equal(same.codes.codes, table.codes.codes):
                return same
    own, other = getattr(hardware, what), getattr(table, what)
    raise NetworkError(
        f"{where}: the table of {table.function} must have the form of that of the hardware, of "
        f"{hardware.function}, but its {what} is {_shown(other)}, not {_shown(own)}"
    )


def _different(hardware: Table, table: Table) -> str | None:
    """Return the first part of the form in which two tables differ."""
    for field in fields(Table):
        own, other = getattr(hardware, field.name), getattr(table, field.name)
        match field.name:
            case "function":
                continue
            case "values":
                same = own.format == other.format
            case "interpolation":
                same = _interpolation(own) == _interpolation(other)
            case _:
                same = own == other
        if not same:
            return field.name
    return None


def _interpolation(interpolation: Slopes | Offsets | None) -> tuple[object, ...]:
    match interpolation:
        case None:
            return ()
        case Slopes(codes=codes):
            return (Slopes, codes.format)
        case Offsets(codes=codes, group_bits=group_bits):
            return (Offsets, codes.format, group_bits, codes.codes.shape)
    assert_never(interpolation)


def _shown(part: object) -> object:
    return part.format if isinstance(part, Codes) else getattr(part, "kind", part)
