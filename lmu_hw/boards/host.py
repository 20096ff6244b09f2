# SPDX-License-Identifier: Apache-2.0
"""The other end of the serial line: sends vectors to a board, and reads its answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ToolError
from lmu_hw.network import Packet, QuantizedNetwork
from lmu_hw.network.frames import Frame, FrameReader, Mark, framed, window
from lmu_hw.plan import Plan

__all__ = ["Device", "Line", "SpiLine", "open_uart"]

Codes = NDArray[np.int64]

_PIECE = 256  # bytes that are read at a time
_QUIET = 0.05  # seconds without a byte, after which nothing of before is on its way
_PATIENCE = 5.0  # seconds without a byte, after which nothing is expected any more


class Line(Protocol):
    """What carries bytes: a serial port of pyserial is one."""

    def write(self, data: bytes, /) -> object:
        """Send bytes."""
        ...

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none if none came for a while."""
        ...


class SpiLine:
    """SPI as a line: for each byte that goes, one comes.

    Parameters
    ----------
    transfer : callable
        Sends bytes while the board is selected, and returns as many; ``lambda data:
        bytes(spi.xfer3(list(data)))`` with spidev.
    """

    def __init__(self, transfer: Callable[[bytes], bytes]) -> None:
        self._transfer = transfer
        self._came = bytearray()

    def write(self, data: bytes, /) -> None:
        """Send bytes; those that come are kept."""
        self._came += self._transfer(data)

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes but fillers, which are sent for in their place."""
        if not self._came:
            self._came += self._transfer(bytes([Mark.END]) * size)
            if set(self._came) == {int(Mark.END)}:
                self._came.clear()
        came = bytes(self._came[:size])
        del self._came[:size]
        return came


class Device:
    """A design on a board.

    Parameters
    ----------
    line : Line
    network : QuantizedNetwork
    plan : Plan
    quiet : float
        Seconds without a byte, after which nothing of an earlier run is on its way.
    patience : float
        Seconds without a byte, after which the board is taken to be gone.

    Raises
    ------
    ToolError
        If nothing answers.
    """

    def __init__(
        self,
        line: Line,
        network: QuantizedNetwork,
        plan: Plan,
        *,
        quiet: float = _QUIET,
        patience: float = _PATIENCE,
    ) -> None:
        self.line, self.network, self.plan = line, network, plan
        self.patience = patience
        self._reader, self._sent = FrameReader(), 0
        self._begin(quiet)

    def run(self, x_codes: Codes) -> Codes:
        """Return the answers of the board.

        Parameters
        ----------
        x_codes : (sequences, steps, inputs) int64

        Returns
        -------
        y_codes : (sequences, outputs) or (sequences, steps, outputs) int64
            As `GoldenModel.run` returns them.

        Raises
        ------
        ToolError
            If they do not come, or are not the answers of this design.
        """
        sequences, steps, _ = x_codes.shape
        once = self.network.answers_once
        waiting = _frames(self.plan.source, x_codes)
        answers = list[Frame]()
        while len(answers) < (sequences if once else sequences * steps):
            self._send(waiting)
            answers += self._reader.read(self._read(len(answers)))
        self._check(answers, 1 if once else steps)
        octets = np.array([list(answer.octets) for answer in answers], np.uint8)
        packet = self.plan.answer
        beats = np.zeros((len(answers), packet.beats * packet.bytes), np.uint8)
        beats[:, : packet.vector_bytes] = octets
        codes = packet.decode(beats.reshape(len(answers), packet.beats, packet.bytes))
        return codes.reshape(sequences, -1) if once else codes.reshape(sequences, steps, -1)

    def _begin(self, quiet: float) -> None:
        """Make the board forget what was before, and wait until it is there."""
        self.line.write(bytes([Mark.BEGIN]))
        came, until = b"", time.monotonic() + self.patience
        heard = time.monotonic()
        while time.monotonic() < until and time.monotonic() - heard < quiet:
            if piece := self.line.read(_PIECE):
                came, heard = piece, time.monotonic()
        if came.rstrip(bytes([Mark.END]))[-1:] != bytes([Mark.TAKEN]):  # fillers may follow
            raise ToolError(
                "the board must say that it is there, but did not: is it loaded with this design, "
                "and is the rate that of its bitstream?"
            )

    def _send(self, waiting: Iterator[bytes]) -> None:
        """Send as many vectors as the board has room for."""
        room = window(self.plan.source.vector_bytes)
        while self._sent - self._reader.taken < room:
            vector = next(waiting, None)
            if vector is None:
                return
            self.line.write(vector)
            self._sent += 1

    def _read(self, answers: int) -> bytes:
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            if came := self.line.read(_PIECE):
                return came
        raise ToolError(
            f"the board must answer within {self.patience:g} s, but did not: after {answers:,} "
            f"answers, {self._reader.taken:,} of {self._sent:,} vectors were taken"
        )

    def _check(self, answers: list[Frame], steps: int) -> None:
        """Raise unless answers have the size and the marks that they must have."""
        size = self.plan.answer.vector_bytes
        for number, answer in enumerate(answers):
            ends = number % steps == steps - 1
            if (len(answer.octets), answer.ends) != (size, ends):
                raise ToolError(
                    f"answer {number} must be {size} bytes and {'' if ends else 'not '}the last of "
                    f"its sequence, not {len(answer.octets)} and "
                    f"{'' if answer.ends else 'not '}the last"
                )


def open_uart(port: str, baud: int) -> Line:
    """Return a serial port.

    Raises
    ------
    ToolError
        If pyserial is missing, or the port cannot be opened.
    """
    try:
        import serial
    except ImportError:
        raise ToolError("a serial port needs pyserial: pip install 'lmu_hw[boards]'") from None
    try:
        return serial.Serial(port, baud, timeout=0.02)
    except (serial.SerialException, ValueError) as error:
        raise ToolError(f"{port}: cannot be opened: {error}") from None


def _frames(packet: Packet, x_codes: Codes) -> Iterator[bytes]:
    """Yield what the vectors of sequences are on the line."""
    for steps in x_codes:
        octets = packet.encode(steps).reshape(len(steps), -1)[:, : packet.vector_bytes]
        for number, vector in enumerate(octets):
            yield framed(vector.tobytes(), ends=number == len(steps) - 1)
