# SPDX-License-Identifier: Apache-2.0
"""The list of a design's sources, and how the Verilog finds the contents of its ROMs."""

from __future__ import annotations

from lmu_hw.integration.subject import Subject

__all__ = ["path_macro", "source_list"]


def path_macro(name: str) -> str:
    """Return what the names of a design's macros begin with."""
    return name.upper()


def source_list(subject: Subject) -> dict[str, str]:
    """Return the file for ``-f`` of Icarus, Verilator and others, run from the design's folder."""
    return {"rtl/files.f": f"rtl/{subject.name}.v\n"}
