# SPDX-License-Identifier: Apache-2.0
"""The host's end of a serial line, with a program in the board's place."""

from __future__ import annotations

import os
import threading
import tty

import numpy as np
import pytest

from lmu_hw.boards.host import Device, SpiLine, open_uart
from lmu_hw.errors import ToolError
from lmu_hw.golden import GoldenModel
from lmu_hw.network import Last, Stream
from lmu_hw.network.frames import Mark, window
from tests import networks
from tests.boards.board import Board, Wire
from tests.plans import fastest_plan

X = np.arange(-60, 60).reshape(4, 10, 3)


def board_of(*, once: bool, dense: int = 2) -> Board:
    """Return a board with a small design."""
    network = networks.quantized(
        networks.network(order=2, inputs=3, units=3, dense=dense, return_sequences=not once),
        input_bits=8,
    )
    return Board(network, fastest_plan(network, 1, stream=Stream(width=32, last=Last.VECTOR)))


@pytest.mark.parametrize("once", [True, False])
def test_answers_are_those_of_the_board(once):
    board = board_of(once=once)
    device = Device(Wire(board), board.network, board.plan, quiet=0.01)
    y, _ = GoldenModel(board.network).run(X)
    assert np.array_equal(device.run(X), y)
    assert np.array_equal(device.run(X[:1]), y[:1])


def test_no_more_is_sent_than_there_is_room_for():
    board = board_of(once=True)
    wire = Wire(board)
    device = Device(wire, board.network, board.plan, quiet=0.01, patience=0.05)
    board.answer = lambda data: b""  # takes nothing
    sent = []
    wire.write = sent.append
    with pytest.raises(ToolError, match=r"must answer within 0\.05 s.* 0 of 40 vectors were taken"):
        device.run(X)
    assert len(sent) == 40 < window(board.plan.source.vector_bytes)
    many = np.zeros((1, 1000, 3), np.int64)
    device._sent = 0
    with pytest.raises(ToolError):
        device.run(many)
    assert len(sent) == 40 + window(board.plan.source.vector_bytes)


def test_spi_fetches_what_does_not_come_by_itself():
    board = board_of(once=False)
    wire = Wire(board)

    def transfer(data: bytes) -> bytes:
        wire.write(data)
        return bytes(wire.came.popleft() if wire.came else Mark.END for _ in data)

    device = Device(SpiLine(transfer), board.network, board.plan, quiet=0.01)
    assert np.array_equal(device.run(X), GoldenModel(board.network).run(X)[0])


def test_a_board_that_is_not_there_or_not_this_design_is_named():
    board = board_of(once=True)
    silent = Wire(board)
    silent.write = lambda data: None
    with pytest.raises(ToolError, match="must say that it is there"):
        Device(silent, board.network, board.plan, quiet=0.01)
    other = board_of(once=True, dense=3)
    device = Device(Wire(board), other.network, other.plan, quiet=0.01)
    with pytest.raises(ToolError, match="answer 0 must be 6 bytes and the last .*, not 4 and"):
        device.run(X)


def test_a_serial_port_carries_it():
    board = board_of(once=True)
    ours, theirs = os.openpty()
    tty.setraw(ours)

    def serve() -> None:
        while True:
            try:
                data = os.read(ours, 64)
            except OSError:  # closed
                return
            os.write(ours, board.answer(data))

    threading.Thread(target=serve, daemon=True).start()
    line = open_uart(os.ttyname(theirs), 115_200)
    os.close(theirs)
    device = Device(line, board.network, board.plan)
    assert np.array_equal(device.run(X), GoldenModel(board.network).run(X)[0])
    line.close()


def test_a_port_that_is_not_there_is_named():
    with pytest.raises(ToolError, match="/nowhere: cannot be opened"):
        open_uart("/nowhere", 115_200)
