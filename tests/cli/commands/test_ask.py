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
    run, monkeypatch, tmp_path, different, status, said
):
    def ask(directory, x, *, port, baud):
        assert (directory, x.shape, port, baud) == ("out", (2, 4, 1), "/dev/x", 9600)
        return Answers(values=np.ones((2, 3)), words=6, different=different)

    monkeypatch.setattr(api, "ask", ask)
    np.save(tmp_path / "x.npy", np.zeros((2, 4, 1)))
    paths = ("--input", str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.npy"))
    answer = run("ask", "out", "--port", "/dev/x", "--baud", "9600", *paths)
    assert answer.status == status
    assert f"6 words answered by the board, {said}" in answer.out
    assert np.array_equal(np.load(tmp_path / "y.npy"), np.ones((2, 3)))
