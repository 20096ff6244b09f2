# SPDX-License-Identifier: Apache-2.0
"""Orders in which vectors of several streams come, over and over."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Arrangement", "Offer", "arrangements_of"]

_LONGEST_PAUSE = 7
_LONGEST_WAIT = 40
"""Cycles that an answer waits until it is taken, at most."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A vector that is offered.

    Attributes
    ----------
    stream : int
    last : bool
        It ends a sequence.
    pause : int
        Cycles in which nothing is offered before.
    """

    stream: int
    last: bool = False
    pause: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Vectors that are offered over and over, and how long answers wait.

    Attributes
    ----------
    name : str
        What it is in words.
    offers : tuple of Offer
    waits : tuple of int
        Cycles from an answer that was taken, or from the beginning, until the next one may be.
    full_load : bool
        All streams take turns, and nobody waits: the plan says how long a step takes.
    """

    name: str
    offers: tuple[Offer, ...]
    waits: tuple[int, ...] = (0,)
    full_load: bool = False


def arrangements_of(streams: int) -> tuple[Arrangement, ...]:
    """Return the arrangements of a number of streams for which a design is proved."""
    ids = range(streams)
    draw = random.Random(streams)
    order = [*ids, *(draw.randrange(streams) for _ in ids)]
    draw.shuffle(order)
    return (
        Arrangement(
            name="all streams take turns at full load, and no sequence ends",
            offers=tuple(Offer(stream) for stream in ids),
            full_load=True,
        ),
        Arrangement(
            name="all streams take turns, and each sequence has two steps",
            offers=tuple(
                Offer(stream, last=(turn + stream) % 2 == 1) for turn in (0, 1) for stream in ids
            ),
        ),
        Arrangement(name="one stream alone", offers=(Offer(streams - 1),)),
        Arrangement(
            name="streams in a mixed order, sequences of many lengths, pauses and back-pressure",
            offers=tuple(
                Offer(
                    stream,
                    last=draw.random() < 0.3,
                    pause=draw.choice((0, 0, 1, _LONGEST_PAUSE)),
                )
                for stream in order
            ),
            waits=(0, 0, 1, _LONGEST_WAIT),
        ),
    )
