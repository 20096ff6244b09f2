# SPDX-License-Identifier: Apache-2.0
"""Runs of a whole design from a reset, which look for inputs for which a word is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmu_hw.fixed.ops import dequantize
from lmu_hw.prove.algebra.atoms import Unknown
from lmu_hw.prove.attempts import forget_all
from lmu_hw.prove.bench import Bench
from lmu_hw.prove.bench_situation import Situation
from lmu_hw.prove.claims import Lemma, Part, Status
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.counterexample import differing
from lmu_hw.prove.deadline import OutOfTime
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.parts import part_of
from lmu_hw.prove.subject import Subject, Tell
from lmu_hw.prove.wires import wires_of

__all__ = ["search"]

_LASTS = (False, True, True, False, True)
"""Of each vector that is offered, whether it ends its sequence."""
_PATIENCE = 4
"""Times the cycles of all layers that nothing may happen."""


def search(subject: Subject, tell: Tell) -> tuple[Lemma, np.ndarray | None]:
    """Run short sequences from a reset while nobody waits.

    Returns
    -------
    lemma : Lemma
        That every word of them is right: shown, refuted, or given up.
    stimuli : (1, steps, inputs) array or None
        Inputs for which a word is wrong, in the network's own units.
    """
    forget_all()
    wires = wires_of(subject.netlist, subject.plan)
    machine = Machine(part_of(subject.netlist, wires.values(), {}), wires)
    runner = _Runner(subject, Bench(machine, subject.network, subject.plan), tell)
    return runner.run(), runner.stimuli


class _Runner:
    def __init__(self, subject: Subject, bench: Bench, tell: Tell) -> None:
        self.subject, self.bench, self.tell = subject, bench, tell
        layers = subject.plan.layers
        self.patience = _PATIENCE * (sum(p.cycles(last_step=True) for p in layers) + 64)
        self.stimuli: np.ndarray | None = None

    def run(self) -> Lemma:
        """Return what becomes of the sequences."""
        claim = (
            "every word stored and answered of the first sequences after a reset, of 2, 1 and 2 "
            "vectors, is right at full load, for all inputs"
        )
        bench, lasts = self.bench, _LASTS
        situation: Situation | None = None
        try:
            situation = bench.reset()
            for number, last in enumerate(lasts):
                self.tell(f"looking for a wrong word: vector {number + 1} of {len(lasts)}")
                situation = self._vector(situation, last)
            situation = self._drain(situation)
        except (Failure, Unknown, OutOfTime) as failure:
            return self._failed(claim, failure, () if situation is None else situation.lasts)
        detail = f"{bench.tally.words:,} words, {bench.tally.cycles:,} cycles"
        return Lemma(part=Part.DATA, claim=claim, status=Status.SHOWN, detail=detail)

    def _vector(self, situation: Situation, last: bool) -> Situation:
        """Offer a vector until it is taken."""
        after, vector = self.bench.take(situation, last=last)
        for _ in range(self.patience):
            after, taken = self.bench.cycle(after, vector, last=last, ready=True)
            if taken:
                return after
        raise Failure("a vector must be taken, but is not")

    def _drain(self, situation: Situation) -> Situation:
        """Wait until everything is stored and answered, and a little longer."""
        silent = 0
        for _ in range(self.patience * 4):
            situation, _ = self.bench.cycle(situation, None, last=False, ready=True)
            silent = 0 if any(situation.due) or situation.answers else silent + 1
            if silent == 32:
                return situation
        raise Failure("every word must come, but some do not")

    def _failed(self, claim: str, failure: Exception, lasts: Sequence[bool]) -> Lemma:
        """Return what became of a claim, with inputs for which it fails if some are found."""
        detail = str(failure) or "given up: too many cases"
        if not isinstance(failure, Failure) or not failure.width:
            return Lemma(part=Part.DATA, claim=claim, status=Status.NOT_SHOWN, detail=detail)
        try:
            found = differing(failure.hardware, failure.specification, failure.width)
        except RecursionError:
            found = None
        if found is None or found.guessed:
            detail += ": could not be shown equal"
            if found is not None:
                detail += "; something that was given up, or is unknown at power-up, enters it"
            return Lemma(part=Part.DATA, claim=claim, status=Status.NOT_SHOWN, detail=detail)
        self.stimuli, text = self._stimuli(found.inputs, lasts)
        return Lemma(
            part=Part.DATA,
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
