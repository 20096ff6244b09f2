# SPDX-License-Identifier: Apache-2.0
"""Checkers of the registers around a network: AXI4-Lite, and the gate of its input."""

from __future__ import annotations

from lmu_hw.hdl.checkers.checker import Checker

__all__ = ["OF_REGISTERS"]

OF_REGISTERS = {
    "gate": Checker(
        ports={
            "core_valid": "1",
            "core_ready": "1",
            "accepting": "1",
            "busy": "1",
            "still": "1",
            "reset": "1",
        },
        parameters=(),
        text="""\
  reg waits, was_busy;
  always @(posedge clk) begin
    waits <= core_valid & !core_ready & !rst;
    was_busy <= busy;
  end""",
        properties={
            "open_while_offered": ("!waits | accepting", "what is offered is not taken back"),
            "closed_passes_nothing": ("accepting | !core_valid", "a closed gate lets nothing by"),
            "still_inside": ("!still | !accepting & !busy", "what is still has nothing inside"),
            "cleared_empty": ("!reset | !accepting & !was_busy", "nothing is lost by clearing"),
        },
    ),
    "axi_lite": Checker(
        ports={
            name: "1"
            for channel in ("aw", "w", "b", "ar", "r")
            for name in (f"{channel}valid", f"{channel}ready")
        },
        parameters=(),
        text="""\
  reg [1:0] addresses, words, reads;
  always @(posedge clk)
    if (rst) begin
      addresses <= 0;
      words <= 0;
      reads <= 0;
    end else begin
      addresses <= addresses + (awvalid & awready) - (bvalid & bready);
      words <= words + (wvalid & wready) - (bvalid & bready);
      reads <= reads + (arvalid & arready) - (rvalid & rready);
    end""",
        properties={
            "written_before_answered": (
                "!bvalid | addresses != 0 & words != 0",
                "a write is answered when its address and its data were taken",
            ),
            "read_before_answered": ("!rvalid | reads != 0", "only what was asked for is answered"),
            "few_addresses": ("!awready | addresses < 2", "no address of a write is lost"),
            "few_words": ("!wready | words < 2", "no data of a write are lost"),
            "few_reads": ("!arready | reads < 2", "no address of a read is lost"),
        },
    ),
}
