# SPDX-License-Identifier: Apache-2.0
"""Proving a design's folder: the lemmas, one part after the other."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from lmu_hw.checked import whole
from lmu_hw.design import Design
from lmu_hw.emit import read_plan
from lmu_hw.errors import LoadError, ToolError
from lmu_hw.files import sha256
from lmu_hw.fixed.ops import dequantize
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import rtl_digest, rtl_files
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.prove.bench import Bench, Failure, Situation, wires_of
from lmu_hw.prove.cases import Unknown, forget_directions
from lmu_hw.prove.claims import STEPS, Lemma, Part, ProofResult, Status, write_proof
from lmu_hw.prove.control import prove_control
from lmu_hw.prove.counterexample import differing
from lmu_hw.prove.floors import forget_names
from lmu_hw.prove.forms import forget
from lmu_hw.prove.functions import forget_functions
from lmu_hw.prove.machine import Machine
from lmu_hw.prove.netlist import Netlist, read_netlist
from lmu_verify import BadFile, Verdict, verify

__all__ = ["lemmas_of", "prove"]

_STIMULI = "counterexample.npy"
_REPLAY = "counterexample.v"
_PATIENCE = 4
"""Times the cycles of all layers that nothing may happen."""

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """What is proved."""

    network: QuantizedNetwork
    plan: Plan
    netlist: Netlist


def prove(
    directory: str | Path, *, steps: int = STEPS, progress: Tell | None = None
) -> ProofResult:
    """Prove what can be proved of the emitted Verilog of a design.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; ``proof.json`` is left in it, and inputs for which the hardware is wrong
        in ``counterexample.npy``, if any are found, and in ``counterexample.v`` a bench that plays
        a run in which its control fails.
    steps : int
        Vectors of the first sequence that is computed.
    progress : callable, optional
        Told what is being proved.

    Raises
    ------
    LoadError, ToolError
        If the folder is no design, or Yosys does not read its Verilog.
    """
    steps = whole(steps, "`steps`", least=1)
    tell = progress or (lambda text: None)
    started = time.process_time()
    folder = DesignFolder(directory)
    folder.results.check(folder.PROOF, _STIMULI, _REPLAY)
    design = Design.read(folder.path)
    plan, files = read_plan(folder, design.network), rtl_files(folder)
    verdicts = _verified(folder.path, tell)
    lemmas, ranges, stimuli = lemmas_of(files, design.network, plan, steps=steps, tell=tell)
    control = prove_control(files, design.network, plan, tell=tell)
    lemmas += [*control.lemmas, _ranges(ranges, verdicts)]
    if control.bench:
        folder.results.write(_REPLAY, control.bench.encode())
    name = ""
    if stimuli is not None:
        name = _STIMULI
        folder.results.write(name, _npy(stimuli))
    result = ProofResult(
        design=design.network.name,
        rtl=rtl_digest(files),
        certificate=sha256(folder.read(folder.CERTIFICATE)),
        lemmas=tuple(lemmas),
        ranges=ranges,
        changed_files=folder.changed_rtl(),
        stimuli=name,
        seconds=round(time.process_time() - started, 1),
    )
    write_proof(folder, result)
    return result


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def lemmas_of(
    files: Mapping[str, bytes],
    network: QuantizedNetwork,
    plan: Plan,
    *,
    steps: int,
    tell: Tell = lambda text: None,
) -> tuple[list[Lemma], tuple[str, ...], np.ndarray | None]:
    """Return what becomes of the claims of some Verilog, but for that of ranges.

    Parameters
    ----------
    files : mapping of name to content
        Verilog and ROM contents.
    network : QuantizedNetwork
    plan : Plan
    steps : int
        As of `prove`.
    tell : callable

    Returns
    -------
    lemmas : list of Lemma
    ranges : tuple of str
        Nodes whose ranges are taken for granted.
    stimuli : (1, steps, inputs) array or None
        Inputs for which a word is wrong.
    """
    tell("reading the Verilog")
    netlist = read_netlist(files, network.name)
    subject = _Subject(network=network, plan=plan, netlist=netlist)
    for empty in (forget, forget_names, forget_functions, forget_directions):
        empty()
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
    lemmas, bench = _reading(subject)
    if bench is None:
        return lemmas, (), None
    runner = _Runner(subject, bench, tell)
    lemmas += [runner.reset(), runner.full_load(steps), *runner.stalls(), *_unproved()]
    ranges = tuple(sorted(bench.tally.assumed))
    return lemmas, ranges, runner.stimuli


def _unproved() -> list[Lemma]:
    """Return what the sentence needs and nothing here looks at."""
    claims = (
        (Part.FULL_LOAD, "the same for sequences of any length"),
        (Part.STALLS, "the same for any pauses"),
    )
    return [
        Lemma(part=part, claim=claim, status=Status.NOT_SHOWN, detail="not tried")
        for part, claim in claims
    ]


def _reading(subject: _Subject) -> tuple[list[Lemma], Bench | None]:
    """Return the lemmas of reading, and a bench, if the design is understood."""
    netlist = subject.netlist
    wrong = [*netlist.wrong_clocks(), *netlist.clock_in_logic()]
    clocked = Lemma(
        part=Part.READING,
        claim="every register and memory is clocked by the rising edge of clk, and nothing else is",
        status=Status.NOT_SHOWN if wrong else Status.SHOWN,
        detail=f"not so: {', '.join(wrong[:3])}" if wrong else "",
    )
    try:
        machine = Machine(netlist, wires_of(netlist, subject.plan))
    except (Failure, ToolError) as error:
        detail = str(error)
        claim = "every cell is understood, and no logic feeds itself"
        failed = Lemma(part=Part.READING, claim=claim, status=Status.NOT_SHOWN, detail=detail)
        return [clocked, failed], None
    unknown = machine.program.not_understood
    understood = Lemma(
        part=Part.READING,
        claim="every cell is understood, and no logic feeds itself",
        status=Status.NOT_SHOWN if unknown else Status.SHOWN,
        detail=f"not understood: {', '.join(unknown[:3])}"
        if unknown
        else f"{len(netlist.cells):,} cells, {len(machine.registers):,} registers",
    )
    bench = Bench(machine, subject.network, subject.plan)
    return [clocked, understood], None if wrong else bench


def _verified(directory: Path, tell: Tell) -> list[Verdict]:
    """Return what the checker says of a folder."""
    tell("checking the certificate")
    try:
        return verify(directory, progress=tell)
    except BadFile as error:
        raise LoadError(f"{error}; generate the design again") from None


def _ranges(ranges: Sequence[str], verdicts: Sequence[Verdict]) -> Lemma:
    """Return whether the ranges that were used are those of a certificate that holds."""
    claim = "results that forbid overflow lie in their formats"
    if not ranges:
        detail = "by their intervals"
        return Lemma(part=Part.RANGES, claim=claim, status=Status.SHOWN, detail=detail)
    certified = {verdict.memory for verdict in verdicts if verdict.claim == "range"}
    failed = [verdict for verdict in verdicts if not verdict.holds]
    missing = [name for name in ranges if name not in certified]
    if failed or missing:
        reason = f"{failed[0].memory}: {failed[0].claim} does not hold" if failed else ""
        detail = reason or f"the certificate says nothing of {', '.join(missing)}"
        return Lemma(part=Part.RANGES, claim=claim, status=Status.NOT_SHOWN, detail=detail)
    detail = f"by the certificate, which was checked: {', '.join(ranges)}"
    return Lemma(part=Part.RANGES, claim=claim, status=Status.SHOWN, detail=detail)


class _Runner:
    """Runs the bench for one lemma after the other."""

    def __init__(self, subject: _Subject, bench: Bench, tell: Tell) -> None:
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
