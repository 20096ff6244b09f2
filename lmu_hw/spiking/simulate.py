# SPDX-License-Identifier: Apache-2.0
"""Running a spiking memory in a simulator and comparing every word with the golden model."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest
from pathlib import Path

import numpy as np

from lmu_hw.network import WHOLE_VECTORS, Packet, Signal, element_bits
from lmu_hw.simulate.epochs import Piece, pieces_of
from lmu_hw.simulate.job import Job, Record
from lmu_hw.simulate.process import run_bench
from lmu_hw.simulate.resets import resets_of
from lmu_hw.simulate.simulators import Simulator
from lmu_hw.simulate.stimuli import BEFORE, STORM, Sequence, Stall
from lmu_hw.simulate.verdict import CALM_EPOCH
from lmu_hw.simulate.wrapper import CUTS_FILE, TOP, bench_head
from lmu_hw.spiking.golden import SpikingModel, SpikingTrace
from lmu_hw.spiking.hardware import cycles_per_step, spiking_verilog
from lmu_hw.spiking.memory import SpikingMemory

__all__ = ["SpikingResult", "simulate_spiking"]

_DUT = "spiking"
_SPIKES_FILE = "spikes.txt"
_BEFORE = 6  # steps of the sequence that a reset cuts first
_STORM = 40  # sequences


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikingResult:
    """What a simulation of a spiking memory saw.

    Attributes
    ----------
    words_compared, mismatches : int
        States at the output and spikes of populations, both of every step.
    failure : str
        What went wrong with the protocol or the cycles; empty if nothing did.
    cycles_per_step : int or None
        Cycles from one step to the next at full load; None if there were too few steps.
    """

    words_compared: int
    mismatches: int
    failure: str
    cycles_per_step: int | None

    @property
    def passed(self) -> bool:
        """True if words were compared, all were equal, and the protocol held."""
        return self.words_compared > 0 and not self.mismatches and not self.failure


def simulate_spiking(
    memory: SpikingMemory,
    lanes: int,
    sequences: list[Sequence],
    *,
    simulator: Simulator,
    files: dict[str, str] | None = None,
    seed: int = 0,
) -> SpikingResult:
    """Run the Verilog of a spiking memory, reset in the middle of a step and in a storm of them.

    Parameters
    ----------
    memory : SpikingMemory
    lanes : int
    sequences : list of Sequence
        Input codes (steps, 1), and who makes the other side wait. The first must have no stall and
        at least three steps: cycles are measured there, and its codes come before and after the
        others once more, where resets cut them.
    simulator : Simulator
        Icarus or Verilator.
    files : dict of file name to text, optional
        Instead of what `spiking_verilog` returns for the name ``spiking``.
    seed : int
        Of stalls and resets.

    Raises
    ------
    ToolError
        If the simulator is missing, or does not compile and run the design.
    """
    cycles, model = cycles_per_step(memory, lanes), SpikingModel(memory)
    sequences = _with_resets(sequences)
    with tempfile.TemporaryDirectory(prefix="lmu_hw_") as name:
        job = Job(
            folder=Path(name),
            source=_source(memory),
            answer=_answer(memory),
            sequences=sequences,
            answers_once=False,
            cycles_per_step=cycles,
            fill_cycles=4 * cycles,
            wait_cycles=2_000 + 16 * cycles,
            seed=seed,
            resets=resets_of(sequences, cycles_per_step=cycles, layers=1, sets=[], seed=seed),
        )
        record = _run(job, memory, files or spiking_verilog(memory, lanes, name=_DUT), simulator)
        spikes = [line.split() for line in (job.folder / _SPIKES_FILE).read_text().splitlines()]
        counts = [int(line) for line in (job.folder / CUTS_FILE).read_text().splitlines()]
    cuts = record.cuts
    epochs = [
        [(piece, model.run(piece.codes[:, 0])) for piece in pieces]
        for pieces in pieces_of(sequences, [cut.accepted for cut in cuts])
    ]
    complete = [
        number in (CALM_EPOCH, len(cuts) - 1) or (cut.quiet > job.settle and not cut.waiting)
        for number, cut in enumerate(cuts)
    ]
    pairs = _pairs(
        [_states(memory, epoch) for epoch in epochs],
        _cut([_fields(memory, answer) for answer in record.answers], [c.answers for c in cuts]),
        complete,
    )
    pairs += _pairs(
        [_spikes(memory, epoch) for epoch in epochs],
        _cut([(digits,) for _, digits in spikes], counts),
        complete,
    )
    interval, wrong = _interval(spikes[counts[CALM_EPOCH - 1] :], memory.order, cycles)
    return SpikingResult(
        words_compared=len(pairs),
        mismatches=sum(expected != actual for expected, actual in pairs),
        failure=next(iter(record.failures), "") or wrong,
        cycles_per_step=interval,
    )


def _with_resets(sequences: list[Sequence]) -> list[Sequence]:
    """Return sequences between one that a reset cuts and a storm of short ones."""
    codes = np.resize(sequences[0].codes, (_BEFORE + 3 * _STORM, 1))
    storm = [
        Sequence(
            name=STORM,
            codes=codes[_BEFORE + 3 * n :][: 1 + n % 3],
            stall=Stall.INPUT | Stall.OUTPUT,
        )
        for n in range(_STORM)
    ]
    ordered = sorted(sequences, key=lambda sequence: sequence.stall)
    return [Sequence(name=BEFORE, codes=codes[:_BEFORE]), *ordered, *storm]


_Epoch = list[tuple[Piece, SpikingTrace]]
"""What ran between two resets."""

_Rows = list[tuple[str, ...]]
"""Words that come at the same time, in order."""


def _interval(spikes: list[list[str]], order: int, cycles: int) -> tuple[int | None, str]:
    """Return the cycles of a step, and a complaint if they are others than planned.

    Between the second step and the third: the first one found the design empty.
    """
    times = [int(cycle) for cycle, _ in spikes[order : 3 * order : order]]
    interval = times[1] - times[0] if len(times) == 2 else None
    return interval, "" if interval == cycles else (
        f"a step must take {cycles} cycles, but took {interval}"
    )


def _cut(rows: _Rows, ends: list[int]) -> list[_Rows]:
    """Cut rows at the ends of epochs."""
    return [rows[begin:end] for begin, end in pairwise([0, *ends])]


def _pairs(
    expected: list[_Rows], actual: list[_Rows], complete: list[bool]
) -> list[tuple[str | None, str | None]]:
    """Return each word that is expected beside that which is there.

    Of an epoch that is not complete only as many rows as there are.
    """
    return [
        pair
        for want, have, whole in zip(expected, actual, complete, strict=True)
        for expected_row, row in zip_longest(
            want if whole else want[: len(have)], have, fillvalue=()
        )
        for pair in zip_longest(expected_row, row)
    ]


def _states(memory: SpikingMemory, epoch: _Epoch) -> _Rows:
    """Return each answer that is expected: states as binary digits, the first with the last bit."""
    bits, rows = element_bits(memory.states), []
    for piece, trace in epoch:
        for step, codes in enumerate(trace.states.tolist()):
            digits = [f"{code & (1 << bits) - 1:0{bits}b}" for code in codes]
            last = piece.ends and step == len(trace.states) - 1
            rows.append((digits[0] + str(int(last)), *digits[1:]))
    return rows


def _fields(memory: SpikingMemory, answer: str) -> tuple[str, ...]:
    """Return the same of an answer that came."""
    bits, (data, last, _) = element_bits(memory.states), answer.split()
    digits = [data[len(data) - (j + 1) * bits : len(data) - j * bits] for j in range(memory.order)]
    return digits[0] + last, *digits[1:]


def _spikes(memory: SpikingMemory, epoch: _Epoch) -> _Rows:
    """Return the spikes of each population that are expected, as hexadecimal digits."""
    bits = memory.spike_bits
    digits = -(-bits // 4)
    counts = chain.from_iterable(trace.spikes.ravel().tolist() for _, trace in epoch)
    return [(f"{count & (1 << bits) - 1:0{digits}x}",) for count in counts]


def _run(job: Job, memory: SpikingMemory, files: dict[str, str], simulator: Simulator) -> Record:
    """Build and run the Verilog below the bench of all designs."""
    for file, text in files.items():
        (job.folder / file).write_text(text)
    sources = {f"{_DUT}.v": files[f"{_DUT}.v"], f"{TOP}.v": _wrapper(memory)}
    return run_bench(simulator, job, sources)


def _source(memory: SpikingMemory) -> Packet:
    return WHOLE_VECTORS.packet(Signal(size=1, format=memory.source))


def _answer(memory: SpikingMemory) -> Packet:
    return WHOLE_VECTORS.packet(memory.states)


def _wrapper(memory: SpikingMemory) -> str:
    """Return the Verilog of the bench around the design."""
    return "\n".join(
        [
            *bench_head(_DUT, _source(memory), _answer(memory), {}),
            "  assign busy = dut.trace_valid !== 1'b0;",
            "  integer spikes, cuts, count;",
            "  initial begin",
            "    count = 0;",
            f'    cuts = $fopen("{CUTS_FILE}", "w");',
            f'    spikes = $fopen("{_SPIKES_FILE}", "w");',
            "  end",
            "  always @(posedge clk) if (cut) begin",
            '    $fwrite(cuts, "%0d\\n", count);',
            "    if (done) begin",
            "      $fclose(cuts);",
            "      $fclose(spikes);",
            "    end",
            "  end else if (!rst && !done && dut.trace_valid !== 1'b0) begin",
            '    $fwrite(spikes, "%0d %h\\n", cycle, dut.trace_spikes);',
            "    count = count + 1;",
            "  end",
            "endmodule",
            "",
        ]
    )
