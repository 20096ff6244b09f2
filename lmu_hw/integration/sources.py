# SPDX-License-Identifier: Apache-2.0
"""The list of a design's sources, and how the Verilog finds the contents of its ROMs."""

from __future__ import annotations

from lmu_hw.integration.subject import Subject

__all__ = ["path_macro", "source_list"]


def path_macro(name: str) -> str:
    """Return what the names of a design's macros begin with."""
    return name.upper()


def source_list(subject: Subject) -> dict[str, str]:
    """Return the file for ``-F`` of simulators, or for ``-f`` of those that run where it lies.

    Its names are those beside it, so that a project can have several of such files.
    """
    return {"rtl/files.f": f"{subject.name}.v\n"}
