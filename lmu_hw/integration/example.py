# SPDX-License-Identifier: Apache-2.0
"""A sample of the data, encoded by hand, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.golden import GoldenModel
from lmu_hw.integration.subject import Subject
from lmu_hw.network import Packet

__all__ = ["Beat", "Element", "Example", "example_of"]

_SHOWN = 3  # elements of a vector
_BEATS = 4
_DIGITS = 32  # of a beat


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element on its way from value to code, or back.

    Attributes
    ----------
    value : float
        In the network's own units.
    scaled : float
        The same, divided by the input's scale, times 2 to the fraction bits: what is rounded.
    code : int
    digits : str
        The code as it travels, in hexadecimal.
    """

    value: float
    scaled: float
    code: int
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A beat: its data and bytes in hexadecimal, and its marks if the sequence ends with it."""

    data: str
    keep: str
    last: int
    user: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A sequence of one time step.

    Attributes
    ----------
    sample, answer : tuple of Element
        The first ones.
    sample_beats, answer_beats : tuple of Beat
        The first ones.
    """

    sample: tuple[Element, ...]
    answer: tuple[Element, ...]
    sample_beats: tuple[Beat, ...]
    answer_beats: tuple[Beat, ...]


def example_of(subject: Subject) -> Example:
    """Return the step of the first sequence of the data whose values are largest, in six digits."""
    network, plan = subject.network, subject.plan
    golden = GoldenModel(network)
    steps = subject.design.calibration[:1].values
    step = steps[np.abs(steps).sum(axis=1).argmax()]
    values = np.array([float(f"{value:.6g}") for value in step])
    codes = golden.quantize_input(values[None, None])[0]
    answer = golden.run(codes[None])[0].reshape(1, -1)
    scale, fmt = network.input_scale, network.input.format
    answers = golden.output_values(answer)[0]
    return Example(
        sample=tuple(
            Element(
                value=float(value),
                scaled=float(value) * scale.denominator / scale.numerator / fmt.ulp,
                code=int(code),
                digits=_digits(int(code), plan.source.element_bits),
            )
            for value, code in zip(values[:_SHOWN], codes[0], strict=False)
        ),
        answer=tuple(
            Element(
                value=float(value),
                scaled=float(code),
                code=int(code),
                digits=_digits(int(code), plan.answer.element_bits),
            )
            for value, code in zip(answers[:_SHOWN], answer[0], strict=False)
        ),
        sample_beats=_beats(plan.source, codes, marked_throughout=False),
        answer_beats=_beats(plan.answer, answer, marked_throughout=True),
    )


def _digits(code: int, bits: int) -> str:
    """Return a code in two's complement."""
    return f"{code & (1 << bits) - 1:0{bits // 4}x}"


def _beats(
    packet: Packet, codes: NDArray[np.int64], *, marked_throughout: bool
) -> tuple[Beat, ...]:
    beats = []
    for place, octets in enumerate(packet.encode(codes)[0][:_BEATS]):
        ends = place == packet.beats - 1
        data = octets[::-1].tobytes().hex()
        beats.append(
            Beat(
                data=data if len(data) <= _DIGITS else f"...{data[-_DIGITS:]}",
                keep=f"{packet.keep(ends=ends):x}",
                last=int(ends),
                user=int(ends or marked_throughout),
            )
        )
    return tuple(beats)
