# SPDX-License-Identifier: Apache-2.0
"""The clock that constraints ask for, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.integration.subject import Subject

__all__ = ["Clock", "clock_of"]

_UNKNOWN = 100.0  # MHz, where nothing is known of the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock in MHz, and in words what it is."""

    mhz: float
    words: str

    @property
    def period(self) -> str:
        """In ns, rounded down to a picosecond: no slower than asked for."""
        return f"{int(1e6 / self.mhz) / 1000:.3f}"


def clock_of(subject: Subject) -> Clock:
    """Return the clock that was asked for, or the estimate of what the design reaches."""
    choice = subject.manifest["choice"]
    asked, estimate = choice["clock_mhz"], subject.chosen["mhz"]
    if asked is not None:
        return Clock(mhz=float(asked), words="as asked for")
    if estimate is not None:
        return Clock(
            mhz=float(estimate), words=f"what the design is estimated to reach on {_device(choice)}"
        )
    return Clock(mhz=_UNKNOWN, words="a guess: nothing is known of the chip")


def _device(choice: dict) -> str:
    return str(choice["estimated_for"])
