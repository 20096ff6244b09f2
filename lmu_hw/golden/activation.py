# SPDX-License-Identifier: Apache-2.0
"""What follows the narrowing of a sum: a table, a rectifier, or nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.network import Rectifier, Table

__all__ = ["Activation"]


class Activation:
    """Applies the activation of a node to its narrowed sums.

    Parameters
    ----------
    activation : Table, Rectifier or None
    """

    def __init__(self, activation: Table | Rectifier | None) -> None:
        self._activation = activation

    def __call__(self, pre: NDArray) -> NDArray:
        """Return the codes that follow from narrowed sums, in the same kind of arithmetic."""
        if isinstance(self._activation, Table):
            # A negative code indexes from the end of the table: two's complement addressing.
            return self._activation.codes.codes[pre.astype(np.int64)].astype(pre.dtype)
        return pre if self._activation is None else np.maximum(pre, 0)
