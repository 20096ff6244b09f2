# SPDX-License-Identifier: Apache-2.0
"""Parts of an LMU layer, put where their names say, as far as shapes agree, and then by shapes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, permutations

from lmu_hw.load.draft.items import Items, Matrix, Recurrent
from lmu_hw.load.draft.names import Hint, dotted, hint_of
from lmu_hw.load.draft.sizes import LmuDraft, may_be

__all__ = ["place_all"]

_JOINT = {
    "E": ("x", "m", "h", "xh", "hx", "mh", "hm", "xm", "mx", "xhm", "hxm"),
    "W": ("m", "mx", "xm", "mh", "hm", "xh", "hx", "mxh", "xhm", "xmh", "hxm", "hmx", "mhx"),
}
"""Orders in which a matrix may read signals, the likeliest first."""


def place_all(draft: LmuDraft, members: list[Matrix], cells: list[Recurrent], items: Items) -> None:
    """Put matrices, cells and vectors where they belong."""
    hints = {matrix.tensor: hint_of(matrix.label) for matrix in members}

    def turn(matrix: Matrix) -> tuple[bool, int]:
        hint = hints[matrix.tensor]
        rank = 3 if hint is None else 0 if hint.part else 1 if hint.row == "W" else 2
        return _is_square(matrix), rank

    for matrix in sorted(members, key=turn):
        _place(draft, matrix, hints[matrix.tensor])
    _place_cell(draft, cells, items)
    _place_vectors(draft, items)
    if draft.cell == "none" and _has(draft, "W_m"):
        draft.cell = "simple_rnn" if _has(draft, "W_h") else "dense"


def _has(draft: LmuDraft, part: str) -> bool:
    return part in draft.parts or part in draft.choices


def _place(draft: LmuDraft, matrix: Matrix, hint: Hint | None) -> None:
    """Put a matrix where its name or its shape says, if that fits."""
    if hint is None:
        parts = _fitting(draft, matrix)
        if len(parts) == 1 and _place_part(draft, matrix, parts[0]):
            _place_bias(draft, matrix, parts[0][0])
        elif not parts and _is_whole_cell(draft, matrix) and _place_joint(draft, matrix, "W", ""):
            _place_bias(draft, matrix, "W")
    elif hint.row not in _JOINT or (hint.part and _has(draft, hint.part)):
        return
    elif (hint.part and _place_part(draft, matrix, hint.part)) or _place_joint(
        draft, matrix, hint.row, hint.letters if len(hint.letters) > 1 else ""
    ):
        _place_bias(draft, matrix, hint.row)


def _is_whole_cell(draft: LmuDraft, matrix: Matrix) -> bool:
    """Say whether a layer inside the module of a memory reads all that a cell may read."""
    if draft.memory is None or not draft.label or not matrix.named or _has(draft, "W_m"):
        return False
    return matrix.shape[1] == (draft.states or 0) + (draft.inputs or 0) + matrix.shape[0]


def _place_part(draft: LmuDraft, matrix: Matrix, part: str) -> bool:
    """Put a matrix in a place of its shape, as it is or the other way round."""
    shape = draft.shape(part)
    if not may_be(matrix, part):
        return False
    if _fits(matrix.shape, shape):
        ways = {draft.turned} if draft.turned is not None else {False, True}
        ways = ways if _is_square(matrix) else {False}
        views = [matrix.other.view() if turned else matrix.view() for turned in sorted(ways)]
        if len(views) > 1:
            draft.choices[part] = views
        else:
            draft.parts[part] = views[0]
        if not matrix.named and not _is_square(matrix):
            draft.bare.add(False)
        return True
    if not matrix.named and _fits(matrix.other.shape, shape):
        draft.parts[part] = matrix.other.view()
        draft.bare.add(True)
        return True
    return False


def _place_bias(draft: LmuDraft, matrix: Matrix, row: str) -> None:
    if matrix.bias is not None:
        part = "b_u" if row == "E" else "b_h"
        present = [draft.parts[part]] if part in draft.parts else []
        draft.parts[part] = " + ".join([*present, matrix.bias])


def _is_square(matrix: Matrix) -> bool:
    """Say whether nothing but other matrices tells where the outputs of one are."""
    return not matrix.named and matrix.shape[0] == matrix.shape[1] != 1


def _fitting(draft: LmuDraft, matrix: Matrix) -> list[str]:
    """Return the parts that a matrix without a telling name may be."""
    fitting = []
    for part in ("W_m", "W_h", "W_x", "E_x", "E_h", "E_m"):
        shape = draft.shape(part)
        if None not in shape and not _has(draft, part):
            turned = not matrix.named and matrix.other.shape == shape
            fitting += [part] if matrix.shape == shape or turned else []
    return fitting


def _fits(shape: tuple[int, int], expected: tuple[int | None, int | None]) -> bool:
    return all(want in (None, have) for have, want in zip(shape, expected, strict=True))


def _place_joint(draft: LmuDraft, matrix: Matrix, row: str, letters: str) -> bool:
    """Cut a matrix that reads several signals into its parts; their order is left to the user."""
    forms = (matrix.other, matrix) if draft.turned else (matrix, matrix.other)
    for form in (matrix,) if matrix.named else forms:
        orders, inputs = _orders(draft, form, row, letters)
        if orders:
            break
    else:
        return False
    draft.bare |= set() if matrix.named or _is_square(matrix) else {form is not matrix}
    draft.units = form.shape[0] if row == "W" else draft.units
    draft.inputs = inputs if draft.inputs is None else draft.inputs
    widths = {"x": draft.inputs, "h": draft.units, "m": draft.states}
    if len(orders) == 1 and len(orders[0]) == 1:
        return _place_part(draft, matrix, f"{row}_{orders[0]}")
    for order in orders:
        for letter, columns in zip(order, _cuts(order, widths), strict=True):
            views = draft.choices.setdefault(f"{row}_{letter}", [])
            view = form.view(columns)
            views += [] if view in views else [view]
    everywhere = set(orders[0]).intersection(*orders)
    draft.optional |= {f"{row}_{letter}" for order in orders for letter in order} - {
        f"{row}_{letter}" for letter in everywhere
    }
    return True


def _orders(
    draft: LmuDraft, matrix: Matrix, row: str, letters: str
) -> tuple[list[str], int | None]:
    """Return the orders of signals that are as wide as a matrix, and the inputs that they need."""
    height = draft.memories if row == "E" else draft.units
    if height not in (None, matrix.shape[0]):
        return [], None
    joint = ("".join(order) for order in permutations(letters)) if letters else _JOINT[row]
    units = draft.units if row == "E" else matrix.shape[0]
    widths = {"x": draft.inputs, "h": units, "m": draft.states}
    orders: list[tuple[str, int | None]] = []
    for order in joint:
        fed_back = "h" in order or (row == "E" and "m" in order)
        placed = any(_has(draft, f"{row}_{letter}") for letter in order)
        blind = row == "W" and "m" not in order and not _has(draft, "W_m")
        if (draft.parallel and fed_back) or placed or blind:
            continue
        missing = [letter for letter in order if widths[letter] is None]
        rest = matrix.shape[1] - sum(widths[letter] or 0 for letter in order)
        if (not missing and rest == 0) or (missing == ["x"] and rest > 0):
            orders.append((order, rest if missing else draft.inputs))
    fewest = min((len(order) for order, _ in orders), default=0)
    orders = [(order, inputs) for order, inputs in orders if len(order) == fewest]
    return [order for order, _ in orders], orders[0][1] if orders else None


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


def _place_vectors(draft: LmuDraft, items: Items) -> None:
    """Put vectors that are named as biases, and as long as one, where they belong."""
    start = f"{draft.label}." if draft.label else ""
    lengths = {"h": draft.units, "u": draft.memories}
    for name, length in items.vectors.items():
        hint = hint_of(name)
        if hint is None or hint.row != "b" or not dotted(name).startswith(start):
            continue
        for letter in hint.letters or "hu":
            if lengths[letter] == length and f"b_{letter}" not in draft.parts:
                draft.parts[f"b_{letter}"] = name
                break
