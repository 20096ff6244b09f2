# SPDX-License-Identifier: Apache-2.0
"""Runs of a design on symbols, one for each lemma."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lmu_hw.fixed.ops import dequantize
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.prove.bench import Bench, Failure, Situation
from lmu_hw.prove.claims import Lemma, Part, Status
from lmu_hw.prove.closure import Node, node_of
from lmu_hw.prove.counterexample import differing
from lmu_hw.prove.floors import define_only
from lmu_hw.prove.forms import Unknown
from lmu_hw.prove.netlist import Netlist

__all__ = ["ANY_LENGTH", "Runner", "Subject", "Tell"]

Tell = Callable[[str], None]

ANY_LENGTH = (
    "the same for sequences of any length, one after the other: every word is right, for all "
    "inputs, in order, once, each step in the cycles of the plan"
)
_PATIENCE = 4
"""Times the cycles of all layers that nothing may happen."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is proved."""

    network: QuantizedNetwork
    plan: Plan
    netlist: Netlist


class Runner:
    """Runs the bench for one lemma after the other."""

    def __init__(self, subject: Subject, bench: Bench, tell: Tell) -> None:
        self.subject, self.bench, self.tell = subject, bench, tell
        layers = subject.plan.layers
        self.patience = _PATIENCE * (sum(p.cycles(last_step=True) for p in layers) + 64)
        self.stimuli: np.ndarray | None = None

    def reset(self) -> Lemma:
        """Show that a cycle of reset makes everything known that control depends on."""
        claim = "after one cycle of rst, from any contents, nothing is sent until a vector came"
        bench = self.bench
        try:
            situation = bench.reset()
            for _ in range(64):
                situation, _ = bench.cycle(situation, None, last=False, ready=True)
        except (Failure, Unknown) as failure:
            return self._failed(Part.RESET, claim, failure, ())
        return Lemma(part=Part.RESET, claim=claim, status=Status.SHOWN, detail="64 cycles")

    def full_load(self, steps: int) -> Lemma:
        """Run a sequence, one of a single vector and one of two, while nobody waits."""
        claim = (
            f"at full load every word stored and answered of sequences of {steps}, 1 and 2 "
            "vectors after a reset is right, for all inputs, in order, once, each step and from "
            "step to step in the cycles of the plan"
        )
        lasts = [*[False] * (steps - 1), True, True, False, True]
        return self._run(Part.FULL_LOAD, claim, lasts, None, times=True)

    def any_length(self) -> Lemma:
        """Take one more vector, the last one or not, until nothing new is reached."""
        before, nodes = self.bench.tally.cycles, 0
        try:
            for nodes in self._closed():
                self.tell(f"any length: {nodes} situations")
            self._check_times()
        except (Failure, Unknown) as failure:
            detail = str(failure) or "given up: too many cases"
            detail += "; situations may be there that no input leads to"
            return Lemma(
                part=Part.FULL_LOAD, claim=ANY_LENGTH, status=Status.NOT_SHOWN, detail=detail
            )
        cycles = self.bench.tally.cycles - before
        detail = f"{nodes} situations that lead to each other, {cycles:,} cycles"
        return Lemma(part=Part.FULL_LOAD, claim=ANY_LENGTH, status=Status.SHOWN, detail=detail)

    def _closed(self) -> Iterator[int]:
        """Follow every situation by a vector, and by none; yield how many there are so far."""
        first = self.bench.reset()
        todo = [Node(key=None, situation=first, steps=(), open={})]
        known: set[Hashable] = set()
        numbers = itertools.count()
        while todo:
            node = todo.pop()
            for last in (False, True):
                after = self._followed(node, next(numbers), last)
                if after.key not in known:
                    known.add(after.key)
                    todo.append(after)
                    yield len(known)
            define_only(node.open)
            self._drain(node.situation, None)

    def _followed(self, node: Node, step: int, last: bool) -> Node:
        """Return where a vector leads to that is the next one after a situation."""
        define_only(node.open)
        # Its length is the number of the step, which no other has.
        situation = replace(node.situation, lasts=(True,) * step)
        situation = self._vector(situation, last, None)
        return node_of(situation, (*node.steps, step), self.bench.machine.unknown_state())

    def stalls(self) -> list[Lemma]:
        """Replay patterns of pauses."""
        patterns = {
            "the source pauses": (True, False),
            "the sink is not ready": (False, True),
            "both wait": (True, True),
        }
        lemmas = []
        for number, (what, sides) in enumerate(patterns.items()):
            claim = (
                f"every word of sequences of 1 and 2 vectors is right, for all inputs, where "
                f"{what} in a pattern of pauses"
            )
            random = np.random.default_rng(number)
            lemmas.append(
                self._run(Part.STALLS, claim, [True, False, True], (sides, random), times=False)
            )
        return lemmas

    def _run(
        self,
        part: Part,
        claim: str,
        lasts: Sequence[bool],
        pauses: tuple[tuple[bool, bool], np.random.Generator] | None,
        *,
        times: bool,
    ) -> Lemma:
        bench, tally = self.bench, self.bench.tally
        words, cycles = tally.words, tally.cycles
        tally.starts.clear()
        situation = bench.reset()
        try:
            for number, last in enumerate(lasts):
                self.tell(f"{part.value}: vector {number + 1} of {len(lasts)}")
                situation = self._vector(situation, last, pauses)
            situation = self._drain(situation, pauses)
            if times:
                self._check_times()
                self._check_intervals()
        except (Failure, Unknown) as failure:
            return self._failed(part, claim, failure, situation.lasts)
        detail = f"{tally.words - words:,} words, {tally.cycles - cycles:,} cycles"
        return Lemma(part=part, claim=claim, status=Status.SHOWN, detail=detail)

    def _ready(self, pauses: tuple[tuple[bool, bool], np.random.Generator] | None) -> bool:
        return pauses is None or not pauses[0][1] or bool(pauses[1].integers(3) == 0)

    def _vector(
        self,
        situation: Situation,
        last: bool,
        pauses: tuple[tuple[bool, bool], np.random.Generator] | None,
    ) -> Situation:
        """Offer a vector until it is taken."""
        bench = self.bench
        if pauses is not None and pauses[0][0]:
            for _ in range(int(pauses[1].integers(1, 40))):
                ready = self._ready(pauses)
                situation, _ = bench.cycle(situation, None, last=False, ready=ready)
        after, vector = bench.take(situation, last=last)
        for _ in range(self.patience):
            before = after
            after, taken = bench.cycle(before, vector, last=last, ready=self._ready(pauses))
            if taken:
                return after
        raise Failure("a vector must be taken, but is not")

    def _drain(
        self, situation: Situation, pauses: tuple[tuple[bool, bool], np.random.Generator] | None
    ) -> Situation:
        """Wait until everything is stored and answered, and a little longer."""
        bench, silent = self.bench, 0
        remaining = self.patience * 4
        while silent < 32:
            remaining -= 1
            if not remaining:
                raise Failure("every word must come, but some do not")
            ready = self._ready(pauses)
            situation, _ = bench.cycle(situation, None, last=False, ready=ready)
            silent = 0 if any(situation.due) or situation.answers else silent + 1
        return situation

    def _check_times(self) -> None:
        for (place, last), cycles in sorted(self.bench.tally.taken.items()):
            layer = self.subject.plan.layers[place]
            # The last word is seen in the cycle after the last one of the step.
            planned = layer.cycles(last_step=last) + 1
            if cycles != {planned}:
                raise Failure(
                    f"a step of {layer.layer.name} must store its last word {planned} cycles after "
                    f"it began, not {sorted(cycles)}"
                )

    def _check_intervals(self) -> None:
        """Check the time from a step to the next, where the slowest layer is."""
        plan, starts = self.subject.plan, self.bench.tally.starts
        layers = [layer.cycles(last_step=False) for layer in plan.every_step]
        slowest = layers.index(max(layers))
        planned = plan.cycles(last_step=False)
        times = [(cycle, last) for place, cycle, last in starts if place == slowest]
        for (before, last), (after, _) in pairwise(times):
            if not last and after - before != planned:
                raise Failure(
                    f"a time step must take {planned} cycles at full load, not {after - before}"
                )

    def _failed(self, part: Part, claim: str, failure: Exception, lasts: Sequence[bool]) -> Lemma:
        """Return what became of a claim, with inputs for which it fails if some are found."""
        detail = str(failure) or "given up: too many cases"
        if not isinstance(failure, Failure) or not failure.width:
            return Lemma(part=part, claim=claim, status=Status.NOT_SHOWN, detail=detail)
        try:
            found = differing(failure.hardware, failure.specification, failure.width)
        except RecursionError:
            found = None
        if found is None or found.guessed:
            detail += ": could not be shown equal"
            if found is not None:
                detail += "; something that was given up, or is unknown at power-up, enters it"
            return Lemma(part=part, claim=claim, status=Status.NOT_SHOWN, detail=detail)
        self.stimuli, text = self._stimuli(found.inputs, lasts)
        return Lemma(
            part=part,
            claim=claim,
            status=Status.REFUTED,
            detail=detail,
            counterexample=(
                f"{detail}: hardware {found.hardware}, specification {found.specification} for "
                f"{text}"
            ),
        )

    def _stimuli(
        self, inputs: dict[tuple[int, int], int], lasts: Sequence[bool]
    ) -> tuple[np.ndarray, str]:
        """Return inputs in the network's own units, (1, steps, inputs), and the first in words."""
        network = self.subject.network
        steps = max((step for step, _ in inputs), default=0) + 1
        begins = [0, *(number + 1 for number, last in enumerate(lasts) if last)]
        first = max(begin for begin in begins if begin < steps)
        codes = np.zeros((1, steps - first, network.inputs), np.int64)
        for (step, element), code in inputs.items():
            if step >= first:
                codes[0, step - first, element] = code
        values = dequantize(codes, network.input.format) * float(network.input_scale)
        text = ", ".join(
            f"x[{step}][{n}] = {code}" for (step, n), code in sorted(inputs.items())[:4]
        )
        return values, text or "any input"
