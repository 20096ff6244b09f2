# SPDX-License-Identifier: Apache-2.0
"""How large an LMU layer is: its memories, units and inputs, by the shapes of what is named."""

from __future__ import annotations

from dataclasses import dataclass, field

from lmu_hw.load.draft.items import Matrix, Recurrent
from lmu_hw.load.draft.memory import StoredMemory
from lmu_hw.load.draft.names import Hint, hint_of

__all__ = ["LmuDraft", "find_sizes", "may_be"]


@dataclass(slots=True, kw_only=True)
class LmuDraft:
    """What is known of an LMU layer.

    Parameters
    ----------
    label : str
        What its tensors have in common.
    memory : StoredMemory or None
    order, memories, units, inputs : int or None
    parts : dict of str to str
        Views by part.
    choices : dict of str to list of str
        Views of which one is right, by part.
    cell : str
    """

    label: str
    memory: StoredMemory | None
    order: int | None
    memories: int | None = None
    units: int | None = None
    inputs: int | None = None
    parts: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    """Parts with choices that may not be there."""
    cell: str = "none"
    recurrent: Recurrent | None = None
    first: str = ""
    """Its first tensor, for the order of layers."""
    driven: bool = False
    """Another layer drives it, and its cell, which reads x, is a layer of its own."""
    assumed: bool = False
    """Its order is what is left of a matrix beside the inputs."""
    bare: set[bool] = field(default_factory=set)
    """Which ways round its matrices lie that no layer of a library holds, where shapes say it."""

    @property
    def states(self) -> int | None:
        """States of all memories."""
        if self.order is None or self.memories is None:
            return None
        return self.order * self.memories

    @property
    def turned(self) -> bool | None:
        """True if all bare matrices have their inputs first, False if none has, else None."""
        if not self.bare:
            return False
        return next(iter(self.bare)) if len(self.bare) == 1 else None

    @property
    def parallel(self) -> bool:
        """True if nothing is fed back: an impulse response beside its memory says so."""
        return self.assumed or (self.memory is not None and bool(self.memory.responses))

    def shape(self, part: str) -> tuple[int | None, int | None]:
        """Return the shape that a part should have."""
        sources = {"x": self.inputs, "h": self.units, "m": self.states}
        return (self.memories if part[0] == "E" else self.units), sources[part[2]]


def find_sizes(
    draft: LmuDraft, members: list[Matrix], cells: list[Recurrent], readers: list[int]
) -> None:
    """Find memories, units and inputs from the tensors whose names say what they are.

    Parameters
    ----------
    draft : LmuDraft
    members : list of Matrix
        Around its memory.
    cells : list of Recurrent
    readers : list of int
        Widths of what may read the layer.
    """
    hints = [(hint_of(matrix.label), matrix) for matrix in members]
    shapes = {
        hint.part: matrix.shape
        for hint, matrix in hints
        if hint and hint.part and (matrix.named or may_be(matrix, hint.part))
    }
    encoders = [matrix for hint, matrix in hints if hint and hint.row == "E"]
    draft.memories = _memories(draft, encoders, shapes, readers)
    if draft.order is None and "E_m" in shapes and draft.memories:
        draft.order = max(shapes["E_m"]) // draft.memories
    if cells:
        draft.units = cells[0].units
    elif "W_h" in shapes:
        draft.units = shapes["W_h"][0]
    elif "W_m" in shapes:
        sides = shapes["W_m"]
        draft.units = sides[1] if sides[0] == draft.states != sides[1] else sides[0]
    if draft.order is None and "W_m" in shapes and draft.memories:
        sides = shapes["W_m"]
        draft.order = (sides[1] if sides[0] == draft.units else sides[0]) // draft.memories
    for part, rows in (("E_x", draft.memories), ("W_x", draft.units)):
        if part in shapes and draft.inputs is None:
            sides = shapes[part]
            draft.inputs = sides[0] if sides[1] == rows != sides[0] else sides[1]
    if draft.order is None and draft.inputs and draft.memories:
        draft.order = _order_of_both(draft, hints)
    if draft.units is None:
        others = [matrix.shape for matrix in members if matrix not in encoders]
        heights = [rows for rows, columns in others if columns == draft.states != rows]
        draft.units = next(iter(heights), None)


def _order_of_both(draft: LmuDraft, hints: list[tuple[Hint | None, Matrix]]) -> int | None:
    """Return the order where nothing but a matrix that reads memory and input may say it."""
    cells = [matrix for hint, matrix in hints if hint and hint.row == "W"]
    if len(cells) != 1 or not cells[0].named:
        return None
    states = cells[0].shape[1] - (draft.inputs or 0)
    order, rest = divmod(states, draft.memories or 1)
    draft.assumed = states > 0 and not rest
    return order if draft.assumed else None


def _memories(
    draft: LmuDraft,
    encoders: list[Matrix],
    shapes: dict[str, tuple[int, int]],
    readers: list[int],
) -> int | None:
    """Return how many memories there are, or None if nothing says it."""
    if encoders:
        named = [matrix.shape[0] for matrix in encoders if matrix.named]
        common = set.intersection(*(set(matrix.shape) for matrix in encoders))
        if named:
            return named[0]
        if 1 in common or len(common) != 1:
            return 1 if 1 in common else encoders[0].shape[0]
        return common.pop()
    order = draft.order
    if order is None:
        return 1
    widths = shapes.get("W_m", tuple(readers))
    counts = {width // order for width in widths if width % order == 0}
    if "W_m" in shapes:
        return max(counts) if counts else None
    return counts.pop() if len(counts) == 1 else None if counts else 1


def may_be(matrix: Matrix, part: str) -> bool:
    """Say whether a matrix has the shape of a part at all: h is as wide as it is high."""
    return part != "W_h" or matrix.shape[0] == matrix.shape[1]
