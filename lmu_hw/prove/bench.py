# SPDX-License-Identifier: Apache-2.0
"""Drives a design with symbols and compares every word with the specification.

A beat of input is a vector of symbols; what each layer has to store and what has to be answered
follows from the specification when the beat is taken. From then on every word that is stored, and
every answer, must be the next one that is due: in order, once, and equal for all inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lmu_hw.hdl.ports import instance_name
from lmu_hw.hdl.writes import write_layout
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.prove.algebra.forms import Value, symbol
from lmu_hw.prove.algebra.words import Word, number, part, unknown
from lmu_hw.prove.beats import answered, offered
from lmu_hw.prove.claims import HELD
from lmu_hw.prove.comparison import Failure, congruent
from lmu_hw.prove.hardware.machine import Machine, State
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.naming import StepNames, Symbols
from lmu_hw.prove.narrowing import Codes
from lmu_hw.prove.specification import Past, network_step

__all__ = ["Bench", "Due", "Situation", "wires_of"]

_SYMBOLS = Symbols(small_totals=True, functions=True)
_PORTS = ("s_axis_tready", "m_axis_tvalid", "m_axis_tlast", "m_axis_tdata")


@dataclass(frozen=True, slots=True)
class Due:
    """What a layer has to store in one time step.

    Attributes
    ----------
    step : int
        Number of the input vector, from 0 on.
    last : bool
        It is the last one of its sequence.
    codes : dict of (node, element) to value
        What is still to be stored.
    start : int
        Cycles since the step began; -1: it has not.
    """

    step: int
    last: bool
    codes: dict[tuple[int, int], Value]
    start: int = -1


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a run is: what the hardware holds, and what is due.

    Attributes
    ----------
    state : State
    lasts : tuple of bool
        For each input vector taken so far, whether it ended its sequence.
    past : tuple
        Of each layer: its vectors of the step before.
    due : tuple of tuple of Due
        Of each layer.
    answers : tuple of (step, last, codes)
    offered, answered : int
        Beats that were taken of the vector that is offered, and of the first answer.
    """

    state: State
    lasts: tuple[bool, ...]
    past: tuple[Past | None, ...]
    due: tuple[tuple[Due, ...], ...]
    answers: tuple[tuple[int, bool, Codes], ...] = ()
    offered: int = 0
    answered: int = 0


@dataclass(slots=True)
class Tally:
    """What was seen on the way.

    Attributes
    ----------
    words, cycles : int
        Words compared, and cycles that passed.
    taken : dict of (layer, last) to set of int
        Cycles from the start of a step to its last word.
    starts : list of (layer, cycle, last)
    assumed : set of str
        Nodes whose range `lmu_verify` must show.
    """

    words: int = 0
    cycles: int = 0
    taken: dict[tuple[int, bool], set[int]] = field(default_factory=dict)
    starts: list[tuple[int, int, bool]] = field(default_factory=list)
    assumed: set[str] = field(default_factory=set)


def wires_of(netlist: Netlist, plan: Plan) -> dict[str, Sequence[Bit]]:
    """Return what is observed of a design, by name: its ports, and the words that layers store.

    Raises
    ------
    Failure
        If a wire is missing.
    """
    marks = ["m_axis_tuser"] if plan.answer.marks else []
    wires: dict[str, Sequence[Bit]] = {
        name: netlist.ports("output")[name] for name in (*_PORTS, *marks)
    }
    for place, layer in enumerate(plan.layers):
        for name in ("start", *(name for name, _ in write_layout(layer))):
            wire = netlist.wire(f"{instance_name(layer)}.trace_{name}")
            if wire is None:
                raise Failure(f"{instance_name(layer)} must have a wire trace_{name}")
            wires[f"{place}.{name}"] = wire
    return wires


