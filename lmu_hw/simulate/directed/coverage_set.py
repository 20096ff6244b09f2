# SPDX-License-Identifier: Apache-2.0
"""Choosing inputs that reach what a design can reach, on the golden model.

Given sequences, constant inputs, square waves and noise of every size first, then changes of what
came nearest. Of all that was tried, the sequences that reach most in few steps are kept, cut where
they reach nothing more.
"""

from __future__ import annotations

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.simulate.directed.goals import NEVER, Goals
from lmu_hw.simulate.directed.starts import codes_of, fitted, start_sequences

__all__ = ["covering_sequences"]

Codes = NDArray[np.int64]

_ROUNDS = 10
_TRIED = 32  # sequences in a round
_LONGEST = 400  # steps of a sequence
_LARGE_TABLE = 4096  # entries beyond which they are only counted
_WORTH = 200  # of an end of a sum, in entries of tables


def covering_sequences(
    goals: Goals, seeds: list[Codes], *, steps: int, length: int, seed: int
) -> list[Codes]:
    """Return sequences that reach goals.

    Parameters
    ----------
    goals : Goals
    seeds : list of (steps, inputs) int64
        Sequences to try first.
    steps : int
        Time steps of all sequences together, at most.
    length : int
        Time steps of a sequence that is tried.
    seed : int

    Returns
    -------
    list of (steps, inputs) int64
    """
    random = np.random.default_rng(seed)
    length = min(length, _LONGEST, max(steps, 1))
    inputs, fmt = goals.network.inputs, goals.network.input.format
    pool = np.stack(
        [
            *(fitted(codes, length) for codes in seeds),
            *islice(start_sequences(inputs, fmt, length, random), _TRIED),
        ]
    )
    searched = _searched(goals)
    tried, (first, distance) = pool, goals.look(pool)
    first = first[:, searched]
    for _ in range(_ROUNDS if steps else 0):
        missing = (distance > 0).all(axis=0)
        if not missing.any() and (first < NEVER).any(axis=0).all():
            break
        pool = _changed(tried, distance[:, missing], fmt, random)
        more = goals.look(pool)
        tried = np.concatenate([tried, pool])
        first = np.concatenate([first, more[0][:, searched]])
        distance = np.concatenate([distance, more[1]])
    return _chosen(tried, first, np.where(searched < len(goals.ends), _WORTH, 1), steps)


def _searched(goals: Goals) -> Codes:
    """Return the numbers of the goals that are searched for: ends, and entries of small tables."""
    tables = [
        np.arange(table.first, table.first + table.count)
        for table in goals.tables.values()
        if table.count <= _LARGE_TABLE
    ]
    return np.concatenate([np.arange(len(goals.ends)), *tables])


def _changed(tried: Codes, distance: Codes, fmt: FixedFormat, random: np.random.Generator) -> Codes:
    """Return changes of the sequences that came nearest to what is missing, one in each."""
    _, length, inputs = tried.shape
    pool = []
    for number in range(_TRIED):
        nearest = int(random.integers(len(tried)))
        if distance.shape[1]:
            nearest = int(distance[:, number % distance.shape[1]].argmin())
        codes = tried[nearest].copy()
        begin, end = np.sort(random.integers(0, length + 1, 2))
        some = random.random(inputs) < 0.5 if inputs > 1 else np.ones(1, np.bool_)
        kind = random.integers(3)
        if kind == 0:  # mirrored
            codes[begin:end, some] = fmt.max_code + fmt.min_code - codes[begin:end, some]
        elif kind == 1:  # an end of the format
            codes[begin:end, some] = random.choice([fmt.min_code, fmt.max_code])
        else:  # of another size
            codes[begin:end, some] = codes_of(random.uniform(-1, 1, (1, int(some.sum()))), fmt)
        pool.append(codes)
    return np.stack(pool)


def _chosen(tried: Codes, first: Codes, worth: Codes, steps: int) -> list[Codes]:
    """Return the sequences that reach most for their length, until all is reached or steps end."""
    chosen: list[Codes] = []
    unreached = np.flatnonzero((first < NEVER).any(axis=0))
    while steps > 0 and len(unreached):
        new = first[:, unreached] < min(steps, tried.shape[1])
        lengths = np.where(new, first[:, unreached], -1).max(axis=1) + 1
        gain = new @ worth[unreached] / np.sqrt(np.maximum(lengths, 1))
        best = int(gain.argmax())
        if not lengths[best]:
            break
        chosen.append(tried[best, : lengths[best]])
        unreached = unreached[~new[best]]
        steps -= int(lengths[best])
    return chosen
