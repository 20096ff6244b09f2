# SPDX-License-Identifier: Apache-2.0
"""What goes into a simulation: worst cases first, then noise, then real data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntFlag
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import LmuLayer, window
from lmu_hw.network import INPUT, QuantizedNetwork
from lmu_hw.proofs import impulse_response, quantized_memories, sign_matched, values
from lmu_hw.sequences import Sequences, SequencesLike
from lmu_hw.simulate.directed.coverage_set import covering_sequences
from lmu_hw.simulate.directed.goals import Goals
from lmu_hw.simulate.directed.overflows import overflowing_sequences

__all__ = [
    "BEATS_PER_RESET",
    "BEFORE",
    "DATA",
    "STORM",
    "Pauses",
    "Sequence",
    "Stall",
    "data_sequences",
    "ends_left",
    "few",
    "stimuli",
    "window_steps",
]

Codes = NDArray[np.int64]

DATA = "input data"
"""Name of the sequences that are the user's."""

BEFORE = "before reset"
"""Name of the first sequence, in the middle of which a reset comes."""
BEATS_PER_RESET = 4
"""Steps of the storm for each reset: most of those that enter are dropped."""
STORM = "storm"
"""Name of the sequences that resets cut."""

_BEFORE = 6  # steps of the first sequence
_FEWEST = 24  # steps of the storm where few must do
_RESETS = (8, 400)  # in the storm, at least and at most
_LONGEST = 4_000  # steps of a built-in stimulus
_ROUNDS = 24  # steps of each of several streams
_MORE = 16  # steps of history beyond all windows: of cells without one
_STIMULI = 12  # long stimuli, which share the time steps among them
_SPARSE = (1, 1, 1, 1, 2, 1, 1, 3, 1, 2, 1, 1)  # steps of sequences with zeros
_ADVERSARIES = 3  # states that are driven to their peak gain


class Stall(IntFlag):
    """Who makes the other side wait, at random times."""

    NONE = 0
    INPUT = 1
    """The source pauses between beats."""
    OUTPUT = 2
    """The sink is not always ready."""


_STALLS = (Stall.NONE, Stall.INPUT, Stall.OUTPUT, Stall.INPUT | Stall.OUTPUT)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sequence:
    """A sequence of input vectors.

    Parameters
    ----------
    name : str
    codes : (steps, inputs) int64
    stall : Stall
    """

    name: str
    codes: Codes
    stall: Stall = Stall.NONE


class Pauses:
    """Lengths of pauses: mostly a few cycles, every eighth long enough to fill or drain all queues.

    Parameters
    ----------
    seed : int
    longest : int
        Cycles of a long pause.
    """

    def __init__(self, seed: int, longest: int) -> None:
        self._random = np.random.default_rng(seed)
        self._longest = longest
        self._made = 0

    def cycles(self) -> int:
        """Return the length of the next pause."""
        self._made += 1
        return self._longest if self._made % 8 == 2 else int(self._random.integers(12)) + 1


