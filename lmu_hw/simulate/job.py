# SPDX-License-Identifier: Apache-2.0
"""The files through which the caller and the driver inside the simulator talk.

`driver.v` says what each of them holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.network import Packet
from lmu_hw.simulate.packets import offers_of
from lmu_hw.simulate.stimuli import DATA, Pauses, Sequence, Stall
from lmu_hw.simulate.turns import Turns, turns_of

__all__ = ["STALLS", "Cut", "Job", "Offer", "Record", "Reset", "When"]

Codes = NDArray[np.int64]

_FILES = ("answers.txt", "cuts.txt", "failures.txt", "stalls.txt")
STALLS = (
    "no beat offered",
    "a beat waits",
    "an answer waits",
    "not ready before an answer",
    "everything full",
)
"""Kinds of stall."""

_TAKEN = "taken.txt"  # left where answers are packets
_PROGRESS = "progress"


class When(IntEnum):
    """What a reset waits for."""

    ANY = 0
    WAITING = 1
    FULL = 2
    IDLE = 3
    WRITING = 4


class Offer(IntEnum):
    """What the source does in reset."""

    NOTHING = 0
    BEAT = 1
    NOISE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A reset: once `after` beats were taken, wait for `when`, then `delay` cycles.

    Parameters
    ----------
    after : int
    when : When
    delay, length : int
        Cycles.
    offer : Offer
    """

    after: int
    when: When
    delay: int
    length: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Cut:
    """The state of the bench in the first cycle of a reset, or at the end.

    Attributes
    ----------
    cycle : int
    accepted, answers : int
        Beats and answers so far.
    quiet : int
        Cycles since anything moved.
    waiting, offered, full : bool
        An answer was kept waiting; a beat is offered; a beat was kept waiting.
    writes : int
        Coefficients written so far.
    """

    cycle: int
    accepted: int
    answers: int
    quiet: int
    waiting: bool
    offered: bool
    full: bool
    writes: int


