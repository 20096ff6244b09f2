# SPDX-License-Identifier: Apache-2.0
"""Parts of a layer as a mapping writes them."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load.mapping.view import View, flat_shape, is_plain
from lmu_hw.load.tensors import Tensor

W = np.arange(12.0).reshape(3, 4)
SQUARE = np.arange(9.0).reshape(3, 3)
TENSORS = {
    name: Tensor(where=name, kind="float64", shape=values.shape, data=values.copy)
    for name, values in {
        "cell.W": W, "s": SQUARE, "v": np.arange(3.0), "conv": W[:, :, None], "batch": SQUARE[None],
        "stack": np.stack([W[::-1], W]),
    }.items()
}  # fmt: skip


def read(text, part="W_x"):
    return View.parse(text).read(TENSORS, part, "here")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cell.W", W),
        ("cell.W[:, 1:3]", W[:, 1:3]),
        ("cell.W[1:]", W[1:]),
        ("cell.W transposed", W.T),
        ("cell.W[:, 1:] transposed", W[:, 1:].T),
        ("s transposed + I", SQUARE.T + np.eye(3)),
        ("cell.W + cell.W", 2 * W),
        ("cell.W; s[:, 0:1] + s[:, 1:2]", None),
        ("cell.W[0:1]; cell.W[2:3]", W[[0, 2]]),
        ("conv", W),
        ("batch", SQUARE),
        ("stack[1]", W),
        ("stack[0][:, 1:] transposed", W[::-1, 1:].T),
    ],
)
def test_tensors_are_cut_turned_and_put_together(text, expected):
    if expected is None:
        with pytest.raises(LoadError, match=r"\(rows, columns\), each as wide"):
            read(text)
    else:
        assert np.array_equal(read(text), expected)


def test_vectors_lie_in_any_direction():
    for text in ("v", "s[0:1]", "s[:, 0:1]", "s[2]"):
        assert read(text, "b").shape == (3,)
    assert read("v", "E_x").shape == (1, 3)


@pytest.mark.parametrize(
    ("text", "part", "message"),
    [
        ("gone", "W_x", r"there must be a tensor 'gone'; there are \['batch', 'cell.W'"),
        ("s", "b", r"the shape must be that of a vector, not \(3, 3\)"),
        ("v", "W_x", r"the shape must be \(rows, columns\)"),
        ("cell.W + s", "W_x", "what is added must be of one shape"),
        ("cell.W + I", "W_x", "what the identity is added to must be a square matrix"),
        (
            "s[:, 2:4]",
            "W_x",
            r"the part of 's' must be inside its shape \(3, 3\), not '\[0:, 2:4\]'",
        ),
        ("s[2:2]", "W_x", "the part of 's' must be inside"),
        ("v[:, 0:1]", "b", "the part of 'v' must be inside"),
        ("stack[2]", "W_x", r"the part of 'stack' must be one of .* of \(2, [^)]*\), not '\[2\]'"),
        ("v[0]", "b", "the part of 'v' must be one of those along the first axis"),
    ],
)
def test_what_does_not_fit_is_refused(text, part, message):
    with pytest.raises(LoadError, match=f"here: {message}"):
        read(text, part)


@pytest.mark.parametrize(
    "text", ["", "a b", "a[-1]", "a[1][2]", "a[x:y]", "a[:, :, :]", "I", "a; ", "a + "]
)
def test_what_is_no_view_is_refused(text):
    with pytest.raises(ValueError, match="must be"):
        View.parse(text)


@pytest.mark.parametrize(
    ("shape", "flat"),
    [
        ((1, 3, 3), (3, 3)),
        ((3, 4, 1), (3, 4)),
        ((1, 1, 3), (1, 3)),
        ((2, 3, 4), (2, 3, 4)),
        ((5,), (5,)),
    ],
)
def test_axes_of_one_do_not_count_beyond_two(shape, flat):
    assert flat_shape(shape) == flat


def test_names_that_a_view_cannot_say_are_known():
    assert is_plain("net.lmu/kernel-1:0")
    assert not any(map(is_plain, ("", "a b", "x[0]", "a;b", "a\nb", "I")))
