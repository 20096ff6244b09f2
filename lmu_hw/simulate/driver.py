# SPDX-License-Identifier: Apache-2.0
"""The driver of `driver.v` once more, for Amaranth's simulator: the same job, cycle by cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lmu_hw.network import Packet
from lmu_hw.simulate.job import STALLS, Cut, Job, Offer, Record, Reset, When

__all__ = ["Driven", "Driver", "Seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the design showed in a cycle.

    Attributes
    ----------
    tready, tvalid, tlast, tuser, malformed : bool
        s_axis_tready; m_axis_tvalid, m_axis_tlast, m_axis_tuser; s_axis_malformed.
    tdata, tkeep, tid : int
    busy : bool
        A layer starts a step or stores a code.
    """

    tready: bool
    tvalid: bool
    tdata: int
    tlast: bool
    busy: bool
    tkeep: int = 0
    tuser: bool = False
    tid: int = 0
    malformed: bool = False

    @property
    def offered(self) -> tuple[int, bool, int, bool, int]:
        """What must not change while it waits."""
        return self.tdata, self.tlast, self.tkeep, self.tuser, self.tid


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """What drives the design in a cycle; `write` is an address and a word, or None."""

    rst: bool = False
    tvalid: bool = False
    tdata: int = 0
    tlast: bool = False
    tkeep: int = 0
    tuser: bool = False
    tid: int = 0
    tready: bool = False
    write: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Offer:
    """A line of ``beats.txt``; see `driver.v`."""

    pause: int
    gaps: bool
    last: bool
    beats: int
    keep: int
    data: int
    stream: int

    @classmethod
    def read(cls, line: str) -> _Offer:
        pause, gaps, last, beats, keep, data, stream = line.split()
        numbers = int(beats), int(keep, 16), int(data, 16), int(stream)
        return cls(int(pause), gaps == "1", last == "1", *numbers)

    def needed(self, packet: Packet) -> int:
        """Return the beats after which the vector is there."""
        return min(self.beats, packet.beats)

    def kept(self, beat: int, packet: Packet) -> int:
        """Return tkeep of a beat."""
        return self.keep >> beat * packet.bytes & (1 << packet.bytes) - 1

    def malformed(self, beat: int, packet: Packet) -> bool:
        """Tell whether a beat is not as it must be."""
        if packet.whole or beat >= packet.beats:
            return False
        ends = beat == packet.beats - 1
        cut = (beat == self.beats - 1) != ends and (packet.marks or self.last)
        return cut or self.kept(beat, packet) != packet.keep(ends=ends)


