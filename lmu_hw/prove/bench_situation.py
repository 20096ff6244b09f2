# SPDX-License-Identifier: Apache-2.0
"""Where a run of a whole design is, and what is still due in it."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.hardware.machine import State
from lmu_hw.prove.narrowing import Codes
from lmu_hw.prove.specification import Past

__all__ = ["Answer", "Due", "Situation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a layer has to store in one time step.

    Attributes
    ----------
    step : int
        Number of the input vector, from 0 on.
    stream : int
        Whose it is.
    last : bool
        It is the last one of its sequence.
    past : dict of node to codes, or None
        What the step reads of the one before.
    x : list of codes
        Input of the layer.
    named : tuple of values
        All results of the specification, in its order.
    codes : dict of (node, element) to value
        What is still to be stored.
    begun : bool
    """

    step: int
    stream: int
    last: bool
    past: Past | None
    x: Codes
    named: tuple[Value, ...]
    codes: dict[tuple[int, int], Value]
    begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that is due.

    Attributes
    ----------
    step, stream : int
    last : bool
        It ends its sequence.
    codes : list of codes
    """

    step: int
    stream: int
    last: bool
    codes: Codes


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a run is: what the hardware holds, and what is due.

    Attributes
    ----------
    state : State
    lasts : tuple of bool
        For each input vector taken so far, whether it ended its sequence.
    past : tuple of tuple
        Of each stream and each layer: what the step before has left to the next one.
    due : tuple of tuple of Due
        Of each layer.
    answers : tuple of Answer
    offered, answered : int
        Beats that were taken of the vector that is offered, and of the first answer.
    """

    state: State
    lasts: tuple[bool, ...]
    past: tuple[tuple[Past | None, ...], ...]
    due: tuple[tuple[Due, ...], ...]
    answers: tuple[Answer, ...] = ()
    offered: int = 0
    answered: int = 0
