# SPDX-License-Identifier: Apache-2.0
"""Whether a word of the hardware is what the specification says, and what it is called if not."""

from __future__ import annotations

from lmu_hw.prove.algebra.atoms import Unknown
from lmu_hw.prove.algebra.cases import expanded
from lmu_hw.prove.algebra.evaluation import vanishes_everywhere
from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.functions import leaf_of, values_of
from lmu_hw.prove.algebra.names import drop

__all__ = ["Failure", "congruent", "vanishes"]


class Failure(Exception):
    """The hardware does not do what it must, or that it does could not be shown.

    Parameters
    ----------
    what : str
    hardware, specification : value, optional
        Two values that ought to be congruent modulo ``2**width``.
    """

    def __init__(
        self, what: str, hardware: Value = 0, specification: Value = 0, width: int = 0
    ) -> None:
        super().__init__(what)
        self.hardware, self.specification, self.width = hardware, specification, width


def congruent(a: Value, b: Value, width: int) -> bool:
    """Tell whether two values are equal modulo ``2**width``, whatever their symbols are."""
    if vanishes(a - b, width):
        return True
    try:
        result = expanded(b)
        if vanishes(a - result, width) or vanishes(a - expanded(result, totals=True), width):
            return True
        difference = expanded(a - b)
    except Unknown:
        return False
    leaf = leaf_of([difference])
    if leaf is not None:
        return not (values_of(difference, leaf) & (1 << width) - 1).any()
    return vanishes(difference, width) or vanishes_everywhere(difference, width)


def vanishes(value: Value, width: int) -> bool:
    """Tell whether a value is seen to be 0 modulo ``2**width`` as it is written."""
    if not isinstance(value, int):
        value = drop(value, width)
    return isinstance(value, int) and value & (1 << width) - 1 == 0
