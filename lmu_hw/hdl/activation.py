# SPDX-License-Identifier: Apache-2.0
"""Tabulated activations: values, what lies between them, mirror image and ramp."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.fixed import Overflow, Requant, Rounding
from lmu_hw.hdl.requantize import requantize, shape_of
from lmu_hw.hdl.storage import Rom, load_layout
from lmu_hw.hdl.tables import TableRom, table_roms
from lmu_hw.network import Offsets, Slopes, Table
from lmu_hw.plan import TABLE_LATENCY

__all__ = ["Lookup"]


class _Correction(NamedTuple):
    """What is added to the value of a table, or subtracted from it."""

    amount: Value
    subtracted: Value


class Lookup(wiring.Component):
    """Answers a table at a code; see `lmu_hw.network.Table` for the formula.

    A code may come in every cycle. Where none is, nothing is read and no register is clocked.

    Parameters
    ----------
    table : Table
    name : str
        Of its ROMs.
    writable : bool
        Their words can be written.

    Members
    -------
    code : In(shape of ``table.source``)
    busy : In(`latency`)
        There is a code at the input; there was one a cycle before; two cycles before.
    answer : Out(shape of ``table.format``)
        Of the code `latency` cycles before; not registered.
    load : In(struct of `load_layout`), if writable
        Writes a word of a ROM, by its name.
    """

    latency = TABLE_LATENCY

    def __init__(self, table: Table, *, name: str, writable: bool = False) -> None:
        self.table, self.name, self.writable = table, name, writable
        self.roms = table_roms(table)
        loads = {f"{name}{rom.suffix}": load_layout(len(rom.words), rom.width) for rom in self.roms}
        super().__init__(
            {
                "code": In(shape_of(table.source)),
                "busy": In(self.latency),
                "answer": Out(shape_of(table.format)),
                **({"load": In(data.StructLayout(loads))} if writable else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        table = self.table
        below, address = self._address(m)
        # s1: words of the ROMs; s2: the same, registered; s3: the two parts of the total.
        s2_value, correction = self._parts(m, address)
        base = Value.cast(s2_value.shift_left(table.value_shift))
        subtracted: Value = Const(0, 1) if correction is None else correction.subtracted
        if table.reflection is not None:
            # r - floor(t / 2**g) is floor((r 2**g + 2**g - 1 - t) / 2**g).
            s2_below = self._two_later(m, below, "below")
            most = ((table.reflection + 1) << table.guard_bits) - 1
            base = Value.cast(Mux(s2_below, Const(most) - base, base))
            subtracted = subtracted ^ s2_below
        if table.ramp:
            positive = Mux(self.code < 0, 0, self.code)[: table.source.width]
            ramp = self._two_later(m, positive, "ramp")
            base = base + ramp.shift_left(table.ramp_shift + table.guard_bits)
        if correction is not None:
            # The complement of a number is one less than its negative: that is added here.
            base = base + subtracted
        width = len(base) + (not base.shape().signed)
        s3_total = Signal(signed(width), name="s3_total", reset_less=True)
        with m.If(self.busy[2]):
            m.d.sync += s3_total.eq(base)
        total: Value = s3_total
        if correction is not None:
            width = len(correction.amount) + (not correction.amount.shape().signed)
            s3_correction = Signal(signed(width), name="s3_correction", reset_less=True)
            s3_subtracted = Signal(name="s3_subtracted", reset_less=True)
            with m.If(self.busy[2]):
                m.d.sync += [s3_correction.eq(correction.amount), s3_subtracted.eq(subtracted)]
            total = total + (s3_correction ^ s3_subtracted.replicate(width).as_signed())
        m.d.comb += self.answer.eq(self._limited(total))
        return m

    def _address(self, m: Module) -> tuple[Value, Signal]:
        """Return whether the code is below the origin, and its address."""
        table = self.table
        least, most = table.source.min_code, table.source.max_code
        distance = self.code - table.origin
        below = Value.cast(distance < 0)
        if table.mirrored:
            address, largest = Mux(below, -distance, distance), table.largest_distance
        elif table.origin > least:
            address, largest = Mux(below, 0, distance), most - table.origin
        else:
            address, largest = distance, most - table.origin
        address = Value.cast(address)[: max(largest.bit_length(), 1)]
        if table.last < largest:
            address = Mux(self._is_flat(), table.last, address)
        short = Signal(table.low_bits + bits_for(table.words - 1), name="address")
        m.d.comb += short.eq(address)
        return below, short

    def _is_flat(self) -> Value:
        """Say whether the code is as far from the origin as the last entry, or farther.

        It looks at the code, not at the address, so that it does not wait for the distance. At the
        last entry itself either answer is right; where low bits are 0, only the top is compared.
        """
        table, ends = self.table, []
        for sign in (1, -1) if table.mirrored else (1,):
            bound = table.origin + sign * table.last
            low_bits = min(table.low_bits, table.source.width - 1)
            low_bits = low_bits if bound % (1 << low_bits) == 0 else 0
            top = self.code[low_bits:].as_signed() if table.source.signed else self.code[low_bits:]
            ends.append(top >= bound >> low_bits if sign > 0 else top < bound >> low_bits)
        return ends[0] | ends[-1]

    def _parts(self, m: Module, address: Signal) -> tuple[Value, _Correction | None]:
        """Add the ROMs; return the value and the correction of a code two cycles before."""
        table = self.table
        index, low = address[table.low_bits :], address[: table.low_bits]
        words = [
            self._words(m, rom, place)
            for rom, place in zip(self.roms, self._places(index, low), strict=True)
        ]
        match table.interpolation:
            case None:
                ((value,),) = words
                return value, None
            case Slopes():
                ((value, slope),) = words
                return value, _Correction(slope * self._two_later(m, low, "low"), Const(0, 1))
            case Offsets():
                (value,), (offset,) = words
                before = self._two_later(m, ~Value.cast(low[-1]), "before")
                return value, _Correction(offset, before)
        assert_never(table.interpolation)

    def _places(self, index: Value, low: Value) -> list[Value]:
        """Return the address in each ROM."""
        match self.table.interpolation:
            case None | Slopes():
                return [index]
            case Offsets(group_bits=group_bits):
                before = ~Value.cast(low[-1])
                distance = low[:-1] ^ before.replicate(self.table.low_bits - 1)
                return [index, Value.cast(Cat(distance, index[group_bits:]))]
        assert_never(self.table.interpolation)

    def _words(self, m: Module, contents: TableRom, address: Value) -> list[Value]:
        """Add a ROM; return its registered output, a code of each part."""
        name, suffix = f"{self.name}{contents.suffix}", contents.suffix
        rom = Rom(
            name=name,
            words=contents.words,
            width=contents.width,
            writable=self.writable,
            late=True,
        )
        m.submodules[f"rom{suffix}"] = rom
        if self.writable:
            load = self.load[name]
            rom.load(m, load.enable, load.address, load.word)
        m.d.comb += [rom.address.eq(address), rom.enable.eq(self.busy[0])]
        s2_word = Signal(contents.width, name=f"s2_word{suffix}", reset_less=True)
        with m.If(self.busy[1]):
            m.d.sync += s2_word.eq(rom.data)
        fields, begin = [], 0
        for part in contents.parts:
            field = s2_word[begin : begin + part.format.width]
            fields.append(field.as_signed() if part.format.signed else field)
            begin += part.format.width
        return fields

    def _limited(self, total: Value) -> Value:
        """Return the answer that a total stands for."""
        table = self.table
        limited = table.limited or self.writable  # what is written may need it
        overflow = Overflow.SATURATE if limited else Overflow.FORBID
        requant = Requant(format=table.format, rounding=Rounding.FLOOR, overflow=overflow)
        return requantize(total, table.format.frac_bits + table.guard_bits, requant)

    def _two_later(self, m: Module, value: Value, name: str) -> Signal:
        """Return a value two cycles later: beside the registered output of the ROM it is of."""
        s1 = Signal(value.shape(), name=f"s1_{name}", reset_less=True)
        s2 = Signal(value.shape(), name=f"s2_{name}", reset_less=True)
        for number, (before, after) in enumerate([(value, s1), (s1, s2)]):
            with m.If(self.busy[number]):
                m.d.sync += after.eq(before)
        return s2
