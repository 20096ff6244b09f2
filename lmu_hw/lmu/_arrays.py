# SPDX-License-Identifier: Apache-2.0
"""Arrays kept in values: float64, finite, of the right shape, read-only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmu_hw.errors import NetworkError

__all__ = ["freeze"]


def freeze(owner: object, where: str, shapes: Mapping[str, tuple[int | None, ...]]) -> None:
    """Make arrays of a frozen dataclass float64 and read-only; None stays None.

    Raises
    ------
    NetworkError
        If an array has another shape, or holds a value that is not finite.
    """
    for name, shape in shapes.items():
        raw = getattr(owner, name)
        if raw is None:
            continue
        array = np.array(raw, dtype=np.float64)
        if array.shape != shape:
            raise NetworkError(f"{where}: {name} must have the shape {shape}, not {array.shape}")
        bad = ~np.isfinite(array)
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            raise NetworkError(
                f"{where}: {name} must be finite, but {name}{list(index)} is {array[index]}"
            )
        array.setflags(write=False)
        object.__setattr__(owner, name, array)
