# SPDX-License-Identifier: Apache-2.0
"""Streams of vectors: beats of elements between layers, and the buffer in front of a layer."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.network import INPUT
from lmu_hw.plan import LayerPlan

__all__ = ["InputBuffer", "beat_signature"]


def beat_signature(fmt: FixedFormat, beat: int) -> stream.Signature:
    """Return the stream of a vector's elements, `beat` at a time.

    ``last`` marks all beats of the last vector of a sequence.
    """
    return stream.Signature(
        data.StructLayout({"data": data.ArrayLayout(shape_of(fmt), beat), "last": 1})
    )


class InputBuffer(wiring.Component):
    """Receives the next input vector while the layer reads the present one.

    Parameters
    ----------
    plan : LayerPlan

    Members
    -------
    i : In(stream of beats)
    read_word : In
    read_data : Out
        The word of the present vector, one cycle later.
    available, last : Out(1)
        There is a present vector; it is the last of its sequence.
    another : Out(1)
        There is one more behind the present one.
    drop : In(1)
        The present vector is no longer needed.
    """

    def __init__(self, plan: LayerPlan) -> None:
        source = plan.layer.input
        self.plan = plan
        self.ram = VectorRam(
            storage=plan.storage(INPUT),
            pages=2,
            columns=plan.columns,
            beat=plan.beat,
            width=source.format.width,
        )
        super().__init__(
            {
                "i": In(beat_signature(source.format, plan.beat)),
                "read_word": In(self.ram.read_word.shape()),
                "read_data": Out(self.ram.read_data.shape()),
                "available": Out(1),
                "another": Out(1),
                "last": Out(1),
                "drop": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = ram = self.ram
        beats = self.plan.input_beats
        beat = Signal(range(beats + 1))
        full = Signal(2)
        filling = Signal()
        reading = Signal()
        accepted = Signal()
        complete = Signal()
        lasts = Signal(2)
        m.d.comb += [
            self.i.ready.eq(full != 2),
            accepted.eq(self.i.valid & self.i.ready),
            complete.eq(accepted & (beat == beats - 1)),
            self.available.eq(full != 0),
            self.another.eq(full == 2),
            self.last.eq(lasts.bit_select(reading, 1)),
            ram.write_page.eq(filling),
            ram.write_beat.eq(beat),
            ram.write_enable.eq(accepted),
            ram.write_data.eq(self.i.payload.data),
            ram.read_page.eq(reading),
            ram.read_word.eq(self.read_word),
            self.read_data.eq(ram.read_data),
        ]
        m.d.sync += full.eq(full + complete - self.drop)
        with m.If(accepted):
            m.d.sync += beat.eq(beat + 1)
        with m.If(complete):
            m.d.sync += [beat.eq(0), filling.eq(~filling)]
            m.d.sync += lasts.bit_select(filling, 1).eq(self.i.payload.last)
        with m.If(self.drop):
            m.d.sync += reading.eq(~reading)
        return m
