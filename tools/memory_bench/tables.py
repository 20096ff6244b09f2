# SPDX-License-Identifier: Apache-2.0
"""Tables on the terminal, and in a page of documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

__all__ = ["Table", "update_page"]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Headings and rows of text.

    Attributes
    ----------
    name : str
        Of its place in the page: between ``<!-- table: name -->`` and ``<!-- end -->``.
    notes : list of str
        Sentences below it.
    """

    name: str
    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Append a row."""
        if len(cells) != len(self.headings):
            raise ValueError(f"{self.name}: a row must have {len(self.headings)} cells: {cells}")
        self.rows.append(tuple(str(cell) for cell in cells))

    def show(self, console: Console) -> None:
        """Print the table."""
        shown = RichTable(title=self.title)
        for number, heading in enumerate(self.headings):
            shown.add_column(heading, justify="right" if number else "left")
        for row in self.rows:
            shown.add_row(*row)
        console.print(shown)
        for note in self.notes:
            console.print(note, highlight=False)
        console.print()

    def markdown(self) -> str:
        """Return the table for a page."""
        lines = [
            "| " + " | ".join(self.headings) + " |",
            "|" + "|".join("---" if not n else "--:" for n in range(len(self.headings))) + "|",
            *("| " + " | ".join(row) + " |" for row in self.rows),
        ]
        return "\n".join([*lines, *(f"\n{note}" for note in self.notes)])


def update_page(page: Path, tables: list[Table]) -> None:
    """Put tables into their places in a page.

    Raises
    ------
    ValueError
        If the page has no place for one.
    """
    text = page.read_text()
    for table in tables:
        start, end = f"<!-- table: {table.name} -->", "<!-- end -->"
        place = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
        if not place.search(text):
            raise ValueError(f"{page} must have a line {start!r}, and {end!r} below it")
        body = f"{start}\n\n{table.markdown()}\n\n{end}"
        text = place.sub(lambda _, body=body: body, text)
    page.write_text(text)
