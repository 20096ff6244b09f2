# SPDX-License-Identifier: Apache-2.0
"""The ports of a design's top, in words."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.plan import STATE_LATENCY, Plan

__all__ = ["Port", "ports_of"]

_MEANINGS = {
    "clk": "clock: everything happens at its rising edge",
    "rst": "synchronous reset, active high: one rising edge before the first beat",
    "s_axis_tdata": "input beat",
    "s_axis_tvalid": "a beat is offered",
    "s_axis_tready": "it is taken at this edge",
    "s_axis_tlast": "{last}",
    "s_axis_tkeep": "a bit for each byte that belongs to the vector",
    "s_axis_tid": "whose the vector is; the same in all of its beats",
    "s_axis_tuser": "the vector is the last one of its sequence; read with tlast",
    "s_axis_malformed": "a beat was taken in the cycle before that is not as it must be",
    "m_axis_tdata": "answer beat",
    "m_axis_tvalid": "a beat is offered, and stays until it is taken",
    "m_axis_tready": "it is taken at this edge",
    "m_axis_tlast": "{answer_last}",
    "m_axis_tkeep": "a bit for each byte that belongs to the answer",
    "m_axis_tid": "whose the answer is",
    "m_axis_tuser": "the answer belongs to the last step of its sequence",
    "coefficient_write": "write a coefficient, while no step is computed",
    "coefficient_address": "which coefficient",
    "coefficient_data": "its new word",
    "state_address": "which code of the states",
    "state_write": "replace it, while state_ready is high",
    "state_write_data": "its new value; bits above its format are not read",
    "state_read_data": "its value, {latency} cycles after its address came",
    "state_ready": "nothing is inside: states can be read and written",
    "s_axi_awaddr": "registers: address of a write",
    "s_axi_awprot": "not looked at",
    "s_axi_awvalid": "the address is offered",
    "s_axi_awready": "it is taken at this edge",
    "s_axi_wdata": "what is written",
    "s_axi_wstrb": "a bit for each byte of it that is written",
    "s_axi_wvalid": "the data are offered",
    "s_axi_wready": "they are taken at this edge",
    "s_axi_bresp": "0: written; 2: refused",
    "s_axi_bvalid": "the response is offered",
    "s_axi_bready": "it is taken at this edge",
    "s_axi_araddr": "registers: address of a read",
    "s_axi_arprot": "not looked at",
    "s_axi_arvalid": "the address is offered",
    "s_axi_arready": "it is taken at this edge",
    "s_axi_rdata": "what was read",
    "s_axi_rresp": "0: read; 2: refused",
    "s_axi_rvalid": "the data are offered",
    "s_axi_rready": "they are taken at this edge",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of the top.

    Attributes
    ----------
    name : str
    output : bool
    width : int
        In bits.
    meaning : str
    """

    name: str
    output: bool
    width: int
    meaning: str

    @property
    def direction(self) -> str:
        """As Verilog says it."""
        return "output" if self.output else "input"

    @property
    def range(self) -> str:
        """As Verilog declares it, with a space behind; empty of a single bit."""
        return f"[{self.width - 1}:0] " if self.width > 1 else ""


def ports_of(plan: Plan) -> tuple[Port, ...]:
    """Return the ports of a design's top, clock and reset first.

    Raises
    ------
    KeyError
        If there is a port without words: an impossible state.
    """
    from lmu_hw.hdl.registers.top import port_widths

    shapes = [("clk", False, 1), ("rst", False, 1), *port_widths(plan)]
    marks = plan.source.marks
    words: dict[str, object] = {
        "latency": STATE_LATENCY,
        "last": "the beat ends a vector" if marks else "the vector ends its sequence",
        "answer_last": "the beat ends an answer"
        if marks
        else "the answer belongs to the last step of its sequence",
    }
    return tuple(
        Port(name=name, output=output, width=width, meaning=_MEANINGS[name].format(**words))
        for name, output, width in shapes
    )
