# SPDX-License-Identifier: Apache-2.0
"""The time from a step to the next while nobody waits, for all time: control alone is run."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise

from lmu_hw.hdl.top import instance_name
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.words import Word, unknown
from lmu_hw.prove.claims import amount
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import wire
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.parts import part_of

__all__ = ["check_pace"]

_MOST_STEPS = 64
"""Steps after which the control must be where it was once."""


def check_pace(netlist: Netlist, plan: Plan) -> str:
    """Check that a step of a sequence follows on another in the plan's cycles, until all repeats.

    Returns
    -------
    str
        How much was looked at.

    Raises
    ------
    Failure
    """
    layers = [layer.cycles(last_step=False) for layer in plan.every_step]
    slowest = instance_name(plan.layers[layers.index(max(layers))])
    wires: dict[str, Sequence[Bit]] = {
        "ready": netlist.ports("output")["s_axis_tready"],
        "start": wire(netlist, f"{slowest}.check_step.start"),
    }
    machine = Machine(part_of(netlist, wires.values(), {}), wires)
    if machine.initial:
        raise Failure("when steps begin must not depend on what memories hold")
    inputs = {name: len(bits) for name, bits in machine.netlist.ports("input").items()}
    free: dict[str, Word] = {name: unknown(width, name) for name, width in inputs.items()}
    machine.cycle({**free, "clk": 0, "rst": 1})
    offered = {"s_axis_tvalid": 1, "s_axis_tlast": 0, "m_axis_tready": 1}
    running = {**free, "clk": 0, "rst": 0, **offered}
    planned = plan.cycles(last_step=False)
    starts: list[int] = []
    known: set[Hashable] = set()
    for cycle in range(_MOST_STEPS * (planned + 1)):
        before = machine.state.registers
        _, start = machine.cycle(running)
        if not isinstance(start, int):
            raise Failure(f"the start of a step of {slowest} must be known, but is not")
        if start:
            starts.append(cycle)
            if len(starts) > 1 and starts[-1] - starts[-2] != planned:
                taken = starts[-1] - starts[-2]
                raise Failure(f"a time step must take {planned} cycles at full load, not {taken}")
            if all(isinstance(word, int) for word in before):
                if tuple(before) in known:
                    return f"{amount(len(starts), 'step')}, {amount(cycle + 1, 'cycle')}"
                known.add(tuple(before))
    times = [after - before for before, after in pairwise(starts)]
    raise Failure(f"given up after {len(times)} steps: what is held does not repeat")
