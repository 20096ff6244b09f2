# SPDX-License-Identifier: Apache-2.0
"""What holds at the ports of a design."""

from __future__ import annotations

from lmu_hw.hdl.checkers.checker import Checker, bits

__all__ = ["AT_PORTS"]

AT_PORTS = {
    "offer": Checker(
        ports=bits("valid", "ready") | {"payload": "WIDTH"},
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
        ports=bits("ready"),
        parameters=(),
        text="",
        properties={"closed_in_reset": ("!rst | !ready", "nothing is taken in reset")},
        in_reset=True,
    ),
    "receiver": Checker(
        # A proof of the data is cut at `filling` and `word`.
        ports=bits("valid", "ready", "last", "filled", "complete", "filling") | {"word": "WIDTH"},
        parameters=("BEATS", "MARKS", "WIDTH", "BITS"),
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
    "collector": Checker(
        ports=bits("valid", "ready", "full", "taken") | {"count": "BITS"},
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
    "sender": Checker(
        ports=bits("valid", "ready", "taken") | {"beat": "BITS"},
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
}
