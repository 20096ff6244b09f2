# SPDX-License-Identifier: Apache-2.0
"""The parts of an LMU layer among the tensors around its memory, by names and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from lmu_hw.load.draft.items import Items, Matrix, Recurrent
from lmu_hw.load.draft.memory import StoredMemory
from lmu_hw.load.mapping.view import View

__all__ = ["LmuDraft", "lmu_drafts"]

_NAMES = {
    "E_x": r"ex|xe|enc|(enc|encoder|encode|proj)_?(x|in|input)|(x|in|input)_?(enc|encoders?|proj)"
    r"|x_?(2|to_?)u|ux|w_?ux?|w_?xu|encoders?|input_?to_?memory|encode",
    "E_h": r"eh|he|(enc|encoder|encode)_?(h|hidden)|(h|hidden)_?(enc|encoders?)|h_?(2|to_?)u|uh"
    r"|w_?uh|w_?hu|hidden_?to_?memory",
    "E_m": r"em|me|(enc|encoder|encode)_?(m|memory)|(m|memory)_?(enc|encoders?)|m_?(2|to_?)u|um"
    r"|w_?um|w_?mu|memory_?to_?memory",
    "W_x": r"wx|(input|x)_?kernel|kernel_?(input|x)|x_?(2|to_?)h|w_?xh|w_?hx|w_?ih"
    r"|input_?to_?hidden",
    "W_h": r"wh|(hidden|h|recurrent)_?kernel|kernel_?(hidden|h)|h_?(2|to_?)h|w_?hh|u"
    r"|hidden_?to_?hidden|hidden|recurrent|w_?rec",
    "W_m": r"wm|(memory|m)_?kernel|kernel_?(memory|m)|m_?(2|to_?)h|w_?mh|w_?hm|memory_?to_?hidden",
    "b_u": r"b_?u|u_?b|bias_?u|u_?bias|encoder_?bias|bias_?encoder",
    "b_h": r"b|bias|b_?h|h_?b|bias_?h|h_?bias|hidden_?bias|bias_?hidden",
}
_HINTS = {part: re.compile(pattern) for part, pattern in _NAMES.items()}
_FUSED = {
    "E": ("xh", "hx", "xhm", "hxm"),
    "W": ("mx", "xm", "mh", "hm", "xh", "hx", "mxh", "xhm", "xmh", "hxm", "hmx", "mhx"),
}
"""Orders in which a matrix may read several signals at once."""


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

    @property
    def states(self) -> int | None:
        """States of all memories."""
        if self.order is None or self.memories is None:
            return None
        return self.order * self.memories

    def shape(self, part: str) -> tuple[int | None, int | None]:
        """Return the shape that a part should have."""
        sources = {"x": self.inputs, "h": self.units, "m": self.states}
        return (self.memories if part[0] == "E" else self.units), sources[part[2]]


def lmu_drafts(items: Items, memories: list[StoredMemory]) -> list[LmuDraft]:
    """Return the LMU layers of a state dict; their tensors are taken out of its items."""
    drafts = []
    for memory in memories:
        others = [other.parent for other in memories if other is not memory]
        label, members = _members(items, memory.parent, others)
        drafts.append(LmuDraft(label=label, memory=memory, order=memory.order))
        _fill(drafts[-1], items, members)
    if not memories:
        for parent in dict.fromkeys(m.parent for m in items.matrices if _part(m) in ("E_x", "E_h")):
            label, members = _members(items, parent, [])
            draft = LmuDraft(label=label, memory=None, order=None)
            if sum(_part(m) is not None for m in members) > 1:
                drafts.append(draft)
                _fill(draft, items, members)
    return drafts


def _members(items: Items, parent: str, others: list[str]) -> tuple[str, list[Matrix]]:
    """Return the matrices around a memory: as far up as none of another memory is among them."""
    while True:
        start = f"{parent}." if parent else ""
        members = [
            matrix
            for matrix in items.matrices
            if matrix.label.startswith(start) and (parent or _part(matrix) or not matrix.named)
        ]
        cells = any(cell.label.startswith(start) for cell in items.recurrent)
        above = parent.rpartition(".")[0]
        ends = not parent or any(
            f"{other}.".startswith(f"{above}." if above else "") for other in others
        )
        if any(_part(matrix) for matrix in members) or cells or ends:
            return parent, members
        parent = above


def _part(matrix: Matrix) -> str | None:
    """Return the part that the name of a matrix says."""
    return _named_part(matrix.label)


def _named_part(name: str) -> str | None:
    last = name.rpartition(".")[2].lower()
    plain = last.replace("_", "")
    return next(
        (p for p, hint in _HINTS.items() if hint.fullmatch(last) or hint.fullmatch(plain)), None
    )


def _fill(draft: LmuDraft, items: Items, members: list[Matrix]) -> None:
    """Find the parts of a layer, and take their tensors out of the items."""
    start = f"{draft.label}." if draft.label else ""
    for name, length in items.vectors.items():  # an encoder of one input or memory may be one
        if name.startswith(start) and (_named_part(name) or "b")[0] == "E":
            members.append(Matrix(label=name, tensor=name, shape=(1, length)))
    cells = [cell for cell in items.recurrent if cell.label.startswith(start)]
    _find_sizes(draft, members, cells)
    for matrix in members:
        _place(draft, matrix)
    _place_cell(draft, cells, items)
    _place_vectors(draft, items, start)
    if draft.cell == "none" and _has(draft, "W_m"):
        draft.cell = "simple_rnn" if _has(draft, "W_h") else "dense"
    views = [*draft.parts.values(), *(views[0] for views in draft.choices.values())]
    names = {name for view in views for name in View.parse(view).names}
    matrices = [matrix for matrix in members if matrix.tensor in names]
    draft.first = (
        draft.memory.A.split()[0] if draft.memory else matrices[0].tensor if matrices else ""
    )
    items.matrices = [m for m in items.matrices if m.tensor not in names]
    items.vectors = {name: n for name, n in items.vectors.items() if name not in names}


def _has(draft: LmuDraft, part: str) -> bool:
    return part in draft.parts or part in draft.choices


def _find_sizes(draft: LmuDraft, members: list[Matrix], cells: list[Recurrent]) -> None:
    """Find memories, units and inputs from the tensors whose names say what they are."""
    shapes = {_part(matrix): matrix.shape for matrix in members if _part(matrix)}
    encoders = [shapes[part] for part in ("E_x", "E_h", "E_m") if part in shapes]
    if any(1 in shape for shape in encoders) or not encoders:
        draft.memories = 1
    elif draft.order is not None and "E_m" in shapes:
        draft.memories = min(shapes["E_m"])
    elif "E_x" in shapes:
        draft.memories = shapes["E_x"][0]
    if not encoders and draft.order is not None and "W_m" in shapes:
        wide = [n for n in shapes["W_m"] if n % draft.order == 0]
        draft.memories = max(wide) // draft.order if wide else None
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
    if draft.units is None:
        heights = [m.shape[0] for m in members if m.shape[1] == draft.states != m.shape[0]]
        draft.units = next(iter(heights), None)


def _place(draft: LmuDraft, matrix: Matrix) -> None:
    """Put a matrix where its name or its shape says, if that fits."""
    hint = _part(matrix)
    parts = (
        [hint] if hint in ("E_x", "E_h", "E_m", "W_x", "W_h", "W_m") else _fitting(draft, matrix)
    )
    if hint is None and len(parts) != 1:
        return
    for part in parts:
        if part is None or _has(draft, part):
            continue
        shape = draft.shape(part)
        if _fits(matrix.shape, shape):
            draft.parts[part] = matrix.tensor
            if not matrix.named and matrix.shape[0] == matrix.shape[1] != 1:
                draft.choices[part] = [matrix.tensor, f"{matrix.tensor} transposed"]
                if _others_say(draft):
                    del draft.choices[part]
                else:
                    del draft.parts[part]
        elif _fits((matrix.shape[1], matrix.shape[0]), shape) and not matrix.named:
            draft.parts[part] = f"{matrix.tensor} transposed"
        elif not _place_fused(draft, matrix, part[0]):
            continue
        if matrix.bias is not None:
            bias = "b_u" if part[0] == "E" else "b_h"
            sum_ = [draft.parts[bias], matrix.bias] if bias in draft.parts else [matrix.bias]
            draft.parts[bias] = " + ".join(sum_)
        return


def _others_say(draft: LmuDraft) -> bool:
    """Say whether other parts stand with outputs first, which a square one does not show."""
    views = [view for part, view in draft.parts.items() if part[0] in "EW"]
    return not any(view.endswith(" transposed") for view in views)


def _fitting(draft: LmuDraft, matrix: Matrix) -> list[str | None]:
    """Return the parts that a matrix without a telling name may be."""
    fitting: list[str | None] = []
    for part in ("W_m", "W_h", "W_x", "E_x", "E_h", "E_m"):
        shape = draft.shape(part)
        if None not in shape and not _has(draft, part):
            turned = not matrix.named and matrix.shape[::-1] == shape
            fitting += [part] if matrix.shape == shape or turned else []
    return fitting


def _fits(shape: tuple[int, int], expected: tuple[int | None, int | None]) -> bool:
    return all(want in (None, have) for have, want in zip(shape, expected, strict=True))


def _place_fused(draft: LmuDraft, matrix: Matrix, row: str) -> bool:
    """Cut a matrix that reads several signals into its parts; their order is left to the user."""
    widths = {"x": draft.inputs, "h": draft.units, "m": draft.states}
    height = draft.memories if row == "E" else draft.units
    orders = []
    for letters in _FUSED[row]:
        known = [widths[letter] for letter in letters]
        total = sum(width or 0 for width in known)
        if known.count(None) == 1 and "x" in letters and draft.inputs is None:
            widths["x"] = matrix.shape[1] - total
            total = matrix.shape[1] if widths["x"] > 0 else total
        if total == matrix.shape[1] and height in (None, matrix.shape[0]):
            orders.append(letters)
        elif draft.inputs is None:
            widths["x"] = None
    lengths = {letters: len(letters) for letters in orders}
    orders = [letters for letters in orders if lengths[letters] == min(lengths.values())]
    if not orders:
        return False
    draft.units = matrix.shape[0] if row == "W" else draft.units
    draft.inputs = widths["x"] if draft.inputs is None else draft.inputs
    for letters in orders:
        for letter, (start, stop) in zip(letters, _cuts(letters, widths), strict=True):
            part = f"{row}_{letter}"
            views = draft.choices.setdefault(part, [])
            view = f"{matrix.tensor}[:, {start}:{stop}]"
            views += [] if view in views else [view]
    everywhere = set(orders[0]).intersection(*orders)
    draft.optional |= {f"{row}_{letter}" for order in orders for letter in order} - {
        f"{row}_{letter}" for letter in everywhere
    }
    return True


def _cuts(letters: str, widths: dict[str, int | None]) -> Iterator[tuple[int, int]]:
    ends = [0]
    for letter in letters:
        ends.append(ends[-1] + (widths[letter] or 0))
    return pairwise(ends)


def _place_cell(draft: LmuDraft, cells: list[Recurrent], items: Items) -> None:
    """Use a recurrent cell of PyTorch that reads the memory as the hidden cell."""
    states = draft.states
    for cell in cells:
        extra = cell.inputs - states if states else -1
        if extra != 0 and extra != draft.inputs and not (extra > 0 and draft.inputs is None):
            continue
        draft.cell, draft.recurrent, draft.units = cell.cell, cell, cell.units
        draft.parts["W_h"] = cell.W_h
        if extra == 0:
            draft.parts["W_m"] = cell.W_x
        else:
            draft.choices["W_m"] = [f"{cell.W_x}[:, 0:{states}]", f"{cell.W_x}[:, {extra}:]"]
            draft.choices["W_x"] = [f"{cell.W_x}[:, {states}:]", f"{cell.W_x}[:, 0:{extra}]"]
        items.recurrent.remove(cell)
        return


def _place_vectors(draft: LmuDraft, items: Items, start: str) -> None:
    """Put vectors that are named as biases, and as long as one, where they belong."""
    lengths = {"b_u": draft.memories, "b_h": draft.units}
    for name, length in items.vectors.items():
        part = _named_part(name)
        if name.startswith(start) and part in lengths and lengths[part] == length:
            draft.parts.setdefault(part, name)
