# SPDX-License-Identifier: Apache-2.0
"""The hardware of a layer, cut from the buffer in front of it and from what counts room behind it.

The vector that a step reads is in the buffer's memory from the start of the step until the layer
drops it; before and after that, and in the other page at any time, anything may be there, another
thing in every cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lmu_hw.hdl.ports import instance_name
from lmu_hw.hdl.writes import write_layout
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.undecided import Decide, Undecided
from lmu_hw.prove.algebra.words import Word, unknown
from lmu_hw.prove.claims import HELD
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.buffers import Image, InputMemory, Rows, wire
from lmu_hw.prove.data.results import ShownWord, with_results
from lmu_hw.prove.hardware.machine import Machine, State
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.parts import part_of

__all__ = ["LayerPart", "Seen"]

Seen = Mapping[str, Word]
"""What is observed in a cycle."""


class LayerPart:
    """Runs the hardware of a layer; its steps begin when they are told to.

    Parameters
    ----------
    netlist : Netlist
    plan : Plan
    place : int
        Which layer it is.
    """

    def __init__(self, netlist: Netlist, plan: Plan, place: int) -> None:
        layers = [instance_name(layer) for layer in plan.layers]
        self.plan, self.instance = plan.layers[place], layers[place]
        self.name = self.plan.layer.name
        follower = [*(f"{layer}.source" for layer in layers), "answers"][place + 1]
        keeper = "check_answers" if plan.stream.packets else "check_queue"
        self.buffer = InputMemory(netlist, self.instance, self.plan)
        self._memory = self.buffer.memory
        cut, wires = self._ends(netlist, follower, keeper)
        beat = self.plan.beat * self.plan.layer.output.format.width
        if len(wires["payload"]) != beat:
            raise Failure(f"a beat of {self.name} must have {beat} bits")
        part = part_of(netlist, wires.values(), cut, filled=[self._memory])
        self._machine = Machine(part, wires)
        self._observed = list(wires)
        self._inputs = {
            name: len(bits)
            for name, bits in part.ports("input").items()
            if name not in ("clk", "rst", *HELD)
        }
        cells = part.cells
        self.widths = [len(cells[name]["connections"]["Q"]) for name in self._machine.registers]
        self.cycles = 0

    def _ends(
        self, netlist: Netlist, follower: str, keeper: str
    ) -> tuple[dict[str, Sequence[Bit]], dict[str, Sequence[Bit]]]:
        """Return where the layer is cut, and what is observed."""
        step, buffer = f"{self.instance}.check_step", f"{self.instance}.source.check_buffer"
        checker = keeper if follower == "answers" else "check_buffer"
        ends = ("start", "available", "room", "marked")
        cut: dict[str, Sequence[Bit]] = {end: wire(netlist, f"{step}.{end}") for end in ends}
        wires: dict[str, Sequence[Bit]] = {
            "starts": wire(netlist, f"{step}.start"),
            "drop": wire(netlist, f"{buffer}.drop"),
            "sent": wire(netlist, f"{follower}.{checker}.valid"),
            "last": wire(netlist, f"{follower}.{checker}.last"),
            "payload": wire(netlist, f"{follower}.i__payload")[:-1],
            **{
                name: wire(netlist, f"{self.instance}.trace_{name}")
                for name, _ in write_layout(self.plan)
            },
        }
        return cut, wires

    def anything(self) -> State:
        """Return a state in which only coefficients are known: nothing but a write changes them."""
        state = self._machine.unknown_state()
        for name, rows in self._machine.initial.items():
            if all(isinstance(row, int) for row in rows):
                state.memories[name] = list(rows)
        return self._without_input(state)

    def cycle(self, state: State, image: Image, inputs: Mapping[str, Any]) -> tuple[State, Seen]:
        """Let a cycle pass; return the state after it, and what is observed before.

        Parameters
        ----------
        state : State
            Without the memory of its input.
        image : mapping of int to Word
            What is known of that.
        inputs : mapping of name to Word
            Those that are not at rest.
        """
        machine = self._machine
        width, size = machine.netlist.memories[self._memory]
        rows = Rows(image, width, size)
        machine.state = State(state.registers, {**state.memories, self._memory: rows})
        free: dict[str, Any] = {name: unknown(bits, name) for name, bits in self._inputs.items()}
        given = {"clk": 0, "rst": 0, "start": 0, **HELD}
        self.cycles += 1
        seen = machine.cycle({**free, **given, **inputs})
        return self._without_input(machine.state), dict(zip(self._observed, seen, strict=True))

    def with_results(self, state: State, shown: Sequence[ShownWord]) -> State:
        """Return a state with results in the place of words that were shown to be them."""
        memories = {name: width for name, (width, _) in self._machine.netlist.memories.items()}
        return with_results(state, shown, self.widths, memories) if shown else state

    def _without_input(self, state: State) -> State:
        memories = {name: rows for name, rows in state.memories.items() if name != self._memory}
        return State(state.registers, memories)

    def bit(self, seen: Seen, name: str) -> int:
        """Return a wire of control.

        Raises
        ------
        Decide
            If it depends on whether the step is the last one of its sequence.
        Failure
            If it depends on data.
        """
        value = seen[name]
        if isinstance(value, Undecided):
            raise Decide
        if not isinstance(value, int):
            raise Failure(f"{self.name}: {name} must be known, but depends on data")
        return value
