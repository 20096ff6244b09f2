# SPDX-License-Identifier: Apache-2.0
"""What a table looks like on a wide terminal."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def printed(table: RenderableType) -> str:
    """Return a table as text."""
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(table)
    return console.export_text()