def stimuli(
    design: Design,
    goals: Goals,
    data: list[Sequence],
    *,
    steps: int | None,
    seed: int,
    overflowing: Collection[Codes] | None = None,
    packets: bool = False,
    streams: int = 1,
) -> list[Sequence]:
    """Return the sequences of a simulation, those at full load first, then those of the storm.

    Parameters
    ----------
    design : Design
    goals : Goals
        What the sequences are to reach.
    data : list of Sequence
        The user's, from `data_sequences`.
    steps : int or None
        Time steps of all built-in stimuli together, about; None: as many as are useful.
    seed : int
    overflowing : collection of (steps, inputs) int64, optional
        Sequences with which sums leave their formats, from `ends_left`; None: they are searched.
    packets : bool
        Vectors are packets: there are some with zeros, which can be left out of a packet.
    streams : int
        If there are several, each has a long sequence at full load.
    """
    random = np.random.default_rng(seed)
    length = min(_LONGEST, window_steps(design))
    if steps is None:
        steps = 4 * _STIMULI * length
    length = min(length, max(2, steps // (3 * _STIMULI)))
    golden = GoldenModel(design.network)
    real = golden.quantize_input(design.calibration[:1].cut(length).values[None])[0]
    sequences = [Sequence(name=BEFORE, codes=_noise(design, random, _BEFORE))]
    sequences += [*data, Sequence(name="calibration data", codes=real)]
    worst = _worst_cases(design, length)
    sequences += worst
    if overflowing is None:
        overflowing = ends_left(design, goals, steps=steps, seed=seed)
    fitting = [codes for codes in overflowing if len(codes) <= steps // 4]
    tried = min(window_steps(design), max(8, steps // 16))
    searched = covering_sequences(
        goals,
        [*fitting, *(s.codes for s in worst)],
        steps=steps // 4,
        length=max([tried, *(len(codes) for codes in fitting)]),
        seed=seed,
    )
    sequences += [
        Sequence(name="searched", codes=codes, stall=stall)
        for codes, stall in zip(searched, cycle(_STALLS))
    ]
    sequences += [
        Sequence(name="noise", codes=_noise(design, random, length), stall=stall)
        for stall in _STALLS
    ]
    sequences += [
        Sequence(name="short noise", codes=_noise(design, random, short), stall=stall)
        for stall in _STALLS
        for short in random.permutation([1, 1, 2, 3])
    ]
    if packets:
        sequences += [
            Sequence(name="zeros", codes=_sparse(design, random, short), stall=stall)
            for stall in _STALLS
            for short in random.permutation(_SPARSE)
        ]
    if streams > 1:
        sequences[1:1] = [
            Sequence(name="noise", codes=_noise(design, random, _ROUNDS)) for _ in range(streams)
        ]
    storm = _storm(design, random, 4 * steps // (5 * len(design.network.layers)))
    return sorted(sequences, key=lambda sequence: sequence.stall) + storm


def ends_left(design: Design, goals: Goals, *, steps: int | None, seed: int) -> list[Codes]:
    """Return sequences with which sums leave their formats, as a search finds them.

    Parameters
    ----------
    design : Design
    goals : Goals
    steps : int or None
        As of `stimuli`: where they are few, the search is short.
    seed : int
    """
    layers = [layer for layer in design.reference.layers if isinstance(layer, LmuLayer)]
    longest = _MORE + sum(_steps_of(layer) for layer in layers)
    return overflowing_sequences(goals, longest=longest, steps=steps, seed=seed)


def few(sequences: list[Sequence], steps: int) -> list[Sequence]:
    """Return a selection for a simulator that is too slow for all of them.

    The user's data stays. Of the rest, the shortest of each stall pattern and the beginning of the
    storm are taken, unless all of it takes few steps.
    """
    built_in = [sequence for sequence in sequences if sequence.name != DATA]
    if sum(len(s.codes) for s in built_in if s.name != STORM) <= 2 * steps:
        return sequences
    storm = [sequence for sequence in built_in if sequence.name == STORM]
    ends = np.cumsum([len(sequence.codes) for sequence in storm])
    chosen = storm[: int(np.searchsorted(ends, max(steps // 2, _FEWEST))) + 1]
    for stall in _STALLS:
        alike = [s for s in built_in if s.stall == stall and s.name not in (BEFORE, STORM)]
        chosen += [min(alike, key=lambda sequence: len(sequence.codes))]
    first = [sequence for sequence in built_in if sequence.name == BEFORE]
    return [s for s in sequences if s in (*first, *chosen) or s.name == DATA]


def _storm(design: Design, random: np.random.Generator, resets: int) -> list[Sequence]:
    """Return short sequences, many of one step, for about so many resets to cut."""
    storm = []
    remaining = BEATS_PER_RESET * min(max(resets, _RESETS[0]), _RESETS[1])
    while remaining > 0:
        length = int(random.choice([1, 1, 1, 2, 3, 5]))
        codes = _noise(design, random, length)
        storm.append(Sequence(name=STORM, codes=codes, stall=Stall.INPUT | Stall.OUTPUT))
        remaining -= length
    return storm


def _sparse(design: Design, random: np.random.Generator, steps: int) -> Codes:
    """Return noise with many zeros, in the low and the high bits of an element, and at the end."""
    codes = _noise(design, random, steps)
    low = (1 << random.integers(design.network.input.format.width, size=codes.shape)) - 1
    few = np.where(random.random(codes.shape) < 0.5, codes & low, codes)
    ends = random.integers(codes.shape[1] + 1, size=(steps, 1))
    return np.where(np.arange(codes.shape[1]) < ends, few, 0)


def window_steps(design: Design) -> int:
    """Return the steps after which every memory has seen its whole window twice."""
    layers = [layer for layer in design.reference.layers if isinstance(layer, LmuLayer)]
    return max([16, *(_steps_of(layer) for layer in layers)])


def _steps_of(layer: LmuLayer) -> int:
    """Return the steps of two windows."""
    return int(2 * (window(layer.memory) or 4 * layer.memory.order))


def data_sequences(
    network: QuantizedNetwork, x: SequencesLike | None, steps: int | None
) -> list[Sequence]:
    """Return as many whole sequences as fit, or the start of the first one.

    Parameters
    ----------
    network : QuantizedNetwork
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), Sequences, or None
        The user's data, in the network's own units. Masked steps are left out.
    steps : int or None
        Most time steps; None: all.

    Raises
    ------
    NetworkError, RangeError
        If `x` is not what it must be.
    """
    if x is None:
        return []
    x = Sequences.of(x, features=network.inputs).without(network.mask_value)
    if steps is not None:  # before it is copied
        fitting = int(np.searchsorted(np.cumsum(x.lengths), steps, side="right"))
        x = x[:fitting] if fitting else x[:1].cut(max(steps, 2))
    codes, _ = GoldenModel(network).count_input(x)
    return [Sequence(name=DATA, codes=sequence, stall=Stall.NONE) for sequence in codes]


def _worst_cases(design: Design, steps: int) -> list[Sequence]:
    fmt = design.network.input.format
    low, high = fmt.min_code, fmt.max_code
    shape = (steps, design.network.inputs)
    impulse = np.zeros(shape, np.int64)
    impulse[0] = high
    alternating = np.where(np.arange(steps)[:, None] % 2, low, high) * np.ones(shape, np.int64)
    cases = {
        "impulse": impulse,
        "largest input": np.full(shape, high),
        "smallest input": np.full(shape, low),
        "alternating": alternating,
    }
    stalled = [
        Sequence(name=name, codes=codes, stall=stall)
        for (name, codes), stall in zip(cases.items(), _STALLS, strict=True)
    ]
    return stalled + [
        Sequence(name=name, codes=codes, stall=Stall.NONE)
        for name, codes in _adversaries(design, steps).items()
    ]


def _adversaries(design: Design, steps: int) -> dict[str, Codes]:
    """Return inputs that drive states of the first memory to their peak gain at the last step.

    Those with the largest gain within `steps` steps; u gets the sign that the state wants, as far
    as the input decides it.
    """
    network = design.network
    memories = quantized_memories(network)
    fmt = network.input.format
    if not memories or memories[0].layer is not network.layers[0]:
        return {"sign-matched": np.full((steps, network.inputs), fmt.max_code)}
    memory = memories[0]
    encoders = values(network.layers[0].nodes[0], INPUT, delayed=False)
    first = np.zeros(network.inputs) if encoders is None else encoders[0]
    responses = impulse_response(memory.A, memory.B, steps)
    largest = np.argsort(-np.abs(responses).sum(axis=0), kind="stable")[:_ADVERSARIES]
    return {
        f"sign-matched m[{state}]": np.where(
            sign_matched(responses, int(state))[:, None] * first >= 0, fmt.max_code, fmt.min_code
        )
        for state in largest
    }


def _noise(design: Design, random: np.random.Generator, steps: int) -> Codes:
    fmt = design.network.input.format
    shape = (steps, design.network.inputs)
    return random.integers(fmt.min_code, fmt.max_code, size=shape, endpoint=True)
