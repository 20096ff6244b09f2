# SPDX-License-Identifier: Apache-2.0
"""Every realization by its name, and what the user may choose among."""

from __future__ import annotations

from enum import Enum

from lmu_hw.errors import ConfigError
from lmu_hw.realize.dense import DenseRealization
from lmu_hw.realize.scan import ScanRealization
from lmu_hw.realize.semiseparable import SemiseparableRealization
from lmu_hw.realize.two_pass import TwoPassRealization

__all__ = [
    "REALIZATIONS",
    "AnyRealization",
    "Realization",
    "realization",
    "reloadable_kinds",
]


class Realization(Enum):
    """How hardware computes a memory; see docs/memory.md."""

    DENSE = "dense"
    """The matrices as they were trained: d**2 + d products a step."""
    SEMISEPARABLE = "semiseparable"
    """Two recursions over the states: about 5 d products a step."""
    TWO_PASS = "two-pass"
    """The bilinear memory by running sums: 2 d + 2 products a step, of wider operands."""
    SCAN = "scan"
    """The forward Euler memory by running sums: d products a step; stable for long windows only."""
    AUTO = "auto"
    """The cheapest that is no further from the trained memory than the dense one."""


AnyRealization = DenseRealization | TwoPassRealization | ScanRealization | SemiseparableRealization

REALIZATIONS: dict[str, type[AnyRealization]] = {
    kind.kind: kind
    for kind in (DenseRealization, TwoPassRealization, ScanRealization, SemiseparableRealization)
}
"""By name, in the order in which `Realization.AUTO` tries them."""


def reloadable_kinds() -> str:
    """Return in words which memories can take another window at run time."""
    return " or ".join(kind.reloadable_as for kind in REALIZATIONS.values() if kind.reloadable_as)


def realization(name: object) -> type[AnyRealization]:
    """Return the class of a realization.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if not isinstance(name, str) or name not in REALIZATIONS:
        raise ConfigError(
            f"the realization of a memory must be one of {', '.join(REALIZATIONS)}, not {name!r}"
        )
    return REALIZATIONS[name]
