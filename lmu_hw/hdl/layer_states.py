# SPDX-License-Identifier: Apache-2.0
"""The states of a layer as they are reached from outside, and what follows from those written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from lmu_hw.hdl.memory_unit import MemoryUnit
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.plan import StateBlock

__all__ = ["Refresh", "add_refresh", "connect_states", "held_states"]

_SETTLED = 4
"""Cycles after the last state is out in which a unit may still write its sums."""


class Refresh(NamedTuple):
    """How units compute again what they keep beside states that were written.

    Attributes
    ----------
    due : Value
        The step that waits may not start.
    begins : Value
        The units start, with their states held.
    running : Signal
    """

    due: Value
    begins: Value
    running: Signal


def add_refresh(
    m: Module,
    access: Any,
    blocks: Iterable[StateBlock],
    units: Iterable[MemoryUnit],
    wanted: Value,
    stream: Value | None = None,
) -> Refresh | None:
    """Let units that keep sums of their states run once before the first step after a write.

    It waits for the step, so that any number of codes may be written before; of several streams,
    for the next step of the stream whose codes they were.

    Parameters
    ----------
    m : Module
    access : View of `port_layout`
    blocks : iterable of StateBlock
        Of the layer.
    units : iterable of MemoryUnit
    wanted : Value
        A step would start.
    stream : Value, optional
        Whose step that is, if there are several.
    """
    keeping = [unit for unit in units if unit.keeps_sums]
    if not keeping:
        return None
    names = {unit.node.name for unit in keeping}
    written = (
        access.write
        & Cat(access.block == block.number for block in blocks if block.vector.name in names).any()
    )
    cycles = max(unit.schedule.busy + unit.latency for unit in keeping) + _SETTLED
    stale = Signal(1 if stream is None else 1 << len(stream), name="sums_stale")
    is_stale = stale if stream is None else stale.bit_select(stream, 1)
    is_written = stale if stream is None else stale.bit_select(access.stream, 1)
    running = Signal(name="refreshing")
    left = Signal(range(cycles + 1), name="refresh_left")
    begins = is_stale & ~running & wanted
    with m.If(written):
        m.d.sync += is_written.eq(1)
    with m.If(begins):
        m.d.sync += [running.eq(1), left.eq(cycles)]
    with m.Elif(running):
        m.d.sync += left.eq(left - 1)
        with m.If(left == 0):
            m.d.sync += [running.eq(0), is_stale.eq(0)]
    return Refresh(is_stale | written, begins, running)


def connect_states(
    m: Module,
    access: Any,
    blocks: Iterable[StateBlock],
    memories: Mapping[str, list[VectorRam | MemoryUnit]],
    first_step: Value,
) -> Value:
    """Connect what holds the states of a layer; return the code that is read, 0 of another layer's.

    States before the first step of a sequence are read as zeros, which the memories are not. A
    write makes what is in all of them the states of a step before: whoever keeps `first_step` ends
    it then.

    Parameters
    ----------
    m : Module
    access : View of `port_layout`
    blocks : iterable of StateBlock
        Of the layer.
    memories : dict of str to list of VectorRam or MemoryUnit
        What holds each vector, by its name; the first one is read, all are written.
    first_step : Value
        Of the stream whose states they are.
    """
    codes: list[Value] = []
    for block in blocks:
        chosen = access.block == block.number
        for memory in memories[block.vector.name]:
            m.d.comb += [
                memory.access.select.eq(access.select & chosen),
                memory.access.write.eq(access.write & chosen),
                memory.access.segment.eq(access.segment),
                memory.access.row.eq(access.row),
                memory.access.data.eq(access.data),
            ]
        code = Value.cast(memories[block.vector.name][0].state_code)
        code = code.as_signed() if block.vector.format.signed else code.as_unsigned()
        codes.append(Value.cast(Mux(chosen & ~first_step, code, Const(0))))
    widest = max(len(code) for code in codes) + 1
    extended = []
    for number, code in enumerate(codes):
        signal = Signal(widest, name=f"state_code_{number}")
        m.d.comb += signal.eq(code)
        extended.append(signal)
    return reduce(or_, extended).as_signed()


def held_states(
    blocks: Iterable[StateBlock],
    residues: Mapping[str, VectorRam],
    units: Mapping[str, MemoryUnit],
    rams: Mapping[str, VectorRam],
) -> dict[str, list[VectorRam | MemoryUnit]]:
    """Return what holds each vector that persists: of a structured memory, its unit first.

    Parameters
    ----------
    blocks : iterable of StateBlock
        Of a layer.
    residues, units, rams : mapping of str to what holds it
        By node.
    """
    held: dict[str, list[VectorRam | MemoryUnit]] = {}
    for block in blocks:
        name = block.vector.node
        if block.vector.residue:
            held[block.vector.name] = [residues[name]]
        else:
            held[name] = [place[name] for place in (units, rams) if name in place]
    return held
