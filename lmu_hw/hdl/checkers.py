# SPDX-License-Identifier: Apache-2.0
"""What holds in every cycle of a design: the account and the properties of each kind of checker."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHECKERS", "Checker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """A kind of checker.

    Attributes
    ----------
    ports : dict of str to str
        Width of each input beside ``clk`` and ``rst``: a number, or a parameter.
    parameters : tuple of str
        Numbers that an instance gives.
    text : str
        Its account.
    properties : dict of str to (str, str)
        Expression that holds in every cycle after the first reset, and the same as a sentence.
    in_reset : bool
        They hold in reset, too.
    """

    ports: dict[str, str]
    parameters: tuple[str, ...]
    text: str
    properties: dict[str, tuple[str, str]]
    in_reset: bool = False


CHECKERS = {
    "offer": Checker(
        ports={"valid": "1", "ready": "1", "payload": "WIDTH"},
        parameters=("WIDTH",),
        text="""\
  reg waits, after_reset;
  reg [WIDTH-1:0] shown;
  always @(posedge clk) begin
    waits <= valid & !ready & !rst;
    after_reset <= rst;
    shown <= payload;
  end""",
        properties={
            "valid_held": (
                "!(waits & !rst) | valid",
                "what is offered stays offered until it is taken",
            ),
            "payload_stable": (
                "!(waits & valid) | payload == shown",
                "data and mark do not change while they wait",
            ),
            "silent_in_reset": (
                "!(rst | after_reset) | !valid",
                "nothing is offered in and after reset",
            ),
        },
        in_reset=True,
    ),
    "intake": Checker(
        ports={"ready": "1"},
        parameters=(),
        text="",
        properties={"closed_in_reset": ("!rst | !ready", "nothing is taken in reset")},
        in_reset=True,
    ),
    "room": Checker(
        ports={"sent": "1", "freed": "1", "room": "1"},
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
        ports={
            "valid": "1",
            "last": "1",
            "drop": "1",
            "available": "1",
            "marked": "1",
            "filling": "1",
            "reading": "1",
            "beat": "BITS",
        },
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
        ports={
            "valid": "1",
            "last": "1",
            "fetch": "1",
            "taken": "1",
            "offered": "1",
            "marked": "1",
            "entering": "BITS",
            "leaving": "BITS",
        },
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
    "collector": Checker(
        ports={"valid": "1", "ready": "1", "full": "1", "taken": "1", "count": "BITS"},
        parameters=("BEATS", "BITS"),
        text="""\
  reg [BITS-1:0] beats;
  always @(posedge clk)
    if (rst | taken) beats <= 0;
    else if (valid & ready) beats <= beats + 1;""",
        properties={
            "beats_in_turn": ("count == beats", "beats are collected in order"),
            "offered_whole": ("full == (beats == BEATS)", "an answer is offered when it is whole"),
            "not_changed": ("!(ready & full)", "nothing is added to an answer that is offered"),
        },
    ),
    "receiver": Checker(
        ports={"valid": "1", "ready": "1", "last": "1", "filled": "1", "complete": "1"},
        parameters=("BEATS", "MARKS", "BITS"),
        text="""\
  reg [BITS-1:0] count;
  reg skips, lacks;
  wire taken = valid & ready;
  wire counts = taken & !skips | filled;
  wire whole = counts & count == BEATS - 1;
  always @(posedge clk)
    if (rst) begin
      count <= 0;
      skips <= 0;
      lacks <= 0;
    end else begin
      if (counts) count <= whole ? 0 : count + 1;
      skips <= skips ? !(taken & last) : MARKS != 0 & whole & !lacks & !last;
      lacks <= lacks ? !whole : taken & !skips & last & !whole;
    end""",
        properties={
            "beats_counted": ("complete == whole", "a vector is there with all of its beats"),
            "closed_while_filled": (
                "!(lacks & ready)",
                "nothing is taken while what a packet lacks is filled up",
            ),
            "filled_where_short": ("!filled | lacks", "only what a packet lacks is filled up"),
            "open_where_long": ("!skips | ready", "what a packet has too much is taken at once"),
        },
    ),
    "answers": Checker(
        ports={
            "valid": "1",
            "last": "1",
            "stored": "1",
            "fetch": "1",
            "moved": "1",
            "taken": "1",
            "offered": "1",
            "marked": "1",
            "entering": "BITS",
            "leaving": "BITS",
        },
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
            "stored_once": ("!stored | valid & level < WORDS", "no word is lost"),
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
    "sender": Checker(
        ports={"valid": "1", "ready": "1", "taken": "1", "beat": "BITS"},
        parameters=("BEATS", "BITS"),
        text="""\
  reg [BITS-1:0] count;
  wire moves = valid & ready;
  always @(posedge clk)
    if (rst) count <= 0;
    else if (moves) count <= count == BEATS - 1 ? 0 : count + 1;""",
        properties={
            "beats_in_turn": ("beat == count", "beats are sent in order"),
            "sent_whole": (
                "taken == (moves & count == BEATS - 1)",
                "an answer has left when all of its beats have",
            ),
        },
    ),
    "step": Checker(
        ports={
            "start": "1",
            "available": "1",
            "room": "1",
            "promise": "1",
            "marked": "1",
            "idle": "1",
            "finish": "1",
            "reads": "1",
            "drop": "1",
            "write": "1",
            "answer": "1",
            "last": "1",
        },
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
        ports={"start": "1", "write": "1"},
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
        ports={"upcoming": "1", "sums": "1", "elements": "1"},
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
        ports={"sums": "1", "memories": "1"},
        parameters=(),
        text="",
        properties={"apart": ("!(sums & memories)", "array and memory never write at once")},
    ),
}
