# SPDX-License-Identifier: Apache-2.0
"""Names of tensors say which parts they are."""

from __future__ import annotations

import pytest

from lmu_hw.load.draft.names import Hint, common_wrapper, hint_of, is_observer


@pytest.mark.parametrize(
    ("name", "row", "letters"),
    [
        ("lmu.cell.e_x", "E", "x"),
        ("cell.memory_encoders", "E", "m"),
        ("params/LMUCell_0/W_h", "W", "h"),
        ("cell.W_uxh", "E", "xh"),
        ("cell.W_hxm", "W", "xm"),
        ("lmu.kernel", "E", ""),
        ("lmu.recurrent_kernel", "E", ""),
        ("lmu.hidden_cell.kernel", "W", ""),
        ("lmu.hidden_cell.recurrent_kernel", "W", "h"),
        ("cell.bias_u", "b", "u"),
    ],
)
def test_a_name_says_a_part(name, row, letters):
    assert hint_of(name) == Hint(row=row, letters=letters)


@pytest.mark.parametrize("name", ["fc1", "conv.0", "W_out", "head.weight_mask"])
def test_other_names_say_nothing(name):
    assert hint_of(name) is None


def test_a_wrapper_is_what_stands_before_all_names():
    assert common_wrapper(["module._orig_mod.a.w", "module._orig_mod.b"]) == "module._orig_mod."
    assert common_wrapper(["params/a/kernel", "params/b"]) == "params/"
    assert common_wrapper(["module.a", "b"]) == ""
    assert common_wrapper([]) == ""


def test_observers_are_known():
    assert is_observer("fc.weight_fake_quant.activation_post_process.min_val")
    assert not is_observer("fc.weight")