class Driver:
    """Decides from what the design showed in a cycle what drives it in the next one.

    Parameters
    ----------
    job : Job
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._random = np.random.default_rng(job.seed + 4)
        self._offers = [_Offer.read(line) for line in job.beats()]
        self._number = self._beat = 0  # of the vector, and of its beat
        self._answer: list[int] = []
        self._wrong = False
        self._pauses = job.pauses()[::-1]
        self._resets = job.resets[::-1]
        self._writes = job.writes[::-1]
        self._pause = self._offers[0].pause
        self._left = self._resets[-1].length  # cycles of the reset that there is
        self._delay, self._met, self._waited = 0, False, 0
        self._low = self._high = self._quiet = self._stuck = self._resets_done = self._written = 0
        self._was = (Seen(tready=False, tvalid=False, tdata=0, tlast=False, busy=False), Driven())
        self._was_full = self._was_waiting = False
        self.driven = Driven(rst=True)
        self.cycle = self.accepted = 0
        self.done = False
        self.record = Record([], [], [], dict.fromkeys(STALLS, 0), [])

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
        self._check(seen)
        if answered:
            self._answered(seen)
        full = driven.tvalid and not seen.tready and not driven.rst
        waiting = seen.tvalid and not driven.tready and not driven.rst
        self._count(seen, full, waiting)
        self._wrong = False
        if entered:
            self._entered()
        fire, ends = self._reset(seen, full, waiting)
        if fire:
            self._answer.clear()
            self._cut_off()
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
        return self._number < len(self._offers)

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
        if waited and (seen.tvalid, seen.offered) != (True, before.offered):
            self._complain("an answer must stay until it is taken")
        if not self.job.answer.whole and not self.driven.rst:
            self._check_packets(seen)

    def _check_packets(self, seen: Seen) -> None:
        packet = self.job.answer
        ends = len(self._answer) == packet.beats - 1
        if seen.tvalid and seen.tkeep != packet.keep(ends=ends):
            self._complain("m_axis_tkeep must be that of the beat")
        if seen.tvalid and (seen.tlast != ends if packet.marks else seen.tlast and not ends):
            self._complain("m_axis_tlast must end a vector, or a sequence")
        if seen.malformed != self._wrong:
            self._complain("s_axis_malformed must follow a malformed beat, and nothing else")

    def _answered(self, seen: Seen) -> None:
        """Take note of a beat of an answer."""
        packet = self.job.answer
        self._answer.append(seen.tdata)
        if len(self._answer) == packet.beats:
            digits = "".join(f"{data:0{packet.width}b}" for data in reversed(self._answer))
            last = seen.tuser if packet.marks else seen.tlast
            self.record.answers.append(f"{digits} {int(last)} {seen.tid}")
            self.record.taken.append(self.cycle)
            self._answer.clear()

    def _entered(self) -> None:
        """Take note of a beat that was taken."""
        offer, packet = self._offers[self._number], self.job.source
        self._wrong = offer.malformed(self._beat, packet)
        self._beat += 1
        self.accepted += self._beat == offer.needed(packet)
        if self._beat == offer.beats:
            self._next()
        else:
            apart = offer.gaps and self._random.random() < 0.4
            self._pause = int(self._random.integers(8)) if apart else 0

    def _next(self) -> None:
        self._number, self._beat = self._number + 1, 0
        self._pause = self._offers[self._number].pause if self._more else 0

    def _cut_off(self) -> None:
        """Begin the present packet anew; the next one, if all that it takes is there."""
        if self._more and self._beat >= self._offers[self._number].needed(self.job.source):
            self._next()
        self._beat = 0

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
                return self._offered()
            return self._noise(valid=offer is Offer.NOISE)
        if driven.tvalid and not entered and not driven.rst:
            return {
                "tvalid": True,
                "tdata": driven.tdata,
                "tlast": driven.tlast,
                "tkeep": driven.tkeep,
                "tuser": driven.tuser,
                "tid": driven.tid,
            }
        armed = self._armed
        withheld = self._writing or (armed is not None and armed.when is When.IDLE)
        if self._more and self._pause == 0 and not withheld:
            return self._offered()
        self._pause = max(self._pause - 1, 0)
        return self._noise(valid=False)

    def _offered(self) -> dict[str, Any]:
        """Return the present beat."""
        offer, packet = self._offers[self._number], self.job.source
        noise = bool(self._random.integers(2))
        return {
            "tvalid": True,
            "tdata": offer.data >> self._beat * packet.width & (1 << packet.width) - 1,
            "tkeep": offer.kept(self._beat, packet),
            "tlast": self._beat == offer.beats - 1 and (packet.marks or offer.last),
            "tuser": offer.last if self._beat == offer.needed(packet) - 1 else noise,
            "tid": offer.stream,
        }

    def _noise(self, *, valid: bool) -> dict[str, Any]:
        octets = self.job.source.bytes
        return {
            "tvalid": valid,
            "tdata": int.from_bytes(self._random.bytes(octets), "little"),
            "tkeep": int.from_bytes(self._random.bytes(octets), "little") >> 7 * octets,
            "tlast": bool(self._random.integers(2)),
            "tuser": bool(self._random.integers(2)),
            "tid": int(self._random.integers(1 << self.job.source.id_bits)),
        }

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
