# SPDX-License-Identifier: Apache-2.0
"""Answers on the AXI4-Stream output, as the benches record them: binary digits and the last bit."""

from __future__ import annotations

import numpy as np

from lmu_hw.hdl.top import element_bits
from lmu_hw.network import QuantizedNetwork
from lmu_hw.simulate.epochs import Epoch, expected_lasts
from lmu_hw.simulate.scoreboard import Words

__all__ = ["answer_words", "wrong_last"]


def answer_words(network: QuantizedNetwork, answers: list[str]) -> Words:
    """Return the elements of the answers as words."""
    size, bits = network.output.size, element_bits(network.output)
    rows = [answer.split()[0] for answer in answers]
    known = np.array([set(row) <= {"0", "1"} for row in rows], np.bool_)
    raw = [
        int(row[len(row) - (e + 1) * bits : len(row) - e * bits] or "0", 2) if good else 0
        for row, good in zip(rows, known, strict=True)
        for e in range(size)
    ]
    codes = np.array(raw, np.int64)
    # The whole container counts: a wrong sign extension is a wrong word. Its top bit weighs
    # -2**(bits-1) instead of 2**(bits-1), so 2**bits is taken off where it is set.
    if network.output.format.signed:
        codes = codes - ((codes >> (bits - 1)) << bits)
    return Words(
        node=np.zeros(len(raw), np.int64),
        index=np.tile(np.arange(size), len(rows)),
        code=codes,
        known=np.repeat(known, size),
    )


def wrong_last(epochs: list[Epoch], counts: list[int], answers: list[str]) -> str:
    """Return a complaint if m_axis_tlast does not mark exactly the last answer of a sequence.

    Parameters
    ----------
    epochs : list of Epoch
    counts : list of int
        Answers in each epoch.
    answers : list of str
    """
    number = 0
    for epoch, count in zip(epochs, counts, strict=True):
        epoch_answers = answers[number : number + count]
        for place, (last, answer) in enumerate(
            zip(expected_lasts(epoch), epoch_answers, strict=False)
        ):
            expected, actual = str(int(last)), answer.split()[1]
            if actual != expected:
                return f"m_axis_tlast of answer {number + place} must be {expected}, not {actual}"
        number += count
    return ""
