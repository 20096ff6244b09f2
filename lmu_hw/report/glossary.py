# SPDX-License-Identifier: Apache-2.0
"""Words of the pages, explained at their end: a page stands alone, so that its links stay in it.

The sentences are those of docs/glossary.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

__all__ = ["TERMS", "term"]

TERMS: Mapping[str, str] = {
    "calibration": "Samples from which the ranges of sums are taken, with a margin. Ranges of "
    "memories are proved instead.",
    "certificate": "What is proved of a design's numbers, and all that is needed to check it, in "
    "certificate.npz.",
    "format": "Signedness, integer bits without the sign, and fraction bits: sQ0.15 has 16 bits.",
    "golden model": "The network in NumPy integers. The hardware equals it on every word.",
    "headroom": "Bits between the largest value seen and the end of a format.",
    "lanes": "Multipliers that work at once on a sum.",
    "node": "What a layer computes and keeps under a name: u, a memory, a gate, h, an output.",
    "refit": "Fitting what reads a memory to the memory as it is realized, by least squares over "
    "impulse responses; no data, no training.",
    "saturation": "A sum beyond the ends of its format takes the nearer end. Every one is counted.",
    "SQNR": "Signal to quantization noise ratio: power of the float signal over that of the "
    "difference, in dB.",
    "step": "One sample in, at one time.",
    "ulp": "Unit in the last place of a format: 2**-frac_bits.",
}
"""What each word means, in the order of the alphabet."""


def term(name: str, text: str = "") -> Markup:
    """Return a word, or what stands for it, as a link to what it means.

    Raises
    ------
    KeyError
        If the glossary has it not.
    """
    if name not in TERMS:
        raise KeyError(name)
    target = name.lower().replace(" ", "-")
    return Markup('<a class="term" href="#g-{}">{}</a>').format(target, text or name)
