# SPDX-License-Identifier: Apache-2.0
"""Which coefficients of a design can be written at run time."""

from __future__ import annotations

from enum import Enum

from lmu_hw.checked import member

__all__ = ["Reloadable", "reloadable_of"]


class Reloadable(Enum):
    """Which coefficients can be written at run time."""

    NONE = "none"
    MEMORY = "memory"
    """Those of structured memories: another window."""
    ALL = "all"
    """Weights, biases, tables and memories: any network of the same shape and formats."""


def reloadable_of(value: object) -> Reloadable:
    """Return what is meant: ``True`` is all coefficients, ``False`` is none.

    Raises
    ------
    ConfigError
        If it is none of these, and no name of one.
    """
    if isinstance(value, bool):
        return Reloadable.ALL if value else Reloadable.NONE
    return member(value, "`reloadable`", Reloadable)
