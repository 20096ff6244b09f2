# SPDX-License-Identifier: Apache-2.0
"""Running a spiking memory in a simulator and comparing every word with the golden model."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from lmu_hw.golden.spiking import SpikingModel, SpikingTrace
from lmu_hw.hdl.spiking import cycles_per_step, spiking_verilog
from lmu_hw.hdl.top import element_bits
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.process import run_bench
from lmu_hw.simulate.stimuli import Sequence
from lmu_hw.simulate.tools import Simulator, find
from lmu_hw.simulate.wrapper import TOP
from lmu_hw.spec import Signal
from lmu_hw.spec.spiking import SpikingMemory

__all__ = ["SpikingResult", "simulate_spiking"]

_DUT = "spiking"
_SPIKES_FILE = "spikes.txt"


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
    """Run the Verilog of a spiking memory, after a reset in the middle of a step.

    Parameters
    ----------
    memory : SpikingMemory
    lanes : int
    sequences : list of Sequence
        Input codes (steps, 1), and who makes the other side wait. The first must have no stall
        and at least three steps: cycles are measured there.
    simulator : Simulator
        Icarus or Verilator.
    files : dict of file name to text, optional
        Instead of what `spiking_verilog` returns for the name ``spiking``.
    seed : int
        Of the stalls.

    Raises
    ------
    ToolError
        If the simulator is missing, or does not compile and run the design.
    """
    cycles, model = cycles_per_step(memory, lanes), SpikingModel(memory)
    traces = [model.run(sequence.codes[:, 0]) for sequence in sequences]
    with tempfile.TemporaryDirectory(prefix="lmu_hw_") as name:
        job = Job(
            folder=Path(name),
            sequences=sequences,
            answers_once=False,
            element_bits=_source_bits(memory),
            cycles_per_step=cycles,
            fill_cycles=4 * cycles,
            timeout_cycles=2_000 + 16 * cycles,
            seed=seed,
            reloadable=False,
            writes=[],
        )
        _run(job, memory, files or spiking_verilog(memory, lanes, name=_DUT), simulator)
        answers, _, failure = job.read_answers() or ([], 0, "the bench did not finish")
        spikes = [line.split() for line in (job.folder / _SPIKES_FILE).read_text().splitlines()]
    pairs = [
        *_states(memory, traces, answers),
        *_spikes(memory, traces, [digits for _, digits in spikes]),
    ]
    # The second step and the third: the first one found the design empty.
    times = [int(cycle) for cycle, _ in spikes[memory.order : 3 * memory.order : memory.order]]
    interval = times[1] - times[0] if len(times) == 2 else None
    if interval != cycles:
        failure = failure or f"a step must take {cycles} cycles, but took {interval}"
    return SpikingResult(
        words_compared=len(pairs),
        mismatches=sum(expected != got for expected, got in pairs),
        failure=failure,
        cycles_per_step=interval,
    )


def _source_bits(memory: SpikingMemory) -> int:
    return element_bits(Signal(size=1, format=memory.source))


def _states(
    memory: SpikingMemory, traces: list[SpikingTrace], answers: list[str]
) -> list[tuple[str, str]]:
    """Return each state as binary digits, expected and got; the first has the last bit, too."""
    bits, pairs = element_bits(memory.states), []
    steps = [(k, trace) for trace in traces for k in range(len(trace.states))]
    missing = [""] * (len(steps) - len(answers))
    for (k, trace), answer in zip(steps, [*answers, *missing], strict=True):
        data, _, last = answer.partition(" ")
        wanted = [f"{code & (1 << bits) - 1:0{bits}b}" for code in trace.states[k].tolist()]
        found = [
            data[len(data) - (j + 1) * bits : len(data) - j * bits] for j in range(len(wanted))
        ]
        wanted[0] += str(int(k == len(trace.states) - 1))
        found[0] += last
        pairs += zip(wanted, found, strict=True)
    return pairs


def _spikes(
    memory: SpikingMemory, traces: list[SpikingTrace], recorded: list[str]
) -> list[tuple[str, str]]:
    """Return the spikes of each population as hexadecimal digits, expected and got."""
    bits = memory.spike_bits
    digits = -(-bits // 4)
    counts = chain.from_iterable(trace.spikes.ravel().tolist() for trace in traces)
    wanted = [f"{count & (1 << bits) - 1:0{digits}x}" for count in counts]
    return list(zip_longest(wanted, recorded, fillvalue=""))


def _run(job: Job, memory: SpikingMemory, files: dict[str, str], simulator: Simulator) -> None:
    """Build and run the Verilog below the bench of all designs."""
    tool = find(simulator)
    for file, text in {**files, f"{TOP}.v": _wrapper(memory)}.items():
        (job.folder / file).write_text(text)
    run_bench(tool, job, [f"{_DUT}.v", f"{TOP}.v"])


def _wrapper(memory: SpikingMemory) -> str:
    """Return the Verilog of the bench around the design."""
    return "\n".join(
        [
            "`timescale 1ns/1ps",
            f"module {TOP} (",
            "  input clk, input rst, input record, input finish, output reg [63:0] cycle,",
            f"  input [{_source_bits(memory) - 1}:0] s_axis_tdata,",
            "  input s_axis_tvalid, input s_axis_tlast, output s_axis_tready,",
            f"  output [{memory.order * element_bits(memory.states) - 1}:0] m_axis_tdata,",
            "  output m_axis_tvalid, output m_axis_tlast, input m_axis_tready",
            ");",
            f"  {_DUT} dut (.*);",
            "  integer spikes;",
            "  initial begin",
            "    cycle = 0;",
            f'    spikes = $fopen("{_SPIKES_FILE}", "w");',
            "  end",
            "  always @(posedge clk) if (record) begin",
            "    cycle <= cycle + 1;",
            "    if (dut.trace_valid !== 1'b0)",
            '      $fwrite(spikes, "%0d %h\\n", cycle, dut.trace_spikes);',
            "  end",
            "  always @(posedge finish) $fclose(spikes);",
            "endmodule",
            "",
        ]
    )
