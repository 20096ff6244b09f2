# SPDX-License-Identifier: Apache-2.0
"""A program in the place of a board, and of the line to it."""

from __future__ import annotations

from collections import deque

import numpy as np

from lmu_hw.golden import GoldenModel
from lmu_hw.network import QuantizedNetwork
from lmu_hw.network.frames import FrameReader, Mark, framed
from lmu_hw.plan import Plan

__all__ = ["Board", "Wire"]


class Board:
    """Answers as the golden model, byte by byte; takes nothing that there is no room for."""

    def __init__(self, network: QuantizedNetwork, plan: Plan, wrong: int = 0) -> None:
        self.network, self.plan = network, plan
        self.wrong = wrong  # is added to the words of the first answer
        self.reader, self.steps = FrameReader(), list[list[int]]()

    def answer(self, data: bytes) -> bytes:
        """Return what the board sends for what it gets."""
        out = bytearray()
        for octet in data:
            if octet == Mark.BEGIN:
                self.reader, self.steps = FrameReader(), []
                out += bytes([5, Mark.END, Mark.TAKEN])
                continue
            for frame in self.reader.read([octet]):
                out += bytes([Mark.TAKEN, *self._step(frame)])
        return bytes(out)

    def _step(self, frame) -> bytes:
        source, packet = self.plan.source, self.plan.answer
        octets = frame.octets.ljust(source.beats * source.bytes, b"\0")
        beats = np.frombuffer(octets, np.uint8).reshape(1, source.beats, source.bytes)
        self.steps.append(source.decode(beats)[0].tolist())
        once = self.network.answers_once
        if once and not frame.ends:
            return b""
        y, _ = GoldenModel(self.network).run(np.array([self.steps]))
        codes = y.reshape(-1, self.network.output.size)[-1:] + self.wrong
        self.wrong = 0
        if frame.ends:
            self.steps = []
        octets = packet.encode(codes).tobytes()[: packet.vector_bytes]
        return framed(octets, ends=frame.ends)


class Wire:
    """A line to a board, which hands its bytes over a few at a time."""

    def __init__(self, board: Board) -> None:
        self.board, self.came = board, deque[int]()

    def write(self, data: bytes, /) -> None:
        self.came += self.board.answer(data)

    def read(self, size: int, /) -> bytes:
        return bytes(self.came.popleft() for _ in range(min(3, size, len(self.came))))
