# SPDX-License-Identifier: Apache-2.0
"""Runs of a whole design, many at a time, that look for a cycle in which a property fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lmu_hw.prove.control.circuit import Bit, Circuit
from lmu_hw.prove.control.patterns import Program, Rows
from lmu_hw.prove.control.trace import Trace
from lmu_hw.prove.deadline import now

__all__ = ["find_violation"]

_RUNS = 256
_RATES = (1.0, 0.5, 0.05)  # at which beats come and answers are taken
_RESETS = 1 / 400  # in every fourth run


def find_violation(
    circuit: Circuit,
    wires: Sequence[str],
    *,
    in_reset: Sequence[str],
    cycles: int,
    seconds: float,
) -> Trace | None:
    """Return a run from power-up in which a property fails; None if none was found.

    What memories hold is random, too, so the run is to be replayed before it is believed.

    Parameters
    ----------
    circuit : Circuit
    wires : sequence of str
        Properties, from the first reset on.
    in_reset : sequence of str
        Those that must hold in reset, too.
    cycles : int
        Of each run.
    seconds : float
        Time after which it is given up.
    """
    ready = circuit.net("check_intake.ready")
    cone = circuit.cone([*(circuit.net(name) for name in wires), ready])
    program, stimuli = Program(circuit, cone), _Stimuli(circuit)
    random, end = np.random.default_rng(1), now() + seconds
    registers = {bit: random.integers(0, 256, _RUNS // 8, np.uint8) for bit in cone.registers}
    accepted = np.zeros(_RUNS, bool)
    history: list[dict[Bit, Rows]] = []
    for cycle in range(cycles):
        inputs = stimuli.cycle(accepted)
        history.append(inputs)
        free = {bit: random.integers(0, 256, _RUNS // 8, np.uint8) for bit in cone.free}
        sources = {bit: (row, ~row) for bit, row in (free | registers | inputs).items()}
        rows = program.run(sources, _RUNS // 8)
        for name in wires if cycle else ():
            wrong = ~rows[program.literal(circuit.net(name))]
            if name not in in_reset:
                wrong &= ~inputs[circuit.reset]
            if (runs := _bits(wrong).nonzero()[0]).size:
                return stimuli.trace(history, int(runs[0]), name)
        accepted = _bits(rows[program.literal(ready)])
        following = program.next_state(rows)[::2]
        registers = dict(zip(program.registers, following, strict=True))
        if now() > end:
            break
    return None


class _Stimuli:
    """Inputs of all runs: every run has its own rates, and offers a beat until it is taken."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit, self._random = circuit, np.random.default_rng(2)
        run = np.arange(_RUNS)
        rates = np.array(_RATES)
        self._valid, self._ready = rates[run % 3], rates[run // 3 % 3]
        self._reset = np.where(run % 4 == 3, _RESETS, 0.0)
        self._offered = np.zeros(_RUNS, bool)
        self._held: dict[str, NDArray[np.bool_]] = {}
        self._begun = False

    def cycle(self, accepted: NDArray[np.bool_]) -> dict[Bit, Rows]:
        """Return the inputs of the next cycle; `accepted`: the beat of the one before was taken."""
        waits = self._offered & ~accepted
        reset = self._drawn(self._reset) if self._begun else np.ones(_RUNS, bool)
        self._begun, self._offered = True, waits | self._drawn(self._valid)
        inputs = {}
        for bit, name in self._circuit.inputs.items():
            match name:
                case "rst":
                    value = reset
                case "s_axis_tvalid":
                    value = self._offered
                case "m_axis_tready":
                    value = self._drawn(self._ready)
                case _:
                    drawn = self._random.random(_RUNS) < 0.5
                    value = self._held[name] = np.where(waits, self._held.get(name, drawn), drawn)
            inputs[bit] = np.packbits(value, bitorder="little")
        return inputs

    def trace(self, history: Sequence[dict[Bit, Rows]], run: int, failed: str) -> Trace:
        """Return the inputs of one run."""
        ports: dict[str, list[Bit]] = {}
        for bit, name in self._circuit.inputs.items():
            if name != "clk":
                ports.setdefault(name.split("[")[0], []).append(bit)
        cycles = tuple(
            {
                name: sum(int(_bits(rows[bit])[run]) << place for place, bit in enumerate(bits))
                for name, bits in ports.items()
            }
            for rows in history
        )
        widths = {name: len(bits) for name, bits in ports.items()}
        return Trace(widths=widths, cycles=cycles, failed=failed)

    def _drawn(self, rates: NDArray[np.float64]) -> NDArray[np.bool_]:
        return self._random.random(_RUNS) < rates


def _bits(row: Rows) -> NDArray[np.bool_]:
    return np.unpackbits(row, bitorder="little").astype(bool)
