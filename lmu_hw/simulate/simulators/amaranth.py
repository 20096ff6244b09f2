# SPDX-License-Identifier: Apache-2.0
"""Amaranth's own simulator, which runs the components before they become Verilog."""

from __future__ import annotations

from importlib import metadata

from lmu_hw.simulate.simulators.backend import Backend, Installed

__all__ = ["AMARANTH"]


AMARANTH = Backend(
    find=lambda: Installed(version=metadata.version("amaranth")),
    compiler=None,
    cycles=(8_000, 8_000),
    waves="dump.vcd",
)
