# SPDX-License-Identifier: Apache-2.0
"""Overflows are counted by node, and the side on which something was lost is known."""

from __future__ import annotations

import numpy as np

from lmu_hw.fixed import FixedFormat
from lmu_hw.golden import Overflows

FORMAT = FixedFormat(signed=True, int_bits=0, frac_bits=3)


def test_counts_of_a_node_add_up():
    overflows = Overflows()
    overflows.add("a", 2, np.array([7, 0]), FORMAT)
    overflows.add("a", 3, np.array([7, -8]), FORMAT)
    overflows.add("b", 0, np.array([7]), FORMAT)
    assert overflows == {"a": 5, "b": 0}


def test_a_side_counts_where_a_code_lies_at_it():
    overflows = Overflows()
    overflows.add("a", 1, np.array([7, -7]), FORMAT)
    overflows.add("b", 1, np.array([-8, 6]), FORMAT)
    assert (overflows.low, overflows.high) == ({"b"}, {"a"})


def test_codes_at_the_ends_are_no_loss_where_nothing_was_outside():
    overflows = Overflows()
    overflows.add("a", 0, np.array([7, -8]), FORMAT)
    assert not overflows.low and not overflows.high
