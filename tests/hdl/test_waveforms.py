# SPDX-License-Identifier: Apache-2.0
"""The waveforms and the example in docs/hardware.md are what the hardware does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Component, In, Out

from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl.packets import AnswerMemory, PacketReceiver, PacketSender
from lmu_hw.network import Elements, Last, Packet, Signal, Stream
from tests.hdl.bench import drive
from tests.waveforms import waveform

DOCS = (Path(__file__).parents[2] / "docs/hardware.md").read_text()
CELL = 11
FORMAT = FixedFormat(signed=True, int_bits=0, frac_bits=11)
VALUES = np.array([[-0.5, 0.25, 0.0009765625], [0.125, -1.0, 0.75]])
CODES = (VALUES * 2**FORMAT.frac_bits).astype(np.int64)
WIRES = ("tvalid", "tready", "tdata", "tkeep", "tlast", "tuser")

Beat = tuple[int, int, int, int]
"""tdata, tkeep, tlast and tuser."""


def packet_of(last: Last, elements: Elements = Elements.PACKED) -> Packet:
    stream = Stream(width=32, last=last, elements=elements)
    return stream.packet(Signal(size=3, format=FORMAT))


def beats_of(packet: Packet, step: int) -> list[Beat]:
    """Return the beats of a step; the second one ends its sequence."""
    beats = []
    for number, octets in enumerate(packet.encode(CODES[step : step + 1])[0]):
        ends = number == packet.beats - 1
        last = int(ends and (packet.marks or step == 1))
        data = int.from_bytes(octets.tobytes(), "little")
        beats.append((data, packet.keep(ends=ends), last, int(ends and step == 1)))
    return beats


def drawn(component: Component, wires: dict[str, str], feed, *, first: int = 0) -> str:
    """Return the waveform of a component from a cycle on, of `wires` by name in the drawing."""
    wires = {drawn: name for drawn, name in wires.items() if hasattr(component, name)}
    signals = {name: getattr(component, name) for name in wires.values()}
    rows: list[list[int | None]] = []

    async def watch(ctx):
        async for _, _, *values in ctx.tick().sample(*signals.values()):
            sampled = dict(zip(signals, values, strict=True))
            shown = ("tvalid", "tready", "malformed") if not sampled["tvalid"] else signals
            rows.append([value if name in shown else None for name, value in sampled.items()])

    drive(component, feed, watch)
    columns = zip(*rows[first:], strict=True)
    return waveform(
        {
            name: (len(signal), column)
            for name, signal, column in zip(wires, signals.values(), columns, strict=True)
        },
        cell=CELL,
    )


def received(packet: Packet, beats: list[Beat | None]) -> str:
    """Return the waveform of beats that are offered; None is a pause."""
    receiver = PacketReceiver(packet, 2)

    async def feed(ctx):
        for beat in [*beats, None]:
            ctx.set(receiver.tvalid, beat is not None)
            for name, value in zip(WIRES[2:], beat or (0, 0, 0, 0), strict=True):
                if hasattr(receiver, name):
                    ctx.set(getattr(receiver, name), value)
            if beat is None:
                await ctx.tick()
            else:
                await ctx.tick().until(receiver.tready)

    wires = {f"s_axis_{name}": name for name in WIRES}
    return drawn(receiver, wires | {"s_axis_malformed": "malformed"}, feed)


class Output(wiring.Component):
    """What keeps answers and sends them, two elements at a time."""

    def __init__(self, packet: Packet) -> None:
        self.memory, self.sender = AnswerMemory(packet, 1, 2), PacketSender(packet, 2)
        ports = {name: Out(len(getattr(self.sender, name))) for name in WIRES if name != "tready"}
        super().__init__({"tready": In(1), **ports})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory, m.submodules.sender = memory, sender = self.memory, self.sender
        wiring.connect(m, memory.o, sender.i)
        m.d.comb += [memory.taken.eq(sender.taken), sender.tready.eq(self.tready)]
        m.d.comb += [getattr(self, n).eq(getattr(sender, n)) for n in WIRES if n != "tready"]
        return m


def sent(packet: Packet) -> str:
    output = Output(packet)

    async def feed(ctx):
        ctx.set(output.memory.i.valid, 1)
        for step, codes in enumerate(CODES.tolist()):
            for code in codes:
                ctx.set(output.memory.i.payload.data[0], code)
                ctx.set(output.memory.i.payload.last, step)
                await ctx.tick()
        ctx.set(output.memory.i.valid, 0)
        for ready in (0, 1, 1, 0, 1, 1):
            ctx.set(output.tready, ready)
            await ctx.tick()

    return drawn(output, {f"m_axis_{name}": name for name in WIRES}, feed, first=CODES.size)


VECTORS, SEQUENCES = packet_of(Last.VECTOR), packet_of(Last.SEQUENCE)
FIRST, SECOND = beats_of(VECTORS, 0), beats_of(VECTORS, 1)
EARLY, LATE = (*FIRST[0][:2], 1, 0), [FIRST[0], (*FIRST[1][:2], 0, 0), (0xABCDEF, 0xF, 1, 0)]
WAVEFORMS = {
    "tlast ends vectors": lambda: received(VECTORS, [*FIRST, None, *SECOND]),
    "tlast ends sequences": lambda: received(
        SEQUENCES, [*beats_of(SEQUENCES, 0), None, *beats_of(SEQUENCES, 1)]
    ),
    "an answer": lambda: sent(VECTORS),
    "early": lambda: received(VECTORS, [EARLY, *SECOND]),
    "late": lambda: received(VECTORS, [*LATE, *SECOND]),
}


@pytest.mark.parametrize("what", WAVEFORMS)
def test_the_waveform_is_in_the_documents(what):
    assert f"```\n{WAVEFORMS[what]()}\n```" in DOCS


@pytest.mark.parametrize(
    ("elements", "width"),
    [(Elements.PACKED, 32), (Elements.SINGLE, 32), (Elements.PACKED, 8)],
)
def test_the_sample_that_is_encoded_by_hand_is_in_the_documents(elements, width):
    packet = Stream(width=width, elements=elements, last=Last.VECTOR).packet(VECTORS.vector)
    words = [octets[::-1].tobytes().hex() for octets in packet.encode(CODES[:1])[0]]
    assert f"| {width} | {elements.value} | {' '.join(words)} |" in DOCS
