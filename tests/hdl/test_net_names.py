# SPDX-License-Identifier: Apache-2.0
"""Nets between operators are named after what they compute, or what they are for."""

from __future__ import annotations

import re

from lmu_hw.hdl._net_names import named
from tests.integration.designs import emitted

MODULE = r"""module \m
  wire width 4 \a
  wire width 4 \b
  wire width 4 \r
  wire width 5 $1
  wire width 1 $2
  wire width 4 $3
  cell $add $4
    connect \A \a
    connect \B \b
    connect \Y $1
  end
  cell $eq $5
    connect \A \a [3:1]
    connect \B 3'101
    connect \Y $2
  end
  cell $mux $6
    connect \A $1 [3:0]
    connect \B \b
    connect \S $2
    connect \Y $3
  end
  cell $dff $7
    connect \D $3
    connect \Q \r
  end
end
"""


def wires(text: str) -> list[str]:
    return re.findall(r"^  wire width \d+ (\S+)$", text, re.MULTILINE)


def test_a_short_expression_is_the_name():
    assert wires(named(MODULE))[3:5] == [r"\_a_plus_b", r"\_a_3_1_is_5"]


def test_what_a_register_takes_over_is_its_next_value():
    assert wires(named(MODULE))[5] == r"\_r_next"


def test_a_long_expression_is_named_by_what_it_ends_up_in():
    long = MODULE.replace(r"\a", rf"\{'a' * 40}")
    assert wires(named(long))[3:] == [r"\_r_next_2", r"\_r_next_3", r"\_r_next"]


def test_no_name_is_given_twice():
    text = MODULE.replace(r"\b" + "\n  wire", r"\_r_next" + "\n  wire", 1)
    assert len(set(wires(named(text)))) == 6


def test_only_names_change():
    numbers = iter(range(1, 100))
    back = {name: f"${next(numbers)}" for name in wires(named(MODULE))[3:]}
    text = named(MODULE)
    for name, number in back.items():
        text = text.replace(name + "\n", number + "\n").replace(name + " ", number + " ")
    assert text == MODULE


def test_no_net_of_a_design_is_called_by_a_number():
    for width in ("vector", 8):
        assert not re.findall(r"\b_\d+_\b", emitted(width=width)["tiny.v"])
