# SPDX-License-Identifier: Apache-2.0
"""Options of a design that takes little time."""

from __future__ import annotations

__all__ = ["FORMATS"]

FORMATS = ["--weight-bits", "6", "--state-bits", "8", "--activation-bits", "6", "--lanes", "4"]
