# SPDX-License-Identifier: Apache-2.0
"""The one form of a table with a title."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

__all__ = ["titled"]


def titled(title: str | None, *texts: str, numbers: Sequence[str] = ()) -> Table:
    """Return a table without rows: columns of texts, then columns of numbers."""
    table = Table(title=title, title_justify="left", header_style="dim")
    for heading in texts:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table
