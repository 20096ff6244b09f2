# SPDX-License-Identifier: Apache-2.0
"""The parts of an LMU layer among the tensors around its memory, by names and shapes."""

from __future__ import annotations

from lmu_hw.load.draft.items import Items, Matrix
from lmu_hw.load.draft.memory import StoredMemory
from lmu_hw.load.draft.names import dotted, hint_of, parent_of
from lmu_hw.load.draft.parts import place_all
from lmu_hw.load.draft.sizes import LmuDraft, find_sizes
from lmu_hw.load.mapping.view import View

__all__ = ["lmu_drafts"]


def lmu_drafts(items: Items, memories: list[StoredMemory]) -> list[LmuDraft]:
    """Return the LMU layers of a state dict; their tensors are taken out of its items."""
    drafts = []
    for memory in memories:
        others = [other.parent for other in memories if other is not memory]
        label, members = _members(items, memory.parent, others)
        drafts.append(LmuDraft(label=label, memory=memory, order=memory.order))
        _fill(drafts[-1], items, members)
    if not memories:
        for parent in dict.fromkeys(m.parent for m in items.matrices if _row(m) == "E"):
            label, members = _members(items, parent, [])
            draft = LmuDraft(label=label, memory=None, order=None)
            parts = {hint.part: m.shape for m in members if (hint := hint_of(m.label))}
            alone = 1 in parts.get("E_x", ()) and any(_row(m) == "W" for m in members)
            if "E_x" in parts and (alone or {"E_m", "W_m"} & set(parts)):
                drafts.append(draft)
                _fill(draft, items, members)
    return drafts


def _row(matrix: Matrix) -> str:
    """Return whether a matrix is named as one that drives the memory, E, or the cell, W."""
    hint = hint_of(matrix.label)
    return hint.row if hint is not None else ""


def _members(items: Items, parent: str, others: list[str]) -> tuple[str, list[Matrix]]:
    """Return the matrices around a memory: as far up as none of another memory is among them."""
    while True:
        start = f"{parent}." if parent else ""
        members = [
            matrix
            for matrix in items.matrices
            if matrix.label.startswith(start) and (parent or _row(matrix) or not matrix.named)
        ]
        cells = any(cell.label.startswith(start) for cell in items.recurrent)
        above = parent_of(parent)
        ends = not parent or any(
            f"{other}.".startswith(f"{above}." if above else "") for other in others
        )
        if any(map(_row, members)) or cells or ends:
            return parent, members
        parent = above


def _split(draft: LmuDraft) -> None:
    """Leave the cell of a memory that is driven by another layer, but reads x, to a dense layer."""
    has = {*draft.parts, *draft.choices}
    driven = "E_x" not in has and draft.inputs != draft.memories
    if draft.cell != "dense" or "W_x" not in has or not driven:
        return
    for part in ("W_m", "W_x", "b_h"):
        draft.parts.pop(part, None)
        draft.choices.pop(part, None)
    draft.cell, draft.units, draft.inputs = "none", None, draft.memories
    draft.driven = True


def _fill(draft: LmuDraft, items: Items, members: list[Matrix]) -> None:
    """Find the parts of a layer, and take their tensors out of the items."""
    start = f"{draft.label}." if draft.label else ""
    for name, length in items.vectors.items():  # an encoder of one input or memory may be one
        hint = hint_of(name)
        if dotted(name).startswith(start) and hint is not None and hint.row == "E":
            members.append(Matrix(label=dotted(name), tensor=name, shape=(1, length)))
    cells = [cell for cell in items.recurrent if cell.label.startswith(start)]
    readers = [matrix.shape[1] for matrix in items.matrices if matrix.named]
    find_sizes(draft, members, cells, readers)
    place_all(draft, members, cells, items)
    _split(draft)
    views = [*draft.parts.values(), *(views[0] for views in draft.choices.values())]
    names = {name for view in views for name in View.parse(view).names}
    matrices = [matrix for matrix in members if matrix.tensor in names]
    draft.first = (
        draft.memory.A.split()[0] if draft.memory else matrices[0].tensor if matrices else ""
    )
    items.matrices = [m for m in items.matrices if m.tensor not in names]
    items.vectors = {name: n for name, n in items.vectors.items() if name not in names}
