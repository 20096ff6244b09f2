# SPDX-License-Identifier: Apache-2.0
"""When the bench resets the design, and when it writes coefficients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmu_hw.simulate.coefficient_sets import CoefficientSet, Since
from lmu_hw.simulate.job import Offer, Reset, When
from lmu_hw.simulate.stimuli import BEATS_PER_RESET, STORM, Sequence

__all__ = ["resets_of", "writes_of", "written_after"]

_MARGIN = 24  # cycles from the last sum of a step to the last word
_REST = 8  # beats after which no reset comes
# Anywhere within a step most often: that is where the state machines are.
# The first one finds everything computed that came before the storm.
_WHENS = (
    *(When.IDLE, When.FULL, When.ANY, When.ANY, When.WAITING, When.ANY, When.ANY, When.ANY),
    *(When.ANY, When.WAITING, When.ANY, When.ANY, When.ANY, When.ANY, When.ANY, When.ANY),
)


def resets_of(
    sequences: list[Sequence],
    *,
    cycles_per_step: int,
    layers: int,
    sets: list[CoefficientSet],
    seed: int,
) -> list[Reset]:
    """Return the reset at power-up, one in the middle of the first step, and those of the storm.

    Parameters
    ----------
    sequences : list of Sequence
    cycles_per_step, layers : int
    sets : list of CoefficientSet
        Coefficients are written after the first two resets, and in the middle of the storm.
    seed : int
    """
    random = np.random.default_rng(seed + 3)
    first = [_power_up(), _power_up(after=3, delay=int(random.integers(1, 2 * cycles_per_step)))]
    storm = sum(len(sequence.codes) for sequence in sequences if sequence.name == STORM)
    calm = sum(len(sequence.codes) for sequence in sequences) - storm
    count = storm // BEATS_PER_RESET
    places = np.linspace(0, max(storm - _REST, 0), count).astype(np.int64)
    # From the first beat after a reset until its answer, once in each of as many parts as there are
    # resets, in any order.
    parts = (random.permutation(count) + random.random(count)) / max(count, 1)
    delays = (parts * layers * (cycles_per_step + _MARGIN)).astype(np.int64)
    resets = [
        Reset(
            after=calm + int(place),
            when=(when := _WHENS[number % len(_WHENS)]),
            delay=int(delay) if when is When.ANY else int(random.integers(_MARGIN)),
            length=3 if number % 7 == 6 else 1,
            offer=Offer(int(random.integers(3))),
        )
        for number, (place, delay) in enumerate(zip(places, delays, strict=True))
    ]
    if any(coefficients.since is Since.STORM for coefficients in sets):
        middle = count // 2
        before = replace(resets[middle], offer=Offer.NOTHING)
        within = replace(before, when=When.WRITING, delay=0, length=1)
        resets[middle : middle + 1] = [before, within]
    return first + resets


def _power_up(*, after: int = 0, delay: int = 0) -> Reset:
    return Reset(after=after, when=When.ANY, delay=delay, length=1, offer=Offer.NOTHING)


def writes_of(sets: list[CoefficientSet], resets: list[Reset]) -> list[tuple[int, int, int]]:
    """Return the coefficients to write, and after how many resets."""
    places = written_after(sets, resets)
    return [
        (place, address, word)
        for place, coefficients in zip(places, sets, strict=True)
        for address, word in coefficients.words
    ]


def written_after(sets: list[CoefficientSet], resets: list[Reset]) -> list[int]:
    """Return after how many resets each coefficients is there."""
    storm = next((n for n, reset in enumerate(resets) if reset.when is When.WRITING), 0)
    after = {Since.POWER_UP: 0, Since.CALM: 2, Since.STORM: storm}
    return [after[coefficients.since] for coefficients in sets]
