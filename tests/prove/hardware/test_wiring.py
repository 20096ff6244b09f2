# SPDX-License-Identifier: Apache-2.0
"""Words are found where they are parts of others, side by side, and with their sign above them."""

from __future__ import annotations

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.forms import add, freeze, scale, symbol
from lmu_hw.prove.algebra.names import forget_names, name
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import read_netlist

_SUM = """
module top(input clk, input [3:0] s, input [3:0] z, output [7:0] q);
  wire [2:0] high = s[3:1] + z[2:0];  // s + 2 z, without its lowest bit
  assign q = {{4{high[2]}}, high, s[0]};
endmodule
"""


@pytest.fixture(scope="module")
def machine():
    netlist = read_netlist({"top.v": _SUM.encode()}, "top")
    return Machine(netlist, {"q": netlist.ports("output")["q"]})


def test_the_sign_of_a_result_of_two_parts_is_its_own(machine):
    forget()
    forget_names()
    s, z = symbol("input", "s", -8, 7), symbol("input", "z", -2, 1)
    result = name("sum", add(s, scale(z, 2)), -8, 7)
    (q,) = machine.cycle({"clk": 0, "s": s, "z": z})
    assert freeze(q) == freeze(result)


@pytest.mark.parametrize(("s", "z"), [(5, 1), (0b1000, 1), (7, 0b1111), (1, 0b1110)])
def test_a_sign_of_numbers_is_repeated(machine, s, z):
    value = s + 2 * z & 15
    assert machine.cycle({"clk": 0, "s": s, "z": z}) == [value - 16 & 255 if value > 7 else value]
