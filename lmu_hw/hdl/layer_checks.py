# SPDX-License-Identifier: Apache-2.0
"""What watches a layer: the cycles of its steps, and the units of its memories."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Value

from lmu_hw.hdl.assertions import add_checker, count_bits
from lmu_hw.hdl.memory_unit import MemoryUnit
from lmu_hw.hdl.sequencer import Sequencer
from lmu_hw.hdl.streams import ANSWER_LATENCY, InputBuffer
from lmu_hw.plan import LayerPlan

__all__ = ["check_memory", "check_steps"]


def check_steps(
    m: Module,
    platform: object,
    plan: LayerPlan,
    *,
    source: InputBuffer,
    sequencer: Sequencer,
    start: Value,
    room: Value,
    promise: Value,
    write: Value,
    answers: Any,
) -> None:
    """Let a checker watch the steps of a layer.

    Parameters
    ----------
    m, platform
    plan : LayerPlan
    source, sequencer
        Of the layer.
    start, room, promise : Value
        A step begins; its answer has room; an answer is promised to what receives it.
    write : Value
        A beat of codes is stored.
    answers : stream of `vector_signature`
    """
    cycles = {last: plan.cycles(last_step=last) for last in (False, True)}
    beats = plan.output_beats
    add_checker(
        m,
        platform,
        "step",
        CYCLES=cycles[False],
        CYCLES_LAST=cycles[True],
        ANSWERS=0 if plan.layer.last_only else beats,
        ANSWERS_LAST=beats,
        EARLIEST=ANSWER_LATENCY,
        BITS=count_bits(max(*cycles.values(), beats, ANSWER_LATENCY)),
        start=start,
        available=source.available,
        room=room,
        promise=promise,
        marked=source.last,
        idle=sequencer.idle,
        finish=sequencer.finish,
        reads=sequencer.valid,
        drop=source.drop,
        write=write,
        answer=answers.valid,
        last=answers.payload.last,
    )


def check_memory(m: Module, platform: object, unit: MemoryUnit, written_by_sums: Value) -> None:
    """Let checkers watch the unit of a structured memory, and that it writes alone.

    Parameters
    ----------
    m, platform
    unit : MemoryUnit
    written_by_sums : Value
        What all nodes share stores a beat.
    """
    node = unit.node
    place, wrote = node.role.value, unit.write.valid
    cycles = unit.schedule.busy + unit.latency - 1
    writes = node.segments * -(-node.rows // unit.plan.beat)
    account = {"CYCLES": cycles, "WRITES": writes, "BITS": count_bits(cycles)}
    add_checker(m, platform, "unit", place, start=unit.start, write=wrote, **account)
    add_checker(m, platform, "writes", place, sums=written_by_sums, memories=wrote)
