# SPDX-License-Identifier: Apache-2.0
"""What `print` and notebooks show of an object: a title and a few facts."""

from __future__ import annotations

from html import escape

__all__ = ["Facts", "Summarised"]

Facts = list[tuple[str, str]]
"""Labels, and what is said of each."""


class Summarised:
    """Base of what a user holds in hand: a network, a design, a result.

    Its dataclass has ``repr=False``: arrays by the thousand tell nobody anything.
    """

    __slots__ = ()

    def described(self) -> tuple[str, Facts]:
        """Return a title and the facts below it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.described()[0]}>"

    def __str__(self) -> str:
        title, facts = self.described()
        width = max((len(label) for label, _ in facts), default=0)
        return "\n".join([title, *(f"  {label:{width}}  {text}" for label, text in facts)])

    def _repr_html_(self) -> str:
        """Return a card for notebooks, in the colours of theirs."""
        title, facts = self.described()
        cell = "padding:1px 14px 1px 0;text-align:left;background:none"
        rows = "".join(
            f'<tr style="background:none"><th style="{cell};font-weight:500;opacity:.75">'
            f'{escape(label)}</th><td style="{cell}">{escape(text)}</td></tr>'
            for label, text in facts
        )
        return (
            '<div style="display:inline-block;max-width:100%;overflow-x:auto;padding:10px 16px;'
            'border:1px solid #8888;border-radius:10px">'
            f'<div style="font-weight:600;margin-bottom:4px">{escape(title)}</div>'
            f'<table style="border:0;margin:0">{rows}</table></div>'
        )
