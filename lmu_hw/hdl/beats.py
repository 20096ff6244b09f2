# SPDX-License-Identifier: Apache-2.0
"""Words of states, collected into the beats that a layer stores."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.utils import exact_log2

__all__ = ["write_beats"]


def write_beats(
    m: Module,
    write: Signal,
    codes: Value,
    *,
    words_per_beat: int,
    rows: int,
    present: Value,
    segment: Value,
    word: Value,
    ends: Value,
) -> None:
    """Drive a `state_layout`; the last word of a beat passes through, the others are kept.

    Parameters
    ----------
    m : Module
    write : Signal of `lmu_hw.hdl.memory_unit.state_layout`
    codes : Value
        The states of a word.
    words_per_beat, rows : int
        Power of two; states of a segment.
    present : Value
        There is a word.
    segment, word, ends : Value
        Where it belongs; it is the last one of the segment.
    """
    position = exact_log2(words_per_beat)
    place, number = word[:position], word >> position
    beat = len(write.mask)
    for part in range(words_per_beat):
        lanes = write.data.as_value()[part * len(codes) : (part + 1) * len(codes)]
        m.d.comb += lanes.eq(codes)
        if part < words_per_beat - 1:
            earlier = Signal(len(codes), name=f"kept_{part}", reset_less=True)
            with m.If(present & (place == part)):
                m.d.sync += earlier.eq(codes)
            with m.If(
                place.as_unsigned() > part
            ):  # later parts of a last beat hold known codes, too
                m.d.comb += lanes.eq(earlier)
    m.d.comb += [
        write.valid.eq(present & (place.all() | ends)),
        write.segment.eq(segment),
        write.beat.eq(number),
        write.mask.eq(Cat(number < -(-(rows - lane) // beat) for lane in range(beat))),
    ]
