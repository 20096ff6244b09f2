# SPDX-License-Identifier: Apache-2.0
"""The list of a design's sources for simulators and other tools."""

from __future__ import annotations

from lmu_hw.integration.subject import Subject

__all__ = ["source_list"]


def source_list(subject: Subject) -> dict[str, str]:
    """Return the file for ``-f`` of Icarus, Verilator and others, run from the design's folder."""
    return {"rtl/files.f": f"rtl/{subject.name}.v\n"}
