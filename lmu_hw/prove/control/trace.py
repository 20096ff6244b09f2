# SPDX-License-Identifier: Apache-2.0
"""A run in which a property fails: the inputs of every cycle, and a bench that plays them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Trace", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Inputs from power-up on; the first cycle is one of reset.

    Attributes
    ----------
    widths : dict of str to int
        Bits of every input but the clock.
    cycles : tuple of dict of str to int
        What each input is; in the last cycle a property fails.
    failed : str
        The wire of that property.
    """

    widths: dict[str, int]
    cycles: tuple[dict[str, int], ...]
    failed: str


def replay(top: str, trace: Trace) -> str:
    """Return a bench in plain Verilog that plays a trace, for any simulator.

    With the checkers of the design compiled in, the simulator reports the property that fails.
    """
    names = list(trace.widths)
    total = sum(trace.widths.values())
    words = []
    for inputs in trace.cycles:
        word = 0
        for name in names:
            word = word << trace.widths[name] | inputs[name]
        words.append(f"    next({total}'h{word:x});")
    return "\n".join(
        [
            f"// {trace.failed} fails in cycle {len(words)}.",
            "`timescale 1ns/1ps",
            "module replay;",
            "  reg clk = 0;",
            *(f"  reg [{width - 1}:0] {name};" for name, width in trace.widths.items()),
            f"  {top} dut(.clk(clk), {', '.join(f'.{name}({name})' for name in names)});",
            f"  task next(input [{total - 1}:0] word);",
            "    begin",
            f"      {{{', '.join(names)}}} = word;",
            "      #5 clk = 1;",
            "      #5 clk = 0;",
            "    end",
            "  endtask",
            "  initial begin",
            *words,
            "    $finish;",
            "  end",
            "endmodule",
            "",
        ]
    )
