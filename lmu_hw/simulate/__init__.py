# SPDX-License-Identifier: Apache-2.0
"""Layer 5: the emitted Verilog on real simulators, compared with the golden model word by word."""

from typing import TYPE_CHECKING, Any

from lmu_hw.simulate.result import Result
from lmu_hw.simulate.simulators import Simulator, find

if TYPE_CHECKING:
    from lmu_hw.simulate.run import simulate

__all__ = ["Result", "Simulator", "find", "simulate"]


def __getattr__(name: str) -> Any:
    """Import what needs amaranth when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lmu_hw.simulate import run

    return getattr(run, name)
