# SPDX-License-Identifier: Apache-2.0
"""The driver of `driver.v` once more, for Amaranth's simulator: the same job, cycle by cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lmu_hw.simulate.job import STALLS, Cut, Job, Offer, Record, Reset, When

__all__ = ["Driven", "Driver", "Seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the design showed in a cycle.

    Attributes
    ----------
    tready, tvalid, tlast : bool
        s_axis_tready, m_axis_tvalid, m_axis_tlast.
    tdata : int
    busy : bool
        A layer starts a step or stores a code.
    """

    tready: bool
    tvalid: bool
    tdata: int
    tlast: bool
    busy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """What drives the design in a cycle; `write` is an address and a word, or None."""

    rst: bool = False
    tvalid: bool = False
    tdata: int = 0
    tlast: bool = False
    tready: bool = False
    write: tuple[int, int] | None = None


class Driver:
    """Decides from what the design showed in a cycle what drives it in the next one.

    Parameters
    ----------
    job : Job
    width : int
        Bits of m_axis_tdata.
    """

    def __init__(self, job: Job, width: int) -> None:
        self.job, self.width = job, width
        self._random = np.random.default_rng(job.seed + 4)
        lines = (line.split() for line in job.beats())
        self._beats = [(int(pause), last == "1", int(word, 16)) for pause, last, word in lines]
        self._pauses = job.pauses()[::-1]
        self._resets = job.resets[::-1]
        self._writes = job.writes[::-1]
        self._pause = self._beats[0][0]
        self._left = self._resets[-1].length  # cycles of the reset that there is
        self._delay, self._met, self._waited = 0, False, 0
        self._low = self._high = self._quiet = self._stuck = self._resets_done = self._written = 0
        self._was = (Seen(tready=False, tvalid=False, tdata=0, tlast=False, busy=False), Driven())
        self._was_full = self._was_waiting = False
        self.driven = Driven(rst=True)
        self.cycle = self.accepted = 0
        self.done = False
        self.record = Record([], [], [], dict.fromkeys(STALLS, 0))

    def step(self, seen: Seen) -> None:
        """Take note of a cycle; `driven` is what comes next, unless all is `done`."""
        driven, job = self.driven, self.job
        entered = driven.tvalid and seen.tready and not driven.rst
        answered = seen.tvalid and driven.tready and not driven.rst
        if driven.rst and not self._was[1].rst:
            self._cut(seen)
        moved = entered or answered or driven.rst
        self._quiet = 0 if moved or seen.busy else self._quiet + 1
        self._stuck = 0 if moved or driven.write is not None else self._stuck + 1
        if answered:
            self.record.answers.append(f"{seen.tdata:0{self.width}b} {int(seen.tlast)}")
        full = driven.tvalid and not seen.tready and not driven.rst
        waiting = seen.tvalid and not driven.tready and not driven.rst
        self._check(seen)
        self._count(seen, full, waiting)
        if entered:
            self.accepted += 1
            self._pause = self._beats[self.accepted][0] if self._more else 0
        fire, ends = self._reset(seen, full, waiting)
        self._was, self._was_full, self._was_waiting = (seen, driven), full, waiting
        self.driven = Driven(
            rst=fire or (driven.rst and not ends),
            **self._source(entered, fire, ends),
            tready=self._sink(fire),
            write=self._write(fire, ends),
        )
        self.cycle += 1
        idle = self._quiet > job.settle and not seen.tvalid and not driven.rst and not fire
        waits = self._more or self._resets or self._writes
        if self._stuck > job.patience:
            self._complain("no progress")
        if (idle and not waits) or self._stuck > job.patience:
            self.done = True
            self._cut(seen)

    @property
    def _more(self) -> bool:
        return self.accepted < len(self._beats)

    @property
    def _armed(self) -> Reset | None:
        """The reset that waits for its moment."""
        if self._resets and not self._left and self.accepted >= self._resets[-1].after:
            return self._resets[-1]
        return None

    def _cut(self, seen: Seen) -> None:
        driven = self.driven
        self.record.cuts.append(
            Cut(
                cycle=self.cycle,
                accepted=self.accepted,
                answers=len(self.record.answers),
                quiet=self._quiet,
                waiting=self._was_waiting,
                offered=driven.tvalid,
                full=self._was_full,
                writes=self._written,
            )
        )

    def _complain(self, text: str) -> None:
        answers = len(self.record.answers)
        self.record.failures.append(f"cycle {self.cycle}, answer {answers}: {text}")

    def _check(self, seen: Seen) -> None:
        before, driven = self._was
        if self.driven.rst and seen.tready:
            self._complain("s_axis_tready must be low in reset")
        if self.driven.rst and seen.tvalid:
            self._complain("m_axis_tvalid must be low in reset")
        if driven.rst and seen.tvalid:
            self._complain("m_axis_tvalid must be low after reset")
        waited = before.tvalid and not driven.tready and not driven.rst and not self.driven.rst
        if waited and (seen.tvalid, seen.tdata, seen.tlast) != (True, before.tdata, before.tlast):
            self._complain("an answer must stay until it is taken")

    def _count(self, seen: Seen, full: bool, waiting: bool) -> None:
        if not self.driven.rst:
            early = not self.driven.tready and not seen.tvalid
            everything = full and waiting and self._quiet > self.job.settle
            kinds = (not self.driven.tvalid, full, waiting, early, everything)
            for kind, there in zip(STALLS, kinds, strict=True):
                self.record.stalls[kind] += there

    def _reset(self, seen: Seen, full: bool, waiting: bool) -> tuple[bool, bool]:
        """Return whether a reset begins, and whether one ends."""
        if self.driven.rst:
            self._left -= 1
            if self._left == 0:
                self._resets_done += 1
                self._resets.pop()
                self._met, self._waited = False, 0
                self._delay = self._resets[-1].delay if self._resets else 0
            return False, self._left == 0
        if (armed := self._armed) is None:
            return False, False
        quiet = self._quiet > self.job.settle
        self._waited += 1
        self._met |= {
            When.ANY: True,
            When.WAITING: waiting,
            When.FULL: full and waiting and quiet,
            When.IDLE: quiet and not self.driven.tvalid and not seen.tvalid,
            When.WRITING: self.driven.write is not None,
        }[armed.when]
        long = self._waited > 2 * self.job.fill_cycles and armed.when is not When.IDLE
        if not self._met and not long:
            return False, False
        self._delay -= 1
        if self._delay >= 0:
            return False, False
        self._left = armed.length
        return True, False

    def _source(self, entered: bool, fire: bool, ends: bool) -> dict[str, Any]:
        """Return what the source gives."""
        driven = self.driven
        if fire or (driven.rst and not ends):
            offer = self._resets[-1].offer
            if offer is Offer.BEAT and self._more:
                self._pause = 0
                return self._beat()
            return self._noise(valid=offer is Offer.NOISE)
        if driven.tvalid and not entered and not driven.rst:
            return {"tvalid": True, "tdata": driven.tdata, "tlast": driven.tlast}
        armed = self._armed
        withheld = self._writing or (armed is not None and armed.when is When.IDLE)
        if self._more and self._pause == 0 and not withheld:
            return self._beat()
        self._pause = max(self._pause - 1, 0)
        return self._noise(valid=False)

    def _beat(self) -> dict[str, Any]:
        _, last, word = self._beats[self.accepted]
        return {"tvalid": True, "tdata": word, "tlast": last}

    def _noise(self, *, valid: bool) -> dict[str, Any]:
        bits = self.job.source.size * self.job.element_bits
        word = int.from_bytes(self._random.bytes(bits // 8), "little")
        return {"tvalid": valid, "tdata": word, "tlast": bool(self._random.integers(2))}

    def _sink(self, fire: bool) -> bool:
        """Return whether answers are asked for."""
        if not self._low and not self._high and len(self.record.answers) >= self.job.calm_answers:
            self._low, self._high = self._pauses.pop() if self._pauses else (0, 0)
        armed = self._armed
        when = None if armed is None else armed.when
        if fire:
            return bool(self._random.integers(2))
        if when in (When.WAITING, When.FULL):
            return False
        if self._low and when is not When.IDLE:
            self._low -= 1
            return False
        self._high = max(self._high - 1, 0)
        return True

    @property
    def _writing(self) -> bool:
        return bool(self._writes) and self._resets_done >= self._writes[-1][0]

    def _write(self, fire: bool, ends: bool) -> tuple[int, int] | None:
        """Return a coefficient to write, most of the time if there is one."""
        free = self._writing and not fire and not (self.driven.rst and not ends)
        if not free or self._random.random() < 0.1:
            return None
        _, address, word = self._writes.pop()
        self._written += 1
        return address, word
