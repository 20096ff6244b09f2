# SPDX-License-Identifier: Apache-2.0
"""What a plan is chosen for: a number of multipliers, or a rate of samples."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.checked import real, whole
from lmu_hw.errors import ConfigError
from lmu_hw.plan.banks import LEAST_BANK
from lmu_hw.plan.chip import DEFAULT, Chip, chip_named

__all__ = ["AUTO", "FULL", "Goal", "Lanes"]

AUTO, FULL = "auto", "full"

Lanes = int | str | None
"""Most multipliers of a layer; ``auto``: `Goal.DEFAULT_LANES`, or as many as a sample rate needs;
``full``, or None: everything at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a plan is chosen for.

    Parameters
    ----------
    lanes : int, ``auto``, ``full`` or None
        See `Lanes`.
    clock : float, optional
        In MHz.
    sample_rate : float, optional
        Time steps in a second.
    target : str, optional
        Name of the chip that a plan is for, one of `CHIPS`; None: an ECP5 of any size.
    bank_words : int, optional
        Most words of a bank of coefficients, a power of two; None: the fewest blocks of memory.

    Raises
    ------
    ConfigError
        If one of them is not what it must be, or they do not go together.
    """

    DEFAULT_LANES = 16

    lanes: Lanes = AUTO
    clock: float | None = None
    sample_rate: float | None = None
    target: str | None = None
    bank_words: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lanes", _lanes(self.lanes))
        for name, unit in (("clock", "MHz"), ("sample_rate", "Hz")):
            if (value := getattr(self, name)) is not None:
                rule = f"a number of {unit} above 0"
                object.__setattr__(self, name, real(value, f"`{name}`", above=0.0, rule=rule))
        if self.target is not None:
            chip_named(self.target)
        if self.bank_words is not None:
            words = whole(self.bank_words, "`bank_words`", least=LEAST_BANK)
            if words & words - 1:
                raise ConfigError(f"`bank_words` must be a power of two, not {words}")
            object.__setattr__(self, "bank_words", words)
        if self.sample_rate is not None and self.clock is None:
            raise ConfigError("`sample_rate` must come with `clock`: cycles are counted by both")
        if self.sample_rate is not None and self.full:
            raise ConfigError(
                f"`sample_rate` and `lanes` {FULL!r} cannot be combined: one of them must choose"
            )

    @property
    def chip(self) -> Chip:
        """What the plan is for."""
        return DEFAULT if self.target is None else chip_named(self.target)

    @property
    def full(self) -> bool:
        """Everything at once."""
        return self.lanes == FULL

    @property
    def most(self) -> int | None:
        """Most multipliers of an array, and of a structured memory; None: no limit."""
        match self.lanes:
            case int():
                return self.lanes
            case "auto" if self.sample_rate is None:
                return self.DEFAULT_LANES
            case _:
                return None

    @property
    def cycles(self) -> int | None:
        """Cycles that are there for a time step; None: no sample rate is given."""
        if self.sample_rate is None or self.clock is None:
            return None
        return int(self.clock * 1e6 / self.sample_rate)


def _lanes(lanes: object) -> Lanes:
    if lanes is None:
        return FULL
    if isinstance(lanes, str) and lanes in (AUTO, FULL):
        return lanes
    if isinstance(lanes, str):
        raise ConfigError(f"`lanes` must be a number or {FULL!r}, not {lanes!r}")
    return whole(lanes, "`lanes`", least=1)
