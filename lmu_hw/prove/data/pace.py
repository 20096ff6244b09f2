# SPDX-License-Identifier: Apache-2.0
"""The time from a step to the next while nobody waits, for all time: control alone is run."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from lmu_hw.hdl.ports import instance_name
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.words import Word, unknown
from lmu_hw.prove.claims import HELD, amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import wire
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.parts import part_of

__all__ = ["check_pace"]

_MOST_STEPS = 64
"""Steps after which the control must be where it was once, if layers set the pace."""

_VECTORS = 3
"""Vectors at most that wait before a layer, or as answers."""


def check_pace(netlist: Netlist, plan: Plan) -> str:
    """Check that a step of a sequence follows on another in the plan's cycles, until all repeats.

    Where the beats of an answer take longer than anything else, answers tell that, and layers wait
    for them only when all that there is room for is there.

    Returns
    -------
    str
        How much was looked at.

    Raises
    ------
    Failure
    """
    slowest = instance_name(plan.layers[plan.slowest_layer])
    what = "an answer" if plan.answers_slowest else f"a step of {slowest}"
    event = "answers.check_answers.taken" if plan.answers_slowest else f"{slowest}.check_step.start"
    wires: dict[str, Sequence[Bit]] = {
        "ready": netlist.ports("output")["s_axis_tready"],
        "event": wire(netlist, event),
    }
    machine = Machine(part_of(netlist, wires.values(), {}), wires)
    if machine.initial:
        raise Failure("when steps begin must not depend on what memories hold")
    inputs = {name: len(bits) for name, bits in machine.netlist.ports("input").items()}
    free: dict[str, Word] = {
        name: HELD.get(name, unknown(width, name)) for name, width in inputs.items()
    }
    machine.cycle({**free, "clk": 0, "rst": 1})
    offered = {"s_axis_tvalid": 1, "s_axis_tuser": 0, "m_axis_tready": 1}
    running = {**free, "clk": 0, "rst": 0, **offered}
    planned, beat = plan.cycles(last_step=False), 0
    events: list[int] = []
    known: set[Hashable] = set()
    for cycle in range(_most_steps(plan) * (planned + 1)):
        before = machine.state.registers
        # A sequence without end: in packets tlast ends vectors, if it does.
        ends = beat == plan.source.beats - 1
        ready, happens = machine.cycle({**running, "s_axis_tlast": int(ends and plan.source.marks)})
        if not isinstance(ready, int) or not isinstance(happens, int):
            raise Failure(f"when {what} begins must be known, but is not")
        if happens:
            events.append(cycle)
            if len(events) > 1 and (taken := cycle - events[-2]) != planned:
                raise Failure(f"a time step must take {planned} cycles at full load, not {taken}")
            if all(isinstance(word, int) for word in before):
                if (*before, beat) in known:
                    return f"{amount(len(events), 'step')}, {amount(cycle + 1, 'cycle')}"
                known.add((*before, beat))
        if ready:
            beat = 0 if ends else beat + 1
    raise Failure(f"given up after {len(events)} steps: what is held does not repeat")


def _most_steps(plan: Plan) -> int:
    """Return the steps after which the control must be where it was once."""
    if not plan.answers_slowest:
        return _MOST_STEPS
    # Until all that there is room for is there: each step leaves a cycle of the answers' beats.
    return _MOST_STEPS + _VECTORS * (len(plan.layers) + 1) * plan.cycles(last_step=False)
