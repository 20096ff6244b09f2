# SPDX-License-Identifier: Apache-2.0
"""Where a layer is, and what its steps still owe."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.prove.algebra.forms import Value, exact
from lmu_hw.prove.algebra.names import Definitions
from lmu_hw.prove.data.buffers import Image
from lmu_hw.prove.hardware.machine import State
from lmu_hw.prove.narrowing import Codes
from lmu_hw.prove.specification import Past

__all__ = ["LayerSituation", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A time step of a layer, and what it still owes.

    Attributes
    ----------
    past : dict of node to codes, or None
        What it reads of the step before; None: it is the first one of its sequence.
    x : list of codes
    image : mapping of int to Word
        What the memory of the input holds of it.
    now : dict of node to codes
    lasting : frozenset of str
        What of it the next step may read.
    named : tuple of values
        All results of the specification, in its order.
    codes : dict of (node, element) to value
        Still to be stored.
    beats : tuple of list of codes
        Of its answer, still to be sent.
    age : int
        Cycles since it began.
    mark : int or None
        It is the last one of its sequence; None: nothing depends on that yet.
    dropped : bool
        The layer has let its input go.
    """

    past: Past | None
    x: Codes
    image: Image
    now: dict[str, Codes]
    lasting: frozenset[str]
    named: tuple[Value, ...]
    codes: dict[tuple[int, int], Value]
    beats: tuple[Codes, ...]
    age: int = 0
    mark: int | None = None
    dropped: bool = False

    @property
    def left(self) -> Past | None:
        """What the next step reads of it; None: nothing, or it is the last one of its sequence.

        With the bounds of its symbols: those of what they stand for are another matter then.
        """
        left = {
            name: [exact(code) for code in codes]
            for name, codes in self.now.items()
            if name in self.lasting
        }
        return None if self.mark or not left else left

    @property
    def done(self) -> bool:
        """It owes nothing."""
        return not self.codes and not self.beats


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSituation:
    """Where a layer is: what it holds, and what is due.

    Attributes
    ----------
    state : State
        Without the memory of its input.
    vectors : int
        Vectors whose steps have begun, modulo 2.
    step, before : Step or None
        The step that began last, while it is not forgotten; the one before it, while something of
        it is due.
    past : dict of node to codes, or None
        What a step that is forgotten has left to the next one.
    meanings : Definitions
        Of symbols.
    """

    state: State
    vectors: int = 0
    step: Step | None = None
    before: Step | None = None
    past: Past | None = None
    meanings: Definitions

    @property
    def left(self) -> Past | None:
        """What the next step reads."""
        return self.past if self.step is None else self.step.left
