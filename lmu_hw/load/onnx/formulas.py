# SPDX-License-Identifier: Apache-2.0
"""Atoms of a step by what they mean: its input, a memory, a hidden state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmu_hw.load.onnx.atoms import Activated, Affine, Given, Product, Step
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["Names", "driven", "width_of"]


@dataclass(slots=True, kw_only=True)
class Names:
    """Atoms that formulas may read: the input, and states before and after the step."""

    where: str
    step: Step
    given: Sequence[int]
    m: int | None = None
    m_after: int | None = None
    h: int | None = None

    def part(self, value: Value, number: int | None) -> Array | None:
        """Return the matrix of an atom."""
        return value.matrix(number) if number in value.parts and number is not None else None

    def x(self, value: Value) -> Array | None:
        """Return the matrix of the input."""
        if not any(number in value.parts for number in self.given):
            return None
        widths = [self._width(number) for number in self.given]
        blocks = [
            value.matrix(number) if number in value.parts else np.zeros((value.width or 0, width))
            for number, width in zip(self.given, widths, strict=True)
        ]
        return np.hstack(blocks)

    @property
    def inputs(self) -> int:
        """Features of the input."""
        return sum(self._width(number) for number in self.given)

    def known(self, value: Value, *more: int | None) -> bool:
        """Say whether a value is of the input and of these atoms only."""
        return set(value.parts) <= {*self.given, *more}

    def _width(self, number: int) -> int:
        atom = self.step.atoms[number]
        assert isinstance(atom, Given)
        return atom.width


def width_of(step: Step, number: int) -> int:
    """Return the number of features of an atom."""
    match step.atoms[number]:
        case Given(width):
            return width
        case Affine(value) | Activated(_, value):
            return value.width or 0
        case Product(first, _):
            return first.width or 0


def driven(names: Names, value: Value) -> Mapping[str, Any] | None:
    """Return the matrices of ``W_m m' + W_x x + W_h h + b``, with None for what is not there."""
    value = names.step.expanded(value, () if names.m_after is None else {names.m_after})
    if not names.known(value, names.m_after, names.h):
        return None
    W_m = names.part(value, names.m_after)
    width = 0 if names.m is None else width_of(names.step, names.m)
    return {
        "W_m": np.zeros((value.width or 0, width)) if W_m is None else W_m,
        "W_x": names.x(value),
        "W_h": names.part(value, names.h),
        "b": value.shift,
    }
