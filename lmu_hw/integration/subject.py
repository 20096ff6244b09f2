# SPDX-License-Identifier: Apache-2.0
"""What files are made from: the design, its plan, and what the manifest says of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lmu_hw.design import Design
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan

__all__ = ["Subject"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A design for which files are made.

    Attributes
    ----------
    design : Design
    plan : Plan
    manifest : mapping
        What ``manifest.json`` says, without its table of files.
    rtl : tuple of str
        Names of the Verilog and ROM files in the folder.
    """

    design: Design
    plan: Plan
    manifest: Mapping[str, Any]
    rtl: tuple[str, ...]

    @property
    def network(self) -> QuantizedNetwork:
        """The integers."""
        return self.design.network

    @property
    def name(self) -> str:
        """Of the design, with which every name of a module, macro and file begins."""
        return self.network.name

    @property
    def chosen(self) -> Mapping[str, Any]:
        """What the manifest says of the plan that was chosen: area and clock are estimates."""
        return next(option for option in self.manifest["choice"]["options"] if option["chosen"])