@dataclass(frozen=True, slots=True)
class Record:
    """What the driver left.

    Attributes
    ----------
    answers : list of str
        Data and last bit as binary digits, and the stream as a number.
    cuts : list of Cut
        One for each reset, and one for the end.
    failures : list of str
        Where the protocol was not kept.
    stalls : dict of str to int
        Cycles of each of `STALLS`.
    taken : list of int
        If answers are packets: the cycle in which the last beat of each was taken.
    """

    answers: list[str]
    cuts: list[Cut]
    failures: list[str]
    stalls: dict[str, int]
    taken: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """Everything that is driven.

    Parameters
    ----------
    folder : Path
        Where the job's files are.
    source, answer : Packet
        How input vectors and answers travel.
    sequences : list of Sequence
        Those that run at full load first, then those whose answers are taken at once.
    answers_once : bool
        One answer for each sequence instead of one for each step.
    cycles_per_step : int
    fill_cycles : int
        Cycles in which everything between input and output fills up if no answer is taken.
    wait_cycles : int
        Cycles within which an answer must come if nothing keeps it.
    seed : int
        Of pauses, and of what pads the elements.
    unseen_layers : int
        Layers whose work the bench does not see; 0 where it sees them all.
    resets : list of Reset
        The first one is that at power-up.
    writes : list of (resets, address, word)
        Coefficients, and the resets before they are written.
    """

    folder: Path
    source: Packet
    answer: Packet
    sequences: list[Sequence]
    answers_once: bool
    cycles_per_step: int
    fill_cycles: int
    wait_cycles: int
    seed: int
    unseen_layers: int = 0
    resets: list[Reset] = field(
        default_factory=lambda: [
            Reset(after=0, when=When.ANY, delay=0, length=1, offer=Offer.NOTHING)
        ]
    )
    writes: list[tuple[int, int, int]] = field(default_factory=list)

    @cached_property
    def turns(self) -> Turns:
        """The order of all steps."""
        return turns_of(self.sequences, 1 << self.source.id_bits, self.seed)

    @property
    def settle(self) -> int:
        """Cycles without activity after which nothing is inside.

        In each layer that is not seen, two vectors may wait, and their last one passes through it.
        """
        return max(3 * self.unseen_layers, 1) * self.cycles_per_step + 32

    @property
    def patience(self) -> int:
        """Cycles without progress after which the driver gives up."""
        return self.wait_cycles + 2 * self.fill_cycles

    @property
    def calm_answers(self) -> int:
        """Answers of the sequences whose answers are taken at once."""
        return sum(
            1 if self.answers_once else len(sequence.codes)
            for sequence in self.sequences
            if not sequence.stall & Stall.OUTPUT
        )

    @property
    def answer_count(self) -> int:
        """Answers that come if no reset drops any."""
        return sum(1 if self.answers_once else len(sequence.codes) for sequence in self.sequences)

    def beats(self) -> list[str]:
        """Return the lines of ``beats.txt``."""
        turns, steps = self.turns, np.array([len(sequence.codes) for sequence in self.sequences])
        ends = np.cumsum(steps)
        codes = np.concatenate([sequence.codes for sequence in self.sequences])
        codes = codes[(ends - steps)[turns.sequence] + turns.step]
        apart = np.array([bool(s.stall & Stall.INPUT) for s in self.sequences])[turns.sequence]
        own = np.array([s.name != DATA for s in self.sequences])[turns.sequence]
        pauses = Pauses(self.seed, 3 * self.cycles_per_step)
        waits = [pauses.cycles() if pausing else 0 for pausing in apart]
        lasts = turns.step == steps[turns.sequence] - 1
        offers = offers_of(self.source, codes, lasts, apart=apart, own=own, seed=self.seed + 2)
        return [
            f"{wait} {line} {stream}"
            for wait, line, stream in zip(waits, offers, turns.stream, strict=True)
        ]

    def pauses(self) -> list[tuple[int, int]]:
        """Return for how many cycles the sink is not ready, then ready, over and over.

        Single cycles, beats, as long as it takes to fill or drain everything, and as long as one
        answer takes where several wait.
        """
        random = np.random.default_rng(self.seed + 1)
        step, fill, one = self.cycles_per_step, self.fill_cycles, self.answer.beats
        cycles = 2 * (self.answer_count - self.calm_answers) * step
        runs: list[tuple[int, int]] = []
        while cycles > 0:
            low, high = (int(random.integers(1, 4)) for _ in range(2))
            place = len(runs) % 14
            if place == 5:
                low, high = fill, 2 * step
            elif place in (6, 7):
                low, high = (int(random.integers(1, 2 * step)) for _ in range(2))
            elif place == 8:  # where answers wait, one is taken ...
                low, high = 3 * step, one  # not as long as `pace` takes for everything full
            elif 8 < place < 13:  # ... and one more is computed behind those that go on waiting
                low, high = int(random.integers(1, 3 * step)), one
            elif place == 13:
                low, high = 2 * step, 2 * step
            runs.append((low, high))
            cycles -= high
        return runs

    def write(self) -> None:
        """Write what the driver reads."""
        numbers = (self.calm_answers, self.settle, self.fill_cycles, self.patience)
        resets = [
            f"{reset.after} {int(reset.when)} {reset.delay} {reset.length} {int(reset.offer)}"
            for reset in self.resets
        ]
        for name, lines in (
            ("numbers", [" ".join(map(str, numbers))]),
            ("beats", self.beats()),
            ("pauses", [f"{low} {high}" for low, high in self.pauses()]),
            ("resets", resets),
            ("writes", [f"{n} {address:x} {word:x}" for n, address, word in self.writes]),
        ):
            (self.folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
        for name in (*_FILES, _TAKEN):
            (self.folder / name).unlink(missing_ok=True)

    def read_progress(self) -> int:
        """Return the number of answers so far, which the bench leaves."""
        path = self.folder / _PROGRESS
        text = path.read_text() if path.exists() else ""
        return int(text) if text.isdigit() else 0

    def read(self) -> Record | None:
        """Return what the driver left, or None if it did not come to the end."""
        if not all((self.folder / name).exists() for name in _FILES):
            return None
        answers, cuts, failures, stalls = (
            (self.folder / name).read_text().splitlines() for name in _FILES
        )
        rows = [line.split() for line in cuts]
        if not stalls or rows[-1][0] != "end":
            return None
        numbers = [[int(number) for number in row[1:]] for row in rows]
        taken = self.folder / _TAKEN
        return Record(
            answers,
            [Cut(*row[:4], *(bool(flag) for flag in row[4:7]), row[7]) for row in numbers],
            failures,
            dict(zip(STALLS, map(int, " ".join(stalls).split()), strict=True)),
            [] if self.answer.whole else [int(cycle) for cycle in taken.read_text().split()],
        )
