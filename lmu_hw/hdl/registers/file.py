# SPDX-License-Identifier: Apache-2.0
"""The registers of a design as hardware: what AXI4-Lite reads and writes, and what counts."""

from __future__ import annotations

from typing import assert_never

from amaranth.hdl import (
    Cat,
    Const,
    Module,
    Signal,
    Value,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.packets import count
from lmu_hw.hdl.ports import state_ports
from lmu_hw.hdl.registers.axi_lite import BYTES, AxiLiteSlave, axi_lite_ports
from lmu_hw.hdl.registers.map import BITS, Access, Field, Register, RegisterMap, parts
from lmu_hw.hdl.reload import AddressMap
from lmu_hw.plan import STATE_LATENCY, Plan, StateMap

__all__ = ["LOADING", "RegisterFile"]

LOADING = ("coefficient_write", "coefficient_address", "coefficient_data")


class RegisterFile(wiring.Component):
    """The registers of a map: what AXI4-Lite writes, what it reads, what counts.

    Parameters
    ----------
    plan : Plan
    registers : RegisterMap

    Members
    -------
    awaddr ... rready
        See `axi_lite_ports`.
    run : Out(1)
    clear : Out(1)
        For one cycle.
    sequence_length : Out(32)
    busy, answer_waiting, accepting, clearing, still : In(1)
        The fields of the register ``STATUS``.
    count_NAME : In, for each counter NAME
        What it counts in this cycle.
    coefficient_write, coefficient_address, coefficient_data : Out, if the map has them
    state_address, state_write, state_write_data : Out;  state_read_data : In, if the map has them
    sequence_step : In(32);  sequence_step_write : Out(1);  sequence_step_data : Out(32), likewise
    """

    def __init__(self, plan: Plan, registers: RegisterMap) -> None:
        self.plan, self.registers = plan, registers
        self.counters = [register.name for register in registers.registers if register.counts]
        self.loads = "COEFFICIENT_DATA" in registers.names
        self.states = StateMap(plan) if plan.state_access else None
        load = {}
        if self.states:
            load = {name: port.flip() for name, port in state_ports(plan).items()}
            load |= {
                "sequence_step": In(BITS),
                "sequence_step_write": Out(1),
                "sequence_step_data": Out(BITS),
            }
        if self.loads:
            load |= {
                "coefficient_write": Out(1),
                "coefficient_address": Out(AddressMap(plan).address_bits),
                "coefficient_data": Out(AddressMap(plan).data_bits),
            }
        super().__init__(
            {
                **axi_lite_ports(registers.address_bits),
                "run": Out(1),
                "clear": Out(1),
                "sequence_length": Out(BITS),
                **{field.name: In(1) for field in registers["STATUS"].fields},
                **{f"count_{name.lower()}": In(registers[name].counts) for name in self.counters},
                **load,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        address = self.registers.address_bits
        m.submodules.bus = bus = AxiLiteSlave(address, waits=self.states is not None)
        for name, member in axi_lite_ports(address).items():
            inner, outer = getattr(bus, name), getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        written = self._written(m, bus)
        fields = {
            (register.name, field.name): self._field(m, bus, register, field, written)
            for register in self.registers.registers
            for field in register.fields
        }
        m.d.comb += [
            self.run.eq(fields["CONTROL", "run"]),
            self.clear.eq(fields["CONTROL", "clear"]),
            self.sequence_length.eq(fields["SEQUENCE_LENGTH", "value"]),
        ]
        for name in self.counters:
            with m.If(fields["CONTROL", "clear_counters"]):
                m.d.sync += fields[name, "value"].eq(0)
            with m.Else():
                counted = getattr(self, f"count_{name.lower()}")
                m.d.sync += fields[name, "value"].eq(fields[name, "value"] + counted)
        if self.loads:
            self._load(m, bus, fields["COEFFICIENT_ADDRESS", "value"], written)
        if self.states:
            self._states(m, bus, fields["STATE_ADDRESS", "value"], written)
        self._read(m, bus, fields)
        return m

    def _written(self, m: Module, bus: AxiLiteSlave) -> dict[str, Signal]:
        """Return for each register whether it is written in this cycle; all else is an error."""
        written = {}
        m.d.comb += bus.write_error.eq(1)
        for register in self.registers.registers:
            if not register.writable:
                continue
            here = bus.write_word == register.offset // BYTES
            # Words that go on into the core are whole, and no step reads what they change.
            allowed = self.still & bus.write_bytes.all() if register.inside else Const(1)
            written[register.name] = Signal(name=f"{register.name.lower()}_written")
            m.d.comb += written[register.name].eq(bus.write & here & allowed)
            with m.If(here & allowed):
                m.d.comb += bus.write_error.eq(0)
        return written

    def _field(
        self,
        m: Module,
        bus: AxiLiteSlave,
        register: Register,
        field: Field,
        written: dict[str, Signal],
    ) -> Value:
        """Return what a field holds; of one that acts, whether it does in this cycle."""
        name = f"{register.name}_{field.name}".lower()
        part = slice(field.low, field.low + field.bits)
        given = bus.write_data[part]
        taken = Value.cast(Cat(byte.replicate(8) for byte in bus.write_bytes)[part])
        match field.access:
            case Access.READ if register.name == "STATUS":
                return getattr(self, field.name)
            case Access.READ if register.name in self.counters:
                return Signal(field.bits, name=name)
            case Access.READ:
                return Const(field.reset, field.bits)
            case Access.STORE:
                stored = Signal(field.bits, name=name, init=field.reset)
                with m.If(written[register.name]):
                    m.d.sync += stored.eq((given & taken) | (stored & ~taken))
                return stored
            case Access.ACT:
                return (given & taken) & written[register.name].replicate(field.bits)
            case Access.FEED:
                return Const(0, field.bits)
            case Access.EXCHANGE if register.name == "SEQUENCE_STEP":
                return self.sequence_step
            case Access.EXCHANGE:
                return Value.cast(self.state_read_data.as_signed())
        assert_never(field.access)

    def _load(
        self, m: Module, bus: AxiLiteSlave, address: Value, written: dict[str, Signal]
    ) -> None:
        """Collect the parts of a word of coefficients, and write it with the last one."""
        fed = written["COEFFICIENT_DATA"]
        part, whole = count(m, "part", parts(self.plan), fed)
        earlier = Signal(BITS * (parts(self.plan) - 1))
        word = Cat(earlier, bus.write_data)
        m.d.comb += [
            self.coefficient_write.eq(fed & whole),
            self.coefficient_address.eq(address),
            self.coefficient_data.eq(word),
        ]
        with m.If(fed):
            m.d.sync += earlier.eq(word[BITS:])
        with m.If(fed & whole):
            m.d.sync += address.eq(address + 1)
        if parts(self.plan) > 1:
            with m.If(written["COEFFICIENT_ADDRESS"]):
                m.d.sync += part.eq(0)

    def _states(
        self, m: Module, bus: AxiLiteSlave, address: Value, written: dict[str, Signal]
    ) -> None:
        """Exchange a code at the address, and go on to the next; a read waits until it is there."""
        place = self.registers["STATE_DATA"].offset // BYTES
        here = bus.read_word == place
        fetched = bus.read & here & self.still
        coming = Signal(range(STATE_LATENCY + 1))  # cycles until the code at the address is there
        moved = fetched | written["STATE_DATA"] | written["STATE_ADDRESS"] | ~self.still
        with m.If(moved):
            m.d.sync += coming.eq(STATE_LATENCY)
        with m.Elif(coming != 0):
            m.d.sync += coming.eq(coming - 1)
        with m.If(fetched | written["STATE_DATA"]):
            m.d.sync += address.eq(address + 1)
        m.d.comb += [
            bus.read_waits.eq(here & self.still & (coming != 0)),
            self.state_address.eq(address),
            self.state_write.eq(written["STATE_DATA"]),
            self.state_write_data.eq(bus.write_data),
            self.sequence_step_write.eq(written["SEQUENCE_STEP"]),
            self.sequence_step_data.eq(bus.write_data),
        ]

    def _read(self, m: Module, bus: AxiLiteSlave, fields: dict[tuple[str, str], Value]) -> None:
        """Choose what is read."""
        with m.Switch(bus.read_word):
            for register in self.registers.registers:
                if not register.readable:
                    continue
                with m.Case(register.offset // BYTES):
                    if register.name in ("STATE_DATA", "SEQUENCE_STEP"):
                        m.d.comb += bus.read_error.eq(~self.still)
                    for field in register.fields:
                        if field.access is not Access.ACT:
                            part = bus.read_data[field.low : field.low + field.bits]
                            m.d.comb += part.eq(fields[register.name, field.name])
            with m.Default():
                m.d.comb += bus.read_error.eq(1)
