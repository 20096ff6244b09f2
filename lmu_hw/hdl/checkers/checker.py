# SPDX-License-Identifier: Apache-2.0
"""What a kind of checker is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Checker", "bits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """A kind of checker.

    Attributes
    ----------
    ports : dict of str to str
        Width of each input beside ``clk`` and ``rst``: a number, or a parameter.
    parameters : tuple of str
        Numbers that an instance gives.
    text : str
        Its account.
    properties : dict of str to (str, str)
        Expression that holds in every cycle after the first reset, and the same as a sentence.
    in_reset : bool
        They hold in reset, too.
    """

    ports: dict[str, str]
    parameters: tuple[str, ...]
    text: str
    properties: dict[str, tuple[str, str]]
    in_reset: bool = False


def bits(*names: str) -> dict[str, str]:
    """Return ports of one bit."""
    return dict.fromkeys(names, "1")
