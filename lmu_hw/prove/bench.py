# SPDX-License-Identifier: Apache-2.0
"""Drives a design with symbols and compares every word with the specification.

A beat of input is a vector of symbols; what each layer has to store and what has to be answered
follows from the specification when the beat is taken. From then on every word that is stored, and
every answer, must be the next one that is due: in order, once, and equal for all inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lmu_hw.network import INPUT, QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.forms import Value, exact, symbol
from lmu_hw.prove.algebra.names import with_closer_bounds
from lmu_hw.prove.algebra.words import Pieces, Word, number, part, unknown
from lmu_hw.prove.beats import answered, offered
from lmu_hw.prove.bench_situation import Answer, Due, Situation
from lmu_hw.prove.claims import HELD
from lmu_hw.prove.comparison import Failure, congruent, vanishes
from lmu_hw.prove.data.results import ShownWord, with_results
from lmu_hw.prove.hardware.machine import Machine, State
from lmu_hw.prove.naming import StepNames, Symbols
from lmu_hw.prove.narrowing import Codes
from lmu_hw.prove.specification import lasting_of, network_step
from lmu_hw.prove.wires import Stored

__all__ = ["Bench"]

_SYMBOLS = Symbols(small_totals=True, functions=True)


@dataclass(slots=True)
class Tally:
    """What was seen on the way.

    Attributes
    ----------
    words, cycles : int
        Words compared, and cycles that passed.
    assumed : set of str
        Nodes whose range `lmu_verify` must show.
    """

    words: int = 0
    cycles: int = 0
    assumed: set[str] = field(default_factory=set)


class Bench:
    """Runs a design and its specification side by side.

    Parameters
    ----------
    machine : Machine
        Observes `wires_of`.
    network : QuantizedNetwork
    plan : Plan
    symbols : Symbols, optional
    """

    leaves, sink = "m_axis_tvalid", "m_axis_tready"

    def __init__(
        self,
        machine: Machine,
        network: QuantizedNetwork,
        plan: Plan,
        symbols: Symbols = _SYMBOLS,
    ) -> None:
        self.machine, self.network, self.plan = machine, network, plan
        self._symbols = symbols
        with_closer_bounds(symbols.closer_bounds)
        names = machine.program.observed
        self._place = {name: place for place, name in enumerate(names)}
        self.tally = Tally()
        self.inputs = machine.netlist.ports("input")
        self._layers = [Stored(self._place, place, p) for place, p in enumerate(plan.layers)]
        self._lasting = [lasting_of(layer) for layer in network.layers]
        cells = machine.netlist.cells
        self._widths = [len(cells[name]["connections"]["Q"]) for name in machine.registers]
        self._shown: list[ShownWord] = []

    def reset(self, situation: Situation | None = None) -> Situation:
        """Return where one cycle of reset leads to, from a situation or from anything."""
        machine = self.machine
        machine.state = self.anything() if situation is None else situation.state
        free = {n: unknown(len(bits), n) for n, bits in self.inputs.items()}
        machine.cycle({**free, **self._unwritten(), "rst": 1, "clk": 0})
        layers = len(self.plan.layers)
        lasts = () if situation is None else (*situation.lasts[:-1], True)[: len(situation.lasts)]
        past = ((None,) * layers,) * self.plan.stream.streams
        return Situation(machine.state, lasts, past, ((),) * layers)

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

    def take(self, situation: Situation, *, last: bool, stream: int = 0) -> tuple[Situation, Codes]:
        """Return a situation with one more vector of a stream on its way, and the vector."""
        step, network = len(situation.lasts), self.network
        fmt = network.input.format
        x = [symbol("input", (step, n), fmt.min_code, fmt.max_code) for n in range(network.inputs)]
        names = [
            StepNames((step, layer), self._symbols, self.tally.assumed)
            for layer in range(len(network.layers))
        ]
        before = situation.past[stream]
        steps, answer = network_step(network, before, x, last=last, naming=names.__getitem__)
        past, due = list(before), list(situation.due)
        for place, now in enumerate(steps):
            if now is None:
                continue
            layer = network.layers[place]
            entry = Due(
                step=step,
                stream=stream,
                last=last,
                past=before[place],
                x=now[INPUT],
                named=tuple(names[place].named),
                codes={
                    (index, element): code
                    for index, node in enumerate(layer.nodes)
                    if node.name in now
                    for element, code in enumerate(now[node.name])
                },
            )
            due[place] = (*due[place], entry)
            # With the bounds of their symbols: what these stand for is another matter then.
            left = {name: [exact(c) for c in now[name]] for name in self._lasting[place]}
            past[place] = None if last or not left else left
        answers = situation.answers
        if answer is not None:
            answers = (*answers, Answer(step=step, stream=stream, last=last, codes=answer))
        pasts = list(situation.past)
        pasts[stream] = tuple(past)
        after = replace(
            situation,
            lasts=(*situation.lasts, last),
            past=tuple(pasts),
            due=tuple(due),
            answers=answers,
        )
        return after, x

    def cycle(
        self,
        situation: Situation,
        vector: Codes | None,
        *,
        last: bool,
        ready: bool,
        stream: int = 0,
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
                **(
                    {} if vector is None else self._offered(vector, situation.offered, last, stream)
                ),
                "clk": 0,
                "rst": 0,
                "s_axis_tvalid": int(vector is not None),
                self.sink: int(ready),
            }
        )
        self.tally.cycles += 1
        self._shown.clear()
        due = tuple(
            self._stored(place, stored, situation.due[place], seen)
            for place, stored in enumerate(self._layers)
        )
        after = replace(situation, state=self._with_results(machine.state), due=due)
        if self._bit(seen, self.leaves) and (ready or self.sink != "m_axis_tready"):
            after = self._answered(after, seen)
        if vector is None or not self._bit(seen, "s_axis_tready"):
            return after, False
        taken = situation.offered == self.plan.source.beats - 1
        return replace(after, offered=0 if taken else situation.offered + 1), taken

    def _with_results(self, state: State) -> State:
        """Return a state with results in the place of words that were shown to be them."""
        widths = {name: width for name, (width, _) in self.machine.netlist.memories.items()}
        shown = self._shown
        return with_results(state, shown, self._widths, widths) if shown else state

    def _offered(self, vector: Codes, beat: int, last: bool, stream: int) -> dict[str, Word]:
        """Return a beat of an input vector."""
        packet = self.plan.source
        ends = beat == packet.beats - 1
        return {
            "s_axis_tdata": offered(packet, vector, beat),
            "s_axis_tkeep": packet.keep(ends=ends),
            "s_axis_tlast": int(ends and (packet.marks or last)),
            "s_axis_tuser": int(last),
            "s_axis_tid": stream,
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
        due, *rest = now.answers
        packet, beat = self.plan.answer, now.answered
        ends = beat == packet.beats - 1
        marks = {"m_axis_tlast": int(ends and (packet.marks or due.last))}
        marks |= {"m_axis_tuser": int(due.last)} if packet.marks else {}
        for name, must in marks.items():
            if self._bit(seen, name) != must:
                what = f"{name} of the answer to step {due.step}"
                raise Failure(f"{what} must be {must}, but is not")
        word = seen[self._place["m_axis_tdata"]]
        for element, low, bits, value in answered(packet, due.codes, beat):
            piece = part(word, packet.width, low, bits)
            self._equal(f"output {element} of step {due.step}", piece, value, bits)
        if not ends:
            return replace(now, answered=beat + 1)
        return replace(now, answers=tuple(rest), answered=0)

    def _stored(
        self, place: int, stored: Stored, due: tuple[Due, ...], seen: list[Word]
    ) -> tuple[Due, ...]:
        """Compare what a layer stores in a cycle."""
        if seen[stored.valid] == 0 and seen[stored.start] == 0:
            return due
        entries = list(due)
        # The last rows of a node may be fewer than a group has: the other beats store nothing.
        if self._bit(seen, f"{place}.valid") and self._bit(seen, f"{place}.mask"):
            streams = self.plan.stream.streams > 1
            stream = self._bit(seen, f"{place}.stream") if streams else 0
            of_stream = [n for n, entry in enumerate(entries) if entry.stream == stream]
            if not of_stream or not entries[of_stream[0]].begun:
                raise Failure(f"{self.plan.layers[place].layer.name} must store nothing, but does")
            number = of_stream[0]
            entries[number] = self._without_stored(place, stored, entries[number], seen)
            if not entries[number].codes:
                del entries[number]
        if self._bit(seen, f"{place}.start"):
            waiting = [n for n, entry in enumerate(entries) if not entry.begun]
            if not waiting or waiting[0] > self.plan.layers[place].contexts:
                name = self.plan.layers[place].layer.name
                raise Failure(f"{name} must not begin a step, but does")
            entries[waiting[0]] = replace(entries[waiting[0]], begun=True)
        return tuple(entries)

    def _without_stored(self, place: int, stored: Stored, entry: Due, seen: list[Word]) -> Due:
        """Compare a beat of codes with what is due of a step; return what is due then."""
        layer, codes = self.plan.layers[place].layer, dict(entry.codes)
        node, segment, beat, mask = (
            self._bit(seen, f"{place}.{field}") for field in ("node", "segment", "beat", "mask")
        )
        if node >= len(layer.nodes):
            raise Failure(f"{layer.name} must store its nodes, not one of number {node}")
        width = layer.nodes[node].signal.format.width
        first = segment * layer.nodes[node].rows + beat * stored.beat
        for lane in range(stored.beat):
            if mask >> lane & 1:
                what = f"{layer.nodes[node].name}[{first + lane}] of step {entry.step}"
                code = codes.pop((node, first + lane), None)
                if code is None:
                    raise Failure(f"{what} must be stored once, in its step")
                word = part(seen[stored.data], stored.width, lane * stored.lane, width)
                self._equal(what, word, code, width)
        return replace(entry, codes=codes)

    def _equal(self, what: str, hardware: Word, specification: Value, width: int) -> None:
        self.tally.words += 1
        value = number(hardware)
        if not congruent(value, specification, width):
            raise Failure(what, value, specification, width)
        if isinstance(hardware, Pieces) or not vanishes(value - specification, width):
            self._shown.append(ShownWord(value, specification, width))
