# SPDX-License-Identifier: Apache-2.0
"""Waveforms in characters, as the documents draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["waveform"]

Samples = Sequence[int | None]
"""What a wire is in each cycle; None: nobody looks at it."""


def waveform(wires: Mapping[str, tuple[int, Samples]], *, cell: int) -> str:
    """Return one line for each wire: its bits and what it is in each cycle, `cell` characters each.

    Single bits are drawn low (``_``) and high (``~``); others in hexadecimal digits.
    """
    margin = max(map(len, wires)) + 2
    lines = [
        name.ljust(margin) + (_bit(samples, cell) if bits == 1 else _word(bits, samples, cell))
        for name, (bits, samples) in wires.items()
    ]
    return "\n".join(line.rstrip() for line in lines)


def _bit(samples: Samples, cell: int) -> str:
    drawn, before = "", None
    for sample in samples:
        edge = {(0, 1): "/", (1, 0): "\\"}.get((before, sample))
        level = {0: "_", 1: "~", None: "."}[sample]
        drawn += (edge or level) + level * (cell - 1)
        before = sample
    return drawn


def _word(bits: int, samples: Samples, cell: int) -> str:
    digits = -(-bits // 4)
    texts = ["" if sample is None else f"{sample:0{digits}x}" for sample in samples]
    return "".join("|" + text.center(cell - 1, " " if text else ".") for text in texts) + "|"
