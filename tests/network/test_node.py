# SPDX-License-Identifier: Apache-2.0
"""A node is one exact sum: its parts fit, and its bounds are reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.network import Rectifier, Table, Term
from tests.network.parts import S8, TO_S8, codes, layer, node, term


def test_all_terms_have_the_same_rows():
    with pytest.raises(NetworkError, match=r"l.u: all weight matrices must have the same rows"):
        node("l.u", term("x", 2, 2), term("l.u", 3, 3, delayed=True))


def test_a_node_reads_something():
    with pytest.raises(NetworkError, match=r"l.u: all weight matrices must have the same rows"):
        node("l.u")


def test_weights_are_signed():
    unsigned = FixedFormat(signed=False, int_bits=1, frac_bits=7)
    wrong = Term(source="x", delayed=False, weights=codes(2, 2, fmt=unsigned))
    with pytest.raises(NetworkError, match=r"l\.u: weights of x must be signed, not uQ1\.7"):
        node("l.u", wrong)


def test_a_bias_for_each_row():
    bias = codes(3, fmt=FixedFormat(signed=True, int_bits=0, frac_bits=14))
    with pytest.raises(NetworkError, match=r"l.u: bias must have 2 entries, not 3"):
        node("l.u", term("x", 2, 2), bias=bias)


def test_a_row_shift_for_each_row():
    with pytest.raises(NetworkError, match=r"l.u: row_shifts must have 2 entries, not 1"):
        node("l.u", term("x", 2, 2), row_shifts=(1,))


def test_the_bias_is_at_the_binary_point_of_the_sum():
    with pytest.raises(NetworkError, match=r"l.u: the bias must have 14 fraction bits"):
        node("l.u", term("x", 2, 2), bias=codes(2))


def test_a_table_is_for_the_codes_that_enter():
    table = Table.full("tanh", FixedFormat(signed=True, int_bits=3, frac_bits=4), codes(256))
    with pytest.raises(NetworkError, match=r"l.u: the table must be for .*, not sQ3.4 \(8 bits\)"):
        node("l.u", term("x", 2, 2), activation=table)


@pytest.mark.parametrize("rounding", [mode for mode in Rounding if mode is not Rounding.FLOOR])
def test_error_feedback_rounds_by_floor(rounding):
    rule = rf"l\.u: error feedback must round by floor, not {rounding.value}"
    with pytest.raises(NetworkError, match=rule):
        node(
            "l.u",
            term("x", 2, 2),
            requant=replace(TO_S8, rounding=rounding),
            error_feedback=True,
        )


@pytest.mark.parametrize(
    "changes",
    [{"activation": Rectifier(format=S8)}, {"last_only": True}, {"sum_frac_bits": 7}],
    ids=["an activation", "last step only", "no bits dropped"],
)
def test_error_feedback_is_for_linear_nodes_of_every_step_that_drop_bits(changes):
    with pytest.raises(NetworkError, match=r"l\.u: error feedback must be on a node without activ"):
        node("l.u", term("x", 2, 2), error_feedback=True, **changes)


def test_dropped_bits_are_those_between_sum_and_code():
    assert node("l.u", term("x", 2, 2)).dropped_bits == 7


def test_sum_bounds_are_reached_by_the_largest_codes():
    bias = codes(1, fmt=FixedFormat(signed=True, int_bits=0, frac_bits=17), value=-5)
    wide = layer(node("l.u", term("x", 1, 2), row_shifts=(2,), sum_frac_bits=17, bias=bias))
    partial = 2 * 128 << (17 - 2 - 14)
    assert wide.sum_bounds(wide.nodes[0]) == (partial, partial + 5)


def test_the_bound_of_a_total_includes_the_largest_residue():
    plain = layer(node("l.u", term("x", 2, 2)))
    keeping = layer(node("l.u", term("x", 2, 2), error_feedback=True))
    partial, total = plain.sum_bounds(plain.nodes[0])
    assert keeping.sum_bounds(keeping.nodes[0]) == (partial, total + 127)


def test_sum_bounds_do_not_overflow():
    fmt = FixedFormat.of_width(63, signed=True, int_bits=0)
    huge = Term(source="x", delayed=False, weights=codes(1, 2, fmt=fmt, value=fmt.min_code))
    wide = layer(node("l.u", huge, sum_frac_bits=69))
    assert wide.sum_bounds(wide.nodes[0]) == (2 * 2**62 * 128,) * 2
