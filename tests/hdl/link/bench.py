# SPDX-License-Identifier: Apache-2.0
"""A design behind a serial line in Amaranth's simulator, and a host at the other end of it."""

from __future__ import annotations

from collections import deque

from amaranth.hdl import Module, ResetInserter
from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

from lmu_hw.hdl.link import SerialLink
from lmu_hw.hdl.top import NetworkTop
from lmu_hw.network.frames import Frame, FrameReader, Link, Mark, framed, window
from lmu_hw.plan import Plan

DIVISOR = 4  # cycles of a bit
HALF = 4  # cycles of half a clock of SPI
QUIET, LIMIT = 60, 20_000  # turns in which a host sends something or not


class Board(Component):
    """A link and a design, as the top of a board connects them."""

    def __init__(self, plan: Plan, link: Link) -> None:
        super().__init__({})
        self.link = SerialLink(link, plan.source, plan.answer, DIVISOR)
        self.network = NetworkTop(plan)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.link = self.link
        m.submodules.network = ResetInserter(self.link.clear)(self.network)
        for source, sink in ((self.link, self.network), (self.network, self.link)):
            for name in ("tdata", "tkeep", "tvalid", "tlast", "tuser"):
                if hasattr(source, f"m_axis_{name}") and hasattr(sink, f"s_axis_{name}"):
                    there = getattr(source, f"m_axis_{name}")
                    m.d.comb += getattr(sink, f"s_axis_{name}").eq(there)
            m.d.comb += source.m_axis_tready.eq(sink.s_axis_tready)
        return m


class Host:
    """Sends vectors as the board has room for them, and collects its answers.

    Parameters
    ----------
    link : Component
        With the pins of a link.
    kind : Link
    vectors : list of Frame
    answers : int
        That are waited for.
    room : int
        Vectors on their way at most.
    first : bytes
        That are sent before, and followed by silence.
    """

    def __init__(
        self, link, kind: Link, vectors: list[Frame], answers: int, *, room: int, first=b""
    ):
        self.link, self.kind, self.room = link, kind, room
        self.vectors, self.answers = deque(vectors), answers
        self.line = deque(first)
        self.sent = 0
        self.reader, self.frames = FrameReader(), list[Frame]()
        self.turns, self.quiet = 0, QUIET if first else 0

    @property
    def done(self) -> bool:
        return len(self.frames) >= self.answers

    def _next(self) -> int | None:
        """Return the byte to be sent now, if there is one."""
        self.turns += 1
        assert self.turns < LIMIT, f"{len(self.frames)} of {self.answers} answers"
        if not self.line and self.quiet:  # what was on its way is not of these vectors
            self.quiet -= 1
            self.reader, self.frames = FrameReader(taken=1), []
            return None
        if not self.line and self.vectors and self.sent < self.reader.taken - 1 + self.room:
            vector = self.vectors.popleft()
            self.line += framed(vector.octets, ends=vector.ends)
            self.sent += 1
        return self.line.popleft() if self.line else None

    def _got(self, octet: int) -> None:
        self.frames += self.reader.read([octet])

    async def uart_sends(self, ctx) -> None:
        while not self.done:
            octet = self._next()
            bits = [1] if octet is None else [0, *(octet >> n & 1 for n in range(8)), 1]
            for bit in bits:
                ctx.set(self.link.rx, bit)
                await ctx.tick().repeat(DIVISOR)

    async def uart_receives(self, ctx) -> None:
        while not self.done:
            await ctx.tick().until(~self.link.tx)
            await ctx.tick().repeat(DIVISOR // 2 - 1)
            bits = 0
            for n in range(9):
                await ctx.tick().repeat(DIVISOR)
                bits |= ctx.get(self.link.tx) << n
            assert bits >> 8, "a byte must end with a stop bit"
            self._got(bits & 255)

    async def spi(self, ctx) -> None:
        while not self.done:
            octet, given = self._next(), 0
            ctx.set(self.link.cs_n, 0)
            for n in reversed(range(8)):
                ctx.set(self.link.copi, (Mark.END if octet is None else octet) >> n & 1)
                await ctx.tick().repeat(HALF)
                ctx.set(self.link.sck, 1)
                given = given << 1 | ctx.get(self.link.cipo)
                await ctx.tick().repeat(HALF)
                ctx.set(self.link.sck, 0)
            if octet is None:  # and between bytes it may be selected or not
                await ctx.tick().repeat(HALF)
                ctx.set(self.link.cs_n, 1)
                await ctx.tick().repeat(HALF)
            self._got(given)

    def processes(self) -> list:
        match self.kind:
            case Link.UART:
                return [self.uart_sends, self.uart_receives]
            case Link.SPI:
                return [self.spi]


def talk(plan: Plan, kind: Link, vectors: list[Frame], answers: int, first: bytes = b"") -> Host:
    """Return a host that has got so many answers of a design."""
    board = Board(plan, kind)
    room = window(plan.source.vector_bytes)
    host = Host(board.link, kind, vectors, answers, room=room, first=first)
    run(board, host)
    return host


def run(component: Component, host: Host) -> None:
    """Simulate until the host is done."""
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for process in host.processes():
        simulator.add_testbench(process)
    simulator.run()
