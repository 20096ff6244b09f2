# SPDX-License-Identifier: Apache-2.0
"""Words of memories that are read in the cycle in which they are written."""

from __future__ import annotations

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.forms import is_symbol
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import read_netlist
from tests.proved import emitted, failures

_MARK = "(* no_rw_check *)"
_MEMORY = """
module top(input clk, input write, input [1:0] a, input [3:0] d, input [1:0] r, output reg [3:0] q);
  {mark} reg [3:0] rows [3:0];
  always @(posedge clk) if (write) rows[a] <= d;
  always @(posedge clk) q <= rows[r];
endmodule
"""


@pytest.mark.parametrize("mark", [_MARK, ""], ids=["marked", "plain"])
@pytest.mark.parametrize(("write", "a"), [(1, 2), (1, 1), (0, 2)])
def test_a_word_that_is_read_while_it_is_written(mark, write, a):
    forget()
    netlist = read_netlist({"top.v": _MEMORY.format(mark=mark).encode()}, "top")
    machine = Machine(netlist, {"q": netlist.ports("output")["q"]})
    idle = {"clk": 0, "write": 0, "a": 0, "d": 0, "r": 0}
    machine.cycle({**idle, "write": 1, "a": 2, "d": 5})
    machine.cycle({**idle, "write": write, "a": a, "d": 9, "r": 2})
    (answer,) = machine.cycle(idle)
    free = bool(mark) and (write, a) == (1, 2)
    assert is_symbol(answer) if free else answer == 5


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return emitted(tmp_path_factory.mktemp("collides") / "design", hidden_to_memory=True)


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "plain"])
def test_a_design_that_reads_what_it_writes_is_refused(design, marked):
    """In a simulator it answers the same: each word that is read is written again."""

    def change(text):
        place = text.index("_m_memory(rst")
        head, memory = text[:place], text[place:]
        edge = "always @(posedge clk) begin\n"
        write = "    if (read__en) cells[read__addr] <= cells[read__addr];\n"
        changed = head + memory.replace(edge, edge + write, 1)
        return changed if marked else changed.replace(_MARK, "")

    assert bool(failures(design, change)) == marked