class Bench:
    """Runs a design and its specification side by side.

    Parameters
    ----------
    machine : Machine
        Observes `wires_of`.
    network : QuantizedNetwork
    plan : Plan
    """

    def __init__(self, machine: Machine, network: QuantizedNetwork, plan: Plan) -> None:
        self.machine, self.network, self.plan = machine, network, plan
        names = machine.program.observed
        self._place = {name: place for place, name in enumerate(names)}
        self.tally = Tally()
        self.inputs = machine.netlist.ports("input")
        self._layers = [_Reader(self._place, place, p) for place, p in enumerate(plan.layers)]

    def reset(self, situation: Situation | None = None) -> Situation:
        """Return where one cycle of reset leads to, from a situation or from anything."""
        machine = self.machine
        machine.state = self.anything() if situation is None else situation.state
        free = {n: unknown(len(bits), n) for n, bits in self.inputs.items()}
        machine.cycle({**free, **self._unwritten(), "rst": 1, "clk": 0})
        layers = len(self.plan.layers)
        lasts = () if situation is None else (*situation.lasts[:-1], True)[: len(situation.lasts)]
        return Situation(machine.state, lasts, (None,) * layers, ((),) * layers)

    def anything(self) -> State:
        """Return a state in which only coefficients are known: nothing but a write changes them."""
        state = self.machine.unknown_state()
        for name, rows in self.machine.initial.items():
            if all(isinstance(row, int) for row in rows):
                state.memories[name] = list(rows)
        return state

    def _unwritten(self) -> dict[str, Word]:
        """Return inputs that write neither coefficients nor states, and read no states."""
        return {
            name: HELD.get(name, unknown(len(bits), name))
            for name, bits in self.inputs.items()
            if name.startswith(("coefficient_", "state_"))
        }

    def take(self, situation: Situation, *, last: bool) -> tuple[Situation, Codes]:
        """Return a situation with one more vector on its way, and the vector."""
        step, network = len(situation.lasts), self.network
        fmt = network.input.format
        x = [symbol("input", (step, n), fmt.min_code, fmt.max_code) for n in range(network.inputs)]

        def naming(layer: int) -> StepNames:
            return StepNames((step, layer), _SYMBOLS, self.tally.assumed)

        steps, answer = network_step(network, situation.past, x, last=last, naming=naming)
        past, due = list(situation.past), list(situation.due)
        for place, now in enumerate(steps):
            if now is None:
                continue
            nodes = network.layers[place].nodes
            codes = {
                (index, element): code
                for index, node in enumerate(nodes)
                if node.name in now
                for element, code in enumerate(now[node.name])
            }
            due[place] = (*due[place], Due(step, last, codes))
            past[place] = None if last else now
        answers = situation.answers
        if answer is not None:
            answers = (*answers, (step, last, answer))
        after = replace(
            situation,
            lasts=(*situation.lasts, last),
            past=tuple(past),
            due=tuple(due),
            answers=answers,
        )
        return after, x

    def cycle(
        self, situation: Situation, vector: Codes | None, *, last: bool, ready: bool
    ) -> tuple[Situation, bool]:
        """Let a cycle pass, in which a vector is offered or not; return whether it was taken.

        Raises
        ------
        Failure
            If a word is not the one that is due.
        """
        machine = self.machine
        machine.state = situation.state
        seen = machine.cycle(
            {
                **{name: unknown(len(bits), name) for name, bits in self.inputs.items()},
                **self._unwritten(),
                "s_axis_tlast": 0,
                "s_axis_tuser": 0,
                **({} if vector is None else self._offered(vector, situation.offered, last=last)),
                "clk": 0,
                "rst": 0,
                "s_axis_tvalid": int(vector is not None),
                "m_axis_tready": int(ready),
            }
        )
        self.tally.cycles += 1
        due = tuple(
            self._stored(place, reader, situation.due[place], seen)
            for place, reader in enumerate(self._layers)
        )
        after = replace(situation, state=machine.state, due=due)
        if self._bit(seen, "m_axis_tvalid") and ready:
            after = self._answered(after, seen)
        if vector is None or not self._bit(seen, "s_axis_tready"):
            return after, False
        taken = situation.offered == self.plan.source.beats - 1
        return replace(after, offered=0 if taken else situation.offered + 1), taken

    def _offered(self, vector: Codes, beat: int, *, last: bool) -> dict[str, Word]:
        """Return a beat of an input vector."""
        packet = self.plan.source
        ends = beat == packet.beats - 1
        return {
            "s_axis_tdata": offered(packet, vector, beat),
            "s_axis_tkeep": packet.keep(ends=ends),
            "s_axis_tlast": int(ends and (packet.marks or last)),
            "s_axis_tuser": int(last),
        }

    def _bit(self, seen: list[Word], name: str) -> int:
        value = seen[self._place[name]]
        if not isinstance(value, int):
            raise Failure(f"{name} must be known, but depends on data or on what was there before")
        return value

    def _answered(self, now: Situation, seen: list[Word]) -> Situation:
        """Compare a beat that is taken; return where the run is then."""
        if not now.answers:
            raise Failure("there must be no answer, but there is one")
        (step, last, codes), *rest = now.answers
        packet, beat = self.plan.answer, now.answered
        ends = beat == packet.beats - 1
        marks = {"m_axis_tlast": ends and (packet.marks or last)}
        marks |= {"m_axis_tuser": last} if packet.marks else {}
        for name, must in marks.items():
            if self._bit(seen, name) != must:
                what = f"{name} of the answer to step {step}"
                raise Failure(f"{what} must be {int(must)}, but is not")
        word = seen[self._place["m_axis_tdata"]]
        for element, low, bits, value in answered(packet, codes, beat):
            piece = number(part(word, packet.width, low, bits))
            self._equal(f"output {element} of step {step}", piece, value, bits)
        if not ends:
            return replace(now, answered=beat + 1)
        return replace(now, answers=tuple(rest), answered=0)

    def _stored(
        self, place: int, reader: _Reader, due: tuple[Due, ...], seen: list[Word]
    ) -> tuple[Due, ...]:
        """Compare what a layer stores in a cycle."""
        if seen[reader.valid] == 0 and seen[reader.start] == 0 and not due:
            return due
        entries = [replace(d, start=d.start + 1) if d.start >= 0 else d for d in due]
        layer = self.plan.layers[place].layer
        # The last rows of a node may be fewer than a group has: the other beats store nothing.
        if self._bit(seen, f"{place}.valid") and self._bit(seen, f"{place}.mask"):
            node, segment, beat, mask = (
                self._bit(seen, f"{place}.{field}") for field in ("node", "segment", "beat", "mask")
            )
            if not entries or entries[0].start < 0:
                raise Failure(f"{layer.name} must store nothing, but does")
            if node >= len(layer.nodes):
                raise Failure(f"{layer.name} must store its nodes, not one of number {node}")
            codes = dict(entries[0].codes)
            width = layer.nodes[node].signal.format.width
            first = segment * layer.nodes[node].rows + beat * reader.beat
            for lane in range(reader.beat):
                if mask >> lane & 1:
                    what = f"{layer.nodes[node].name}[{first + lane}] of step {entries[0].step}"
                    code = codes.pop((node, first + lane), None)
                    if code is None:
                        raise Failure(f"{what} must be stored once, in its step")
                    lanes = seen[reader.data]
                    word = part(lanes, reader.width, lane * reader.lane, width)
                    self._equal(what, number(word), code, width)
            entries[0] = replace(entries[0], codes=codes)
            if not codes:
                taken = self.tally.taken.setdefault((place, entries[0].last), set())
                taken.add(entries[0].start)
                entries = entries[1:]
        if self._bit(seen, f"{place}.start"):
            waiting = [i for i, d in enumerate(entries) if d.start < 0]
            if not waiting or waiting[0] > 1:
                raise Failure(f"{layer.name} must not begin a step, but does")
            begun = entries[waiting[0]] = replace(entries[waiting[0]], start=0)
            self.tally.starts.append((place, self.tally.cycles, begun.last))
        return tuple(entries)

    def _equal(self, what: str, hardware: Value, specification: Value, width: int) -> None:
        self.tally.words += 1
        if not congruent(hardware, specification, width):
            raise Failure(what, hardware, specification, width)


class _Reader:
    """Where the wires of a layer are among what is observed."""

    def __init__(self, places: dict[str, int], place: int, plan: LayerPlan) -> None:
        layout = write_layout(plan)
        self.beat = plan.beat
        self.width = layout["data"].width
        self.lane = self.width // plan.beat
        self.start, self.valid, self.data = (
            places[f"{place}.{field}"] for field in ("start", "valid", "data")
        )
