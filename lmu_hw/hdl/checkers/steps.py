# SPDX-License-Identifier: Apache-2.0
"""What holds in the time steps of a layer."""

from __future__ import annotations

from lmu_hw.hdl.checkers.checker import Checker, bits

__all__ = ["OF_STEPS"]

OF_STEPS = {
    "step": Checker(
        ports=bits(
            "start",
            "available",
            "room",
            "promise",
            "marked",
            "idle",
            "finish",
            "reads",
            "drop",
            "write",
            "answer",
            "last",
        ),
        parameters=("CYCLES", "CYCLES_LAST", "ANSWERS", "ANSWERS_LAST", "EARLIEST", "BITS"),
        text="""\
  reg busy, begun, after, mark, closes, unread;
  reg [BITS-1:0] cycle, owed, early;
  wire [BITS-1:0] answers = mark ? ANSWERS_LAST : ANSWERS;
  wire ends = busy & cycle == (mark ? CYCLES_LAST : CYCLES) - 1;
  always @(posedge clk)
    if (rst) begin
      busy <= 0;
      begun <= 0;
      after <= 0;
      mark <= 0;
      closes <= 0;
      unread <= 0;
      cycle <= 0;
      owed <= 0;
      early <= 0;
    end else begin
      busy <= start | busy & !ends;
      begun <= start;
      after <= ends;  // the last beat of a step is written when the next one may have begun
      if (start) mark <= marked;
      closes <= mark;
      unread <= start | unread & !drop;
      cycle <= busy & !ends ? cycle + 1 : 0;
      owed <= begun ? answers : owed - answer;
      early <= start ? EARLIEST : early - (early != 0);
    end""",
        properties={
            "vector_there": ("!start | available", "a step starts only with an input vector"),
            "room_there": ("!start | room", "a step starts only where its answer has room"),
            "one_at_a_time": ("!start | !busy | ends", "a step starts when the one before ends"),
            "begun_before_end": ("!(begun & ends)", "a step takes more than one cycle"),
            "idle_between": ("idle == !busy", "between steps a layer waits, and only there"),
            "cycles_of_plan": ("finish == ends", "a step takes the cycles of the plan"),
            "read_while_there": ("!reads | unread", "the input is read before it is dropped"),
            "dropped_once": ("!drop | unread", "the input is dropped once in a step"),
            "dropped_within": ("!finish | !unread", "the input is dropped before a step ends"),
            "written_within": ("!write | busy | after", "codes are written within their step"),
            "answered_within": ("!begun | owed == answer", "all of an answer is sent in its step"),
            "answered_as_promised": (
                "promise == (begun & answers != 0)",
                "room is taken for every answer, when its step begins",
            ),
            "answered_late": (
                "!answer | begun | early == 0",
                "an answer comes late enough for the one before to leave the queue",
            ),
            "answered_once": ("!answer | owed != 0", "no more than an answer is sent in a step"),
            "mark_passed_on": ("!answer | last == closes", "the mark is that of the step"),
        },
    ),
    "unit": Checker(
        ports=bits("start", "write"),
        parameters=("CYCLES", "WRITES", "BITS"),
        text="""\
  reg busy;
  reg [BITS-1:0] cycle, writes;
  wire ends = busy & cycle == CYCLES - 1;
  always @(posedge clk)
    if (rst) begin
      busy <= 0;
      cycle <= 0;
      writes <= 0;
    end else begin
      busy <= start | busy & !ends;
      cycle <= busy & !ends ? cycle + 1 : 0;
      writes <= start ? 0 : writes + write;
    end""",
        properties={
            "one_at_a_time": ("!start | !busy", "a memory starts after its last state was written"),
            "written_within": ("!write | busy", "states are written while the memory runs"),
            "written_whole": (
                "!ends | write & writes == WRITES - 1",
                "all states are written in the cycles of the plan",
            ),
        },
    ),
    "drain": Checker(
        ports=bits("upcoming", "sums", "elements"),
        parameters=("BEATS", "BITS"),
        text="""\
  reg [BITS-1:0] left;
  always @(posedge clk)
    if (rst) left <= 0;
    else if (upcoming) left <= BEATS;
    else if (left != 0) left <= left - 1;""",
        properties={
            "group_left": (
                "!upcoming | left <= 1",
                "sums are taken over when those before have left",
            ),
            "apart": ("!(sums & elements)", "sums and element-wise totals never meet"),
        },
    ),
    "writes": Checker(
        ports=bits("sums", "memories"),
        parameters=(),
        text="",
        properties={"apart": ("!(sums & memories)", "array and memory never write at once")},
    ),
}
