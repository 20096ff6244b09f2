# SPDX-License-Identifier: Apache-2.0
"""Names of designs: what names the Verilog top, and begins every module and file name.

A name is an identifier in Verilog, SystemVerilog and VHDL. It has no two underscores in a row and
none at the end, so that ``name__rest`` belongs to this design and to no other.
"""

from __future__ import annotations

import re

from lmu_hw.errors import ConfigError

__all__ = ["MAX_NAME", "checked_name", "design_name"]

MAX_NAME = 64
"""Characters of a name; those of files are longer by the name of a node."""

_RULE = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")

# IEEE 1800 (SystemVerilog, which holds all of Verilog) and IEEE 1076 (VHDL).
_SYSTEMVERILOG = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before
begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class
clocking cmos config const constraint context continue cover covergroup coverpoint cross deassign
default defparam design disable dist do edge else end endcase endchecker endclass endclocking
endconfig endfunction endgenerate endgroup endinterface endmodule endpackage endprimitive endprogram
endproperty endsequence endspecify endtable endtask enum event eventually expect export extends
extern final first_match for force foreach forever fork forkjoin function generate genvar global
highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include
initial inout input inside instance int integer interconnect interface intersect join join_any
join_none large let liblist library local localparam logic longint macromodule matches medium
modport module nand negedge nettype new nexttime nmos nor noshowcancelled not notif0 notif1 null or
output package packed parameter pmos posedge primitive priority program property protected pull0
pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence
rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0
rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal
showcancelled signed small soft solve specify specparam static string strong strong0 strong1 struct
super supply0 supply1 sync_accept_on sync_reject_on table tagged task this throughout time
timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union
unique unique0 unsigned until until_with untyped use uwire var vectored virtual void wait wait_order
wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""
_VHDL = """
abs access after alias all and architecture array assert assume assume_guarantee attribute begin
block body buffer bus case component configuration constant context cover default disconnect downto
else elsif end entity exit fairness file for force function generate generic group guarded if impure
in inertial inout is label library linkage literal loop map mod nand new next nor not null of on
open or others out package parameter port postponed private procedure process property protected
pure range record register reject release rem report restrict restrict_guarantee return rol ror
select sequence severity shared signal sla sll sra srl strong subtype then to transport type
unaffected units until use variable view vmode vprop vunit wait when while with work xnor xor
"""
_KEYWORDS = frozenset(f"{_SYSTEMVERILOG} {_VHDL}".split())


def checked_name(name: str) -> str:
    """Return the name of a design if it is one.

    Raises
    ------
    ConfigError
        If it is not, or is a keyword.
    """
    if not isinstance(name, str) or len(name) > MAX_NAME or not _RULE.fullmatch(name):
        raise ConfigError(
            f"the name of a design must begin with a letter, go on with at most {MAX_NAME - 1} "
            "letters, digits and single underscores, and end with none (it names the Verilog "
            f"top), not {name!r:.100}"
        )
    if name.lower() in _KEYWORDS:
        raise ConfigError(
            "the name of a design must be no keyword of Verilog, SystemVerilog or VHDL, not "
            f"{name!r}"
        )
    return name


def design_name(text: str) -> str:
    """Return the name of a design after that of its model: the same if it may be."""
    name = re.sub(r"[^A-Za-z0-9]+|_+", "_", text).strip("_")[:MAX_NAME].rstrip("_")
    if not _RULE.fullmatch(name) or name.lower() in _KEYWORDS:
        name = f"lmu_{name}"[:MAX_NAME].rstrip("_")
    return name
