# SPDX-License-Identifier: Apache-2.0
"""Asking a board: every word is compared, and one that differs is found."""

from __future__ import annotations

import numpy as np
import pytest

import lmu_hw
from lmu_hw.boards.ask import ask
from lmu_hw.errors import ConfigError
from lmu_hw.folder import DesignFolder
from lmu_hw.manifest import read_plan
from tests.boards.board import Board, Wire
from tests.networks import network, noise


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Return the folder of a design, and what answers to it."""
    path = tmp_path_factory.mktemp("ask") / "design"
    net = network(order=2, inputs=3, units=3, dense=2, return_sequences=True)
    lmu_hw.emit(
        lmu_hw.quantize(net, noise(net, sequences=2, steps=20)), path, lanes=1, stream_width=32
    )
    return path, noise(net, sequences=2, steps=5)


@pytest.mark.parametrize("wrong", [0, 1])
def test_every_word_of_a_board_is_compared(asked, wrong):
    path, x = asked
    design = lmu_hw.read_design(path)
    board = Board(design.network, read_plan(DesignFolder(path), design.network), wrong)
    answers = ask(path, x, port="here", open_line=lambda port, baud: Wire(board))
    assert (answers.words, answers.different) == (2 * 5 * 2, 2 * wrong)
    assert np.array_equal(answers.values, design.predict(x)) == (not wrong)


def test_what_is_no_port_is_refused(asked):
    path, x = asked
    with pytest.raises(ConfigError, match="`port` must be the name of a serial port, not 3"):
        ask(path, x, port=3)
    with pytest.raises(ConfigError, match="`baud` must be at least 1, not 0"):
        ask(path, x, port="here", baud=0)
