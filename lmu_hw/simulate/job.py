# SPDX-License-Identifier: Apache-2.0
"""The files through which the caller and the bench inside the simulator talk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.simulate.stimuli import Pauses, Sequence, Stall

__all__ = ["Job"]

Codes = NDArray[np.int64]

_SCALARS = (
    "answers_once",
    "element_bits",
    "cycles_per_step",
    "fill_cycles",
    "timeout_cycles",
    "seed",
    "reloadable",
    "writes",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """Everything the bench needs to know.

    Parameters
    ----------
    folder : Path
        Where the job's files are.
    sequences : list of Sequence
    answers_once : bool
        One answer for each sequence instead of one for each step.
    element_bits : int
        Bits of an element in the input data.
    cycles_per_step : int
    fill_cycles : int
        Cycles in which everything between input and output fills up if no answer is taken.
    timeout_cycles : int
        Cycles without an answer after which the bench gives up.
    seed : int
    reloadable : bool
        The design has a port for coefficients.
    writes : list of (address, word)
        What is written to it before the first sequence.
    """

    folder: Path
    sequences: list[Sequence]
    answers_once: bool
    element_bits: int
    cycles_per_step: int
    fill_cycles: int
    timeout_cycles: int
    seed: int
    reloadable: bool
    writes: list[tuple[int, int]]

    @property
    def input_pauses(self) -> Pauses:
        """What the source waits between vectors; the long ones starve every layer."""
        return Pauses(self.seed, 3 * self.cycles_per_step)

    @property
    def output_pauses(self) -> Pauses:
        """What the sink lets answers wait; the long ones block every layer."""
        return Pauses(self.seed + 1, self.fill_cycles)

    @property
    def answer_stalls(self) -> list[Stall]:
        """The stall of each answer's sequence, in order."""
        return [
            sequence.stall
            for sequence in self.sequences
            for _ in range(1 if self.answers_once else len(sequence.codes))
        ]

    def pack(self, codes: Codes) -> int:
        """Return a vector of codes as AXI4-Stream data."""
        word, mask = 0, (1 << self.element_bits) - 1
        for code in reversed(codes.tolist()):
            word = word << self.element_bits | (code & mask)
        return word

    def write(self) -> Path:
        """Write the job; return the path of its file."""
        np.savez(
            self.folder / "sequences.npz",
            codes=np.concatenate([sequence.codes for sequence in self.sequences]),
            lengths=np.array([len(sequence.codes) for sequence in self.sequences]),
            stalls=np.array([int(sequence.stall) for sequence in self.sequences]),
        )
        path = self.folder / "job.json"
        path.write_text(json.dumps({name: getattr(self, name) for name in _SCALARS}))
        return path

    @classmethod
    def read(cls, path: Path) -> Job:
        """Read what `write` wrote."""
        with np.load(path.parent / "sequences.npz", allow_pickle=False) as arrays:
            parts = np.split(arrays["codes"], np.cumsum(arrays["lengths"])[:-1])
            stalls = arrays["stalls"].tolist()
        sequences = [
            Sequence(name="", codes=codes, stall=Stall(stall))
            for codes, stall in zip(parts, stalls, strict=True)
        ]
        return cls(folder=path.parent, sequences=sequences, **json.loads(path.read_text()))

    def report_progress(self, answers: int) -> None:
        """Leave the number of answers so far where the caller looks for it."""
        (self.folder / "progress").write_text(str(answers))

    def read_progress(self) -> int:
        """Return what `report_progress` left last."""
        path = self.folder / "progress"
        text = path.read_text() if path.exists() else ""
        return int(text) if text.isdigit() else 0

    def write_answers(self, answers: list[str], cycles: int, failure: str) -> None:
        """Leave the answers (data and last bit as binary digits) for the caller."""
        result = {"answers": answers, "cycles": cycles, "failure": failure}
        (self.folder / "answers.json").write_text(json.dumps(result))

    def read_answers(self) -> tuple[list[str], int, str] | None:
        """Return what `write_answers` left, or None if the bench did not come that far."""
        path = self.folder / "answers.json"
        if not path.exists():
            return None
        result = json.loads(path.read_text())
        return result["answers"], result["cycles"], result["failure"]
