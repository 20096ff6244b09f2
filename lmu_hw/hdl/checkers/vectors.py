# SPDX-License-Identifier: Apache-2.0
"""What holds where vectors wait: in front of a layer, and behind the last one."""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.hdl.checkers.checker import Checker, bits

__all__ = ["OF_VECTORS"]

OF_VECTORS = {
    "room": Checker(
        ports=bits("sent", "freed", "room"),
        parameters=("VECTORS", "BITS"),
        text="""\
  reg [BITS-1:0] held;
  always @(posedge clk)
    if (rst) held <= 0;
    else held <= held + sent - freed;""",
        properties={
            "sent_into_room": ("!sent | held < VECTORS", "a vector is sent only where it has room"),
            "freed_once": ("!freed | held != 0", "only room that was taken is freed"),
            "room_counted": ("room == (held != VECTORS)", "the room is counted right"),
        },
    ),
    "buffer": Checker(
        ports=bits("valid", "last", "drop", "available", "marked", "filling", "reading")
        | {"beat": "BITS"},
        parameters=("BEATS", "BITS"),
        text="""\
  reg [1:0] held, marks;
  reg into, from;
  reg [BITS-1:0] count;
  wire complete = valid & count == BEATS - 1;
  always @(posedge clk)
    if (rst) begin
      held <= 0;
      into <= 0;
      from <= 0;
      count <= 0;
    end else begin
      held <= held + complete - drop;
      if (valid) count <= complete ? 0 : count + 1;
      if (complete) begin
        into <= !into;
        marks[into] <= last;
      end
      if (drop) from <= !from;
    end""",
        properties={
            "not_overwritten": ("!valid | held < 2", "no vector is overwritten before it was read"),
            "not_dropped_empty": ("!drop | held != 0", "only a vector that is there is dropped"),
            "available_counted": (
                "available == (held != 0)",
                "a vector is there when all of it is",
            ),
            "pages_in_turn": ("filling == into & reading == from", "vectors are read in order"),
            "beats_in_turn": ("beat == count", "beats are stored in order"),
            "mark_kept": ("!available | marked == marks[from]", "the mark is that of the vector"),
        },
    ),
    "queue": Checker(
        ports=bits("valid", "last", "fetch", "taken", "offered", "marked")
        | {"entering": "BITS", "leaving": "BITS"},
        parameters=("BEATS", "BITS"),
        text="""\
  reg [BITS-1:0] into, from;
  reg [BITS:0] level;
  reg [1:0] held, marks;
  reg newest, oldest;
  wire complete = valid & into == BEATS - 1;
  always @(posedge clk)
    if (rst) begin
      into <= 0;
      from <= 0;
      level <= 0;
      held <= 0;
      newest <= 0;
      oldest <= 0;
    end else begin
      level <= level + valid - fetch;
      held <= held + complete - taken;
      if (valid) begin
        into <= complete ? 0 : into + 1;
        marks[newest] <= last;
      end
      if (complete) newest <= !newest;
      if (fetch) from <= from == BEATS - 1 ? 0 : from + 1;
      if (taken) oldest <= !oldest;
    end""",
        properties={
            "no_overflow": ("!valid | level < BEATS", "no beat is overwritten before it was read"),
            "no_underflow": ("!fetch | level != 0", "only a beat that is there is read"),
            "marks_held": ("!valid | held < 2", "no mark is overwritten before it was read"),
            "taken_once": ("!taken | held != 0", "only an answer that is there is taken"),
            "offered_there": (
                "!offered | held != 0 | into != 0",
                "only an answer that is there is offered",
            ),
            "beats_in_turn": ("entering == into & leaving == from", "beats leave in order"),
            "mark_kept": ("!offered | marked == marks[oldest]", "the mark is that of the answer"),
        },
    ),
    "answers": Checker(
        ports=bits("valid", "last", "stored", "fetch", "moved", "taken", "offered", "marked")
        | {"entering": "BITS", "leaving": "BITS"},
        parameters=("BEATS", "WORDS", "OF_ANSWER", "VECTORS", "BITS"),
        text="""\
  reg [BITS-1:0] beat, into, from, level, place;
  reg [VECTORS:0] marks;
  reg [1:0] held, newest, oldest;
  reg mark;
  wire complete = valid & beat == BEATS - 1;
  wire all_moved = moved & place == OF_ANSWER - 1;
  always @(posedge clk)
    if (rst) begin
      beat <= 0;
      into <= 0;
      from <= 0;
      level <= 0;
      held <= 0;
      newest <= 0;
      oldest <= 0;
      place <= 0;
    end else begin
      level <= level + stored - fetch;
      held <= held + complete - taken;
      if (valid) begin
        beat <= complete ? 0 : beat + 1;
        marks[newest] <= last;
      end
      if (stored) into <= into == WORDS - 1 ? 0 : into + 1;
      if (complete) newest <= newest + 1;
      if (fetch) from <= from == WORDS - 1 ? 0 : from + 1;
      if (moved) place <= all_moved ? 0 : place + 1;
      if (all_moved) oldest <= oldest + 1;
      if (moved) mark <= marks[oldest];
    end""",
        properties={
            "no_overflow": ("!valid | held < VECTORS", "no answer is written over one that waits"),
            "stored_whole": ("!complete | stored", "the last beat of an answer ends a word"),
            "stored_once": (
                "(!stored | valid) & (!valid | level < WORDS)",
                "no word is lost, or written while it may be read",
            ),
            "no_underflow": ("!fetch | level != 0", "only a word that is there is read"),
            "taken_once": ("!taken | held != 0", "only an answer that is there is taken"),
            "offered_there": (
                "!offered | held != 0 | beat != 0",
                "only an answer that is there is offered",
            ),
            "words_in_turn": ("entering == into & leaving == from", "words leave in order"),
            "mark_kept": ("!offered | marked == mark", "the mark is that of the answer"),
        },
    ),
}
# Several streams have room for more answers than 2 bits count.
_answers = OF_VECTORS["answers"]
OF_VECTORS["stream_answers"] = replace(
    _answers, text=_answers.text.replace("[1:0] held", "[$clog2(VECTORS + 1)-1:0] held")
)
