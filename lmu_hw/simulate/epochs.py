# SPDX-License-Identifier: Apache-2.0
"""What a run that resets cut into epochs must have stored: each epoch begins from zero states.

Between two resets the design computes the beats that it took, in order. What it had not finished
is lost: of an epoch that ends while something is inside, the words are a prefix of those expected.
Where nothing is inside, and at the end, every word must be there.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lmu_hw.golden import GoldenModel
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.simulate.scoreboard import Expectation, Words, expect
from lmu_hw.simulate.stimuli import Sequence
from lmu_hw.simulate.turns import Turns, in_order

__all__ = ["Epoch", "Piece", "epochs_of", "expected_lasts", "expected_words", "pieces_of"]

Codes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A stretch of a sequence that ran from zero states.

    Attributes
    ----------
    sequence, first : int
        Number of the sequence, and its step at which the stretch begins.
    codes : (steps, inputs) int64
    ends : bool
        Its last step is that of the sequence.
    """

    sequence: int
    first: int
    codes: Codes
    ends: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Epoch:
    """What ran between two resets.

    Attributes
    ----------
    pieces : list of Piece
    complete : bool
        Nothing was inside when it ended, so that every word must be there.
    network : QuantizedNetwork
        What the hardware computed: coefficients may have been written.
    """

    pieces: list[Piece]
    complete: bool
    network: QuantizedNetwork


def epochs_of(
    sequences: Rows[Sequence],
    accepted: Rows[int],
    complete: Rows[bool],
    networks: Rows[QuantizedNetwork],
    turns: Turns | None = None,
) -> list[Epoch]:
    """Cut sequences where resets cut them.

    Parameters
    ----------
    sequences : list of Sequence
    accepted : list of int
        Beats that were taken before the end of each epoch.
    complete : list of bool
    networks : list of QuantizedNetwork
    turns : Turns, optional
        The order in which steps were offered; None: one sequence after the other.
    """
    return [
        Epoch(pieces=pieces, complete=whole, network=network)
        for pieces, whole, network in zip(
            pieces_of(sequences, accepted, turns), complete, networks, strict=True
        )
    ]


def pieces_of(
    sequences: Rows[Sequence], accepted: Rows[int], turns: Turns | None = None
) -> list[list[Piece]]:
    """Return what ran in each epoch, by the first step; arguments as for `epochs_of`."""
    turns = turns or in_order(sequences)
    return [_between(sequences, turns, low, high) for low, high in pairwise([0, *accepted])]


def _between(sequences: Rows[Sequence], turns: Turns, low: int, high: int) -> list[Piece]:
    """Return what beats `low` to `high` are of the sequences."""
    numbers, places, counts = np.unique(
        turns.sequence[low:high], return_index=True, return_counts=True
    )
    pieces = []
    for at in np.argsort(places):
        number, first = int(numbers[at]), int(turns.step[low + places[at]])
        codes, last = sequences[number].codes, first + int(counts[at])
        pieces.append(
            Piece(sequence=number, first=first, codes=codes[first:last], ends=last == len(codes))
        )
    return pieces


def expected_words(epochs: Rows[Epoch], plan: Plan, counts: Rows[Rows[int]]) -> list[Expectation]:
    """Return what each layer and the output must have produced, in order.

    Parameters
    ----------
    epochs : list of Epoch
    plan : Plan
    counts : (epochs, layers + 1) int
        Words that were there at each place, by epoch: of an epoch that is not complete, no more
        are expected.
    """
    golden = {id(epoch.network): GoldenModel(epoch.network) for epoch in epochs}
    parts: list[list[Expectation]] = []
    for epoch, count in zip(epochs, counts, strict=True):
        whole = _of_epoch(golden[id(epoch.network)], plan, epoch)
        parts.append(
            [
                part if epoch.complete else _first(part, number)
                for part, number in zip(whole, count, strict=True)
            ]
        )
    return [_joined([part[place] for part in parts]) for place in range(len(plan.layers) + 1)]


def _of_epoch(golden: GoldenModel, plan: Plan, epoch: Epoch) -> list[Expectation]:
    """Return all words of an epoch."""
    pieces = epoch.pieces
    if not pieces:
        empty = Sequence(name="", codes=np.zeros((1, golden.network.inputs), np.int64))
        return [_first(part, 0) for part in expect(golden, plan, [empty])]
    whole = expect(golden, plan, [Sequence(name="", codes=_continued(piece)) for piece in pieces])
    return [_in_place(part, pieces) for part in whole]


def _continued(piece: Piece) -> Codes:
    """Return a piece with another step if it does not end, so that its own are not the last."""
    return piece.codes if piece.ends else np.concatenate([piece.codes, piece.codes[-1:]])


def _in_place(part: Expectation, pieces: list[Piece]) -> Expectation:
    """Leave out what belongs to steps that were only added, and number steps as the stimuli do."""
    steps = np.array([len(piece.codes) for piece in pieces])
    present = part.step < steps[part.sequence]
    first = np.array([piece.first for piece in pieces])
    numbers = np.array([piece.sequence for piece in pieces])
    return replace(
        _selected(part, present),
        sequence=numbers[part.sequence[present]],
        step=part.step[present] + first[part.sequence[present]],
    )


def _first(part: Expectation, count: int) -> Expectation:
    return _selected(part, np.arange(len(part.step)) < count)


def _selected(part: Expectation, mask: NDArray[np.bool_]) -> Expectation:
    words = part.words
    return Expectation(
        names=part.names,
        words=Words(**{name: getattr(words, name)[mask] for name in words.__dataclass_fields__}),
        sequence=part.sequence[mask],
        step=part.step[mask],
    )


def _joined(parts: list[Expectation]) -> Expectation:
    def chain(arrays: list[NDArray]) -> NDArray:
        return np.concatenate(arrays)

    fields = Words.__dataclass_fields__
    return Expectation(
        names=parts[0].names,
        words=Words(**{f: chain([getattr(part.words, f) for part in parts]) for f in fields}),
        sequence=chain([part.sequence for part in parts]),
        step=chain([part.step for part in parts]),
    )


def expected_lasts(epoch: Epoch) -> list[bool]:
    """Return m_axis_tlast of each answer of an epoch, if all come."""
    lasts: list[bool] = []
    for piece in epoch.pieces:
        steps = len(piece.codes)
        if epoch.network.answers_once:
            lasts += [True] * piece.ends
        else:
            lasts += [piece.ends and step == steps - 1 for step in range(steps)]
    return lasts
