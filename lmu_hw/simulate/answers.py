# SPDX-License-Identifier: Apache-2.0
"""Answers on the AXI4-Stream output, as the benches record them: binary digits and the last bit."""

from __future__ import annotations

import numpy as np

from lmu_hw.network import Packet
from lmu_hw.simulate.epochs import Epoch, expected_lasts
from lmu_hw.simulate.scoreboard import Words

__all__ = ["answer_words", "wrong_last"]


def answer_words(packet: Packet, answers: list[str]) -> Words:
    """Return the elements of the answers as words.

    The whole of an element counts: a wrong sign extension is a wrong word.
    """
    size, octets = packet.vector.size, packet.beats * packet.bytes
    rows = [answer.split()[0] for answer in answers]
    known = np.array([set(row) <= {"0", "1"} for row in rows], np.bool_)
    data = b"".join(
        (int(row, 2) if good else 0).to_bytes(octets, "little")
        for row, good in zip(rows, known, strict=True)
    )
    beats = np.frombuffer(data, np.uint8).reshape(len(rows), packet.beats, packet.bytes)
    return Words(
        node=np.zeros(len(rows) * size, np.int64),
        index=np.tile(np.arange(size), len(rows)),
        code=packet.decode(beats).ravel(),
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
