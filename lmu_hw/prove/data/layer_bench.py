# SPDX-License-Identifier: Apache-2.0
"""Drives one layer with symbols, beside its specification, and compares every word.

That the input of a step is there, and when steps begin, is shown of the control (`docs/prove.md`).
"""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl.writes import write_layout
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.prove.algebra.forms import Value, symbol
from lmu_hw.prove.algebra.names import define_only, definitions, with_closer_bounds
from lmu_hw.prove.algebra.undecided import MARK, Decide, decided
from lmu_hw.prove.algebra.words import Pieces, Word, number, part
from lmu_hw.prove.claims import amount
from lmu_hw.prove.comparison import Failure, congruent, vanishes
from lmu_hw.prove.data.instances import symbols_of
from lmu_hw.prove.data.layer_part import LayerPart, Seen
from lmu_hw.prove.data.layer_situation import LayerSituation, Step
from lmu_hw.prove.data.results import ShownWord
from lmu_hw.prove.hardware.machine import State
from lmu_hw.prove.hardware.netlist import Netlist
from lmu_hw.prove.naming import StepNames, Symbols
from lmu_hw.prove.narrowing import Codes
from lmu_hw.prove.specification import answers_of, lasting_of, step

__all__ = ["LayerBench"]


class LayerBench:
    """Runs a layer and its specification side by side.

    Parameters
    ----------
    netlist : Netlist
    network : QuantizedNetwork
    plan : Plan
    place : int
        Which layer it is.
    symbols : Symbols, optional
        Without, none of them.
    """

    def __init__(
        self,
        netlist: Netlist,
        network: QuantizedNetwork,
        plan: Plan,
        place: int,
        symbols: Symbols | None = None,
    ) -> None:
        self.symbols = symbols or Symbols()
        with_closer_bounds(self.symbols.closer_bounds)
        self.part = LayerPart(netlist, plan, place)
        self.network, self.place, self.plan = network, place, plan.layers[place]
        self.name = self.plan.layer.name
        self._lane = write_layout(self.plan)["data"].width // self.plan.beat
        self._lasting = lasting_of(self.plan.layer)
        self.assumed: set[str] = set()
        self.words = 0
        self._shown: list[ShownWord] = []

    # -- beginnings ------------------------------------------------------------------------------

    def reset(self) -> LayerSituation:
        """Return where one cycle of reset leads to, from anything."""
        state, _ = self.part.cycle(self.part.anything(), {}, {"rst": 1})
        return LayerSituation(state=state, meanings={})

    # -- cycles ----------------------------------------------------------------------------------

    def vector(self, number: int) -> Codes:
        """Return symbols for an input vector: what a source, or the layer before, sends."""

        def symbols(fmt: FixedFormat, first: int, size: int) -> Codes:
            ends = fmt.min_code, fmt.max_code
            return [symbol("input", (self.place, number, first + n), *ends) for n in range(size)]

        if self.place == 0:
            return symbols(self.network.input.format, 0, self.network.inputs)
        before, codes, first = self.network.layers[self.place - 1], {}, 0
        for name in before.outputs:
            signal = before.signals[name]
            codes[name] = symbols(signal.format, first, signal.size)
            first += signal.size
        return answers_of(before, codes)

    def begin(self, situation: LayerSituation, number: int) -> LayerSituation:
        """Return a situation in which a step begins in this cycle.

        Parameters
        ----------
        situation : LayerSituation
        number : int
            Of the step; no other one has it.
        """
        layer, x = self.plan.layer, self.vector(number)
        # What is due of the step before is still what it was; everything else is free.
        before = None if situation.step is None or situation.step.done else situation.step
        define_only(situation.meanings)
        naming = StepNames((number, self.place), self.symbols, self.assumed)
        # The last step of a sequence computes what every step does, and more.
        now = step(layer, situation.left, x, last=True, naming=naming)
        codes = {
            (index, element): code
            for index, node in enumerate(layer.nodes)
            for element, code in enumerate(now[node.name])
        }
        answer, beat = answers_of(layer, now), self.plan.beat
        begun = Step(
            past=situation.left,
            x=x,
            image=self.part.buffer.image(x, situation.vectors),
            now=now,
            lasting=self._lasting,
            named=tuple(naming.named),
            codes=codes,
            beats=tuple(answer[first : first + beat] for first in range(0, len(answer), beat)),
        )
        meanings = situation.meanings | definitions(symbols_of(naming.named))
        return replace(
            situation,
            vectors=1 - situation.vectors,
            step=begun,
            before=before,
            past=None,
            meanings=meanings,
        )

    def cycle(self, situation: LayerSituation) -> LayerSituation:
        """Let a cycle pass; a step begins in it if its age is 0.

        Raises
        ------
        Failure
            If a word is not the one that is due, or anything comes too early or too late.
        Decide
            If it depends on whether the step is the last one of its sequence.
        """
        step, before = situation.step, situation.before
        starts = step is not None and step.age == 0
        there = step is not None and not step.dropped
        begins = {"start": 1, "available": 1, "room": 1, "marked": MARK}
        image = step.image if step and there else {}
        state, seen = self.part.cycle(situation.state, image, begins if starts else {})
        if starts and self.part.bit(seen, "starts") != 1:
            raise Failure(f"{self.name} must begin a step where it can, but does not")
        step = self._dropped(step, seen)
        self._shown.clear()
        step, before = self._stored(step, before, seen)
        step, before = self._sent(step, before, seen)
        if step is not None:
            step = self._aged(step)
        before = None if before is None else self._aged(before)
        return replace(
            situation,
            state=self.part.with_results(state, self._shown),
            step=step,
            before=None if before is None or before.done else before,
        )

    def decide(self, situation: LayerSituation, mark: int) -> LayerSituation:
        """Return a situation in which it is known whether the step is the last one."""
        step, layer = situation.step, self.plan.layer
        if step is None or step.mark is not None:
            raise Failure(f"{self.name} must not depend on the mark of a step that is over")
        if not mark:
            late = {index for index, node in enumerate(layer.nodes) if node.last_only}
            codes = {place: code for place, code in step.codes.items() if place[0] not in late}
            step = replace(step, codes=codes, beats=() if layer.last_only else step.beats)
        registers = [decided(word, mark) for word in situation.state.registers]
        state = State(registers, situation.state.memories)
        return replace(situation, state=state, step=replace(step, mark=mark))

    def cycles_of(self, mark: int) -> int:
        """Return the cycles of a step."""
        return self.plan.cycles(last_step=bool(mark))

    def _dropped(self, step: Step | None, seen: Seen) -> Step | None:
        if not self.part.bit(seen, "drop"):
            return step
        if step is None or step.dropped or step.age == 0 or self.over(step):
            raise Failure(f"{self.name} must let its input go once, within a step")
        return replace(step, dropped=True)

    def over(self, step: Step) -> bool:
        """Tell whether the next step may begin."""
        return step.mark is not None and step.age >= self.cycles_of(step.mark)

    def _aged(self, step: Step) -> Step:
        """Return a step a cycle later."""
        if self.over(step) and not step.dropped:
            raise Failure(f"{self.name} must let its input go within a step, but does not")
        if step.mark is not None and step.age > self.cycles_of(step.mark) and not step.done:
            raise Failure(f"{self.name} must store and send all of a step in it, but does not")
        return replace(step, age=step.age + 1)

    def _stored(
        self, step: Step | None, before: Step | None, seen: Seen
    ) -> tuple[Step | None, Step | None]:
        """Compare what is stored in a cycle; it is of the step before, while that owes codes."""
        # The last rows of a node may be fewer than a group has: the other beats store nothing.
        if not self.part.bit(seen, "valid") or not self.part.bit(seen, "mask"):
            return step, before
        if before is not None and before.codes:
            return step, self._without_stored(before, seen)
        if step is None or step.age == 0 or not step.codes:
            raise Failure(f"{self.name} must store nothing, but does")
        return self._without_stored(step, seen), before

    def _without_stored(self, step: Step, seen: Seen) -> Step:
        node, segment, beat, mask = (
            self.part.bit(seen, field) for field in ("node", "segment", "beat", "mask")
        )
        nodes, codes = self.plan.layer.nodes, dict(step.codes)
        if node >= len(nodes):
            raise Failure(f"{self.name} must store its nodes, not one of number {node}")
        if nodes[node].last_only and step.mark is None:
            raise Decide
        width, lanes = nodes[node].signal.format.width, seen["data"]
        first = segment * nodes[node].rows + beat * self.plan.beat
        for lane in range(self.plan.beat):
            if mask >> lane & 1:
                what = f"{nodes[node].name}[{first + lane}]"
                code = codes.pop((node, first + lane), None)
                if code is None:
                    raise Failure(f"{what} must be stored once, in its step")
                word = part(lanes, self._lane * self.plan.beat, lane * self._lane, width)
                self._equal(what, word, code, width)
        if not codes and step.mark is not None:
            planned = self.cycles_of(step.mark) + 1 - self._empty_beats(node)
            if step.age != planned:
                raise Failure(
                    f"a step of {self.name} must store its last word {planned} cycles after it "
                    f"began, not {step.age}"
                )
        return replace(step, codes=codes)

    def _empty_beats(self, number: int) -> int:
        """Return the beats of a node's last group of rows that store nothing."""
        node = self.plan.layer.nodes[number]
        if node in self.plan.layer.structured:
            return 0
        rows = (node.rows - 1) % self.plan.rows + 1
        return self.plan.beats_per_group - -(-rows // self.plan.beat)

    def _sent(
        self, step: Step | None, before: Step | None, seen: Seen
    ) -> tuple[Step | None, Step | None]:
        """Compare what is sent in a cycle."""
        if seen["sent"] is MARK and self.plan.layer.last_only:
            # The last step of a sequence sends it, as another one does not.
            if step is None or step.age == 0 or not step.beats or before is not None:
                raise Decide
            return self._without_sent(step, seen), before
        if not self.part.bit(seen, "sent"):
            return step, before
        if before is not None and before.beats:
            return step, self._without_sent(before, seen)
        if step is None or step.age == 0 or not step.beats:
            raise Failure(f"{self.name} must send nothing, but does")
        if step.mark is None and self.plan.layer.last_only:
            raise Decide
        return self._without_sent(step, seen), before

    def _without_sent(self, step: Step, seen: Seen) -> Step:
        last = seen["last"]
        if last is not MARK if step.mark is None else self.part.bit(seen, "last") != step.mark:
            raise Failure(f"{self.name}: the mark of an answer must be that of its step")
        codes, *rest = step.beats
        width, lanes = self.plan.layer.output.format.width, seen["payload"]
        for lane, code in enumerate(codes):
            what = f"the answer of {self.name}, {amount(len(step.beats), 'beat')} before its end"
            word = part(lanes, width * self.plan.beat, lane * width, width)
            self._equal(what, word, code, width)
        return replace(step, beats=tuple(rest))

    def _equal(self, what: str, hardware: Word, specification: Value, width: int) -> None:
        self.words += 1
        value = number(hardware)
        if not congruent(value, specification, width):
            raise Failure(what, value, specification, width)
        if isinstance(hardware, Pieces) or not vanishes(value - specification, width):
            self._shown.append(ShownWord(value, specification, width))
