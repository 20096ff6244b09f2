# SPDX-License-Identifier: Apache-2.0
"""``lmu-hw ask``: what it prints, and its exit statuses."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw import api
from lmu_hw.boards import Answers


@pytest.mark.parametrize(
    ("different", "status", "said"), [(0, 0, "all equal"), (3, 1, "3 of them not equal")]
)
def test_answers_are_written_and_their_comparison_is_printed(
    run, monkeypatch, here, different, status, said
):
    def ask(directory, x, *, port, baud):
        assert (directory, x.shape, port, baud) == ("out", (3, 8, 1), "/dev/x", 9600)
        return Answers(values=np.ones((3, 2)), words=6, different=different)

    monkeypatch.setattr(api, "ask", ask)
    paths = ("--input", "x.npy", "-o", "y.npy")
    answer = run("ask", "out", "--port", "/dev/x", "--baud", "9600", *paths)
    assert answer.status == status
    assert f"6 words answered by the board, {said}" in answer.out
    assert np.array_equal(np.load(here / "y.npy"), np.ones((3, 2)))
