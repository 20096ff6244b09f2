# SPDX-License-Identifier: Apache-2.0
"""What follows the narrowing of a sum: a table, a rectifier, or nothing."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.network import Activation as Function
from lmu_hw.network import Rectifier, Table

__all__ = ["Activation"]


class Activation:
    """Applies the activation of a node to its narrowed sums.

    Parameters
    ----------
    activation : Table, Rectifier or None
    """

    def __init__(self, activation: Function | None) -> None:
        self._activation = activation

    def __call__(self, pre: NDArray) -> NDArray:
        """Return the codes that follow from narrowed sums, in the same kind of arithmetic."""
        match self._activation:
            case None:
                return pre
            case Table():
                # A negative code indexes from the end of the table: two's complement addressing.
                return self._activation.codes.codes[pre.astype(np.int64)].astype(pre.dtype)
            case Rectifier():
                return np.maximum(pre, 0)
        assert_never(self._activation)
