# SPDX-License-Identifier: Apache-2.0
"""Mutants that cannot be seen from outside, and why."""

from __future__ import annotations

import re

from tools.mutation.sites import Mutant

__all__ = ["reason_of"]

# Of every design: a pattern of the mutant's name, and the reason.
_EVERYWHERE = (
    (
        r"(\.s1_chosen_\d+|_sequencer\.(slot|word\w*|first|last|tag\w*)|\.s[12]_(bank|rom))"
        r": no reset",
        "a field beside a valid bit, which has its reset",
    ),
    (
        r"((_sequencer\.valid|_layer_\w+\.control): no reset( #\d)?|_mac\.s[23]: no reset #4)$",
        "a sum leaves the multipliers with a valid bit and a last bit, of which one is still reset;"
        " the next one begins anew",
    ),
    (
        r"_layer_\w+\.begun: no reset",
        "a reset as a step starts takes room for one vector at the receiver, until the next reset:"
        " steps start later where the output waits, and the bench does not compare that",
    ),
    (
        r"_mac\.s4: no reset",
        "what a word adds to a sum too late is gone where the next sum begins; that a sum leaves is"
        " said one stage before",
    ),
    (
        r"_drain\.present: no reset",
        "says when rows are taken over; they are again before one of their beats is valid",
    ),
    (
        r"_tanh_\d+\.s1_below: '<=' in ",
        "the entry of code 0 is 0, its own negative",
    ),
    (
        r"\.trace_start: the second of idle & available$",
        "a start is looked at where the sequencer is idle only",
    ),
    (r"_drain\.(tag|a0_beat|address\w*): no reset", "loaded before it is looked at"),
    (r"to_axi\.tlast: no reset", "belongs to an answer, and is written before that is offered"),
    (
        r"_(source|answers)\.lasts: no reset",
        "belongs to an entry, and is written before that is counted",
    ),
    (r"_sequencer\.waiting: no reset", "counts down to 0 before it is looked at again"),
    (
        r"\.page: no reset",
        "the first step reads no state, so it may begin with either page, if with a known one",
    ),
)

# Of a layer whose multipliers compute one row at a time.
_ONE_ROW = "a group has one row, so that every beat that is there is a row of the node"
# Of a last layer that computes one node.
_HEAD = (
    (r"_head_drain\.write_mask: ('<='|always|\d+'h\d in) ", _ONE_ROW),
    (
        r"_head_sequencer\.next_slot: no reset",
        "the layer has one slot; from the other number, which power-up may leave, a cycle without a"
        " word leads to it",
    ),
)
# Of a design whose input vector is three beats.
_THREE_BEATS = (
    (
        r"from_axi\.tready: the second of o__ready & ",
        "the buffer is full only where a vector is complete: the index is not the last one then",
    ),
)

# Of one design.
_OF = {
    "sweeps": (
        *_HEAD,
        *_THREE_BEATS,
        (
            r"_m_unit\.s0_slot: no reset",
            "a state has one slot; a 1 that power-up leaves makes the states of the first step one "
            "cycle late, and each is read later than that",
        ),
    ),
    "error_feedback": (
        *_HEAD,
        *_THREE_BEATS,
        (
            r"_lmu_drain\.write_enable: ('<='|always|3'h6 in|the first of _ & _)",
            "a row that only fills the last group up sums to the residue that it reads: what is "
            "written is what was there",
        ),
    ),
    "reloadable_scan": (
        *_HEAD,
        (r"_lmu_drain\.write_mask: ('<='|always|\d+'h\d in) ", _ONE_ROW),
    ),
    "tiny": (
        (
            r"lmu_drain\.write_mask: ('<='|always) .* < (2'h3|3'h5)",
            "a group has as many rows as the node: each beat that is there is one of them",
        ),
        (
            r"head_source\.complete: the second of i__valid & ",
            "the last two beats of a vector come one after the other",
        ),
        (
            r"_answers\.read__en: the first of _ & _",
            "an answer has two beats, as many as there are registers behind the memory: where these"
            " are full, nothing is left to be read",
        ),
        (
            r"_tanh_0\.address: 8'h7f in ",
            "the last entry has no step to a next one, which the low bit would add half of",
        ),
        (
            r"_tanh_0\.nothing: never .* >= ",
            "codes 126 and 127 have one entry, and code 127 gets the answer of 126 from it",
        ),
        (
            r"head_sequencer\.next_slot: no reset",
            "there is one node: the other word leads to it, a cycle later, in a first step",
        ),
        (
            r"head_sequencer\.group: the first of advance & end_group",
            "it counts modulo 4, and a group has five words: at the last it is where it was",
        ),
    ),
}


def reason_of(design: str, mutant: Mutant) -> str | None:
    """Return why a mutant of a design cannot be seen, or None if that is not known."""
    for pattern, reason in (*_OF.get(design, ()), *_EVERYWHERE):
        if re.search(pattern, mutant.name):
            return reason
    return None
