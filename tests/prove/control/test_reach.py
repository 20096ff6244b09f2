# SPDX-License-Identifier: Apache-2.0
"""Running all states: of a counter by hand, with what it assumes, and where it gives up."""

from __future__ import annotations

from lmu_hw.prove.control.abc import holds_always
from lmu_hw.prove.control.circuit import Circuit
from lmu_hw.prove.control.reach import reach

# Two bits, a and b, cleared by rst: a toggles where `go` is 1; b is set once a and go are 1.
COUNTER = Circuit(
    nets={"rst": [1], "go": [2], "a": [3], "never": [12], "stops": [13], "open": [14], "b": [4]},
    gates={
        5: (1,),  # not rst
        6: (3,),  # not a
        7: (2,),  # not go
        8: (2, 6),  # go and not a
        9: (3, 7),  # a and not go
        10: (8,),
        11: (9,),
        15: (10, 11),
        16: (15,),  # a changes or stays
        17: (16, 5),
        18: (3, 2),
        19: (18,),
        20: (4,),
        21: (19, 20),
        22: (21,),
        23: (22, 5),
        12: (4,),  # not b
        13: (18,),  # not (a and go)
        14: (7,),
    },
    registers={3: 17, 4: 23},
    inputs={1: "rst", 2: "go"},
)


def test_all_states_are_reached_and_a_property_that_fails_is_named():
    found = reach(COUNTER, ["never"], seconds=5)
    assert (found.violated, found.states) == (("never",), 3)


def test_an_assumption_keeps_away_what_follows_where_it_fails():
    assert reach(COUNTER, ["never"], before=["stops"], seconds=5).violated == ()
    assert reach(COUNTER, ["stops"], before=["never"], seconds=5).violated == ("stops",)


def test_a_bit_that_is_cut_is_free():
    found = reach(COUNTER, ["never"], before=["stops"], cut=["stops"], seconds=5)
    assert found.violated == ("never",)


def test_it_is_given_up_after_its_time():
    assert "given up" in reach(COUNTER, ["stops", "never"], seconds=-1).unfinished


def test_what_no_reset_reaches_is_unknown_and_shows_nothing():
    free = Circuit(nets={"rst": [1], "kept": [2]}, gates={}, registers={2: 2}, inputs={1: "rst"})
    assert reach(free, ["kept"], seconds=5).violated == ("kept",)
    assert not holds_always(free, ["kept"], seconds=5)


def test_pdr_agrees():
    assert not holds_always(COUNTER, ["never"], seconds=5)
    held = Circuit(
        nets={"rst": [1], "good": [4]},
        gates={3: (2, 5), 5: (1,), 4: (2,)},
        registers={2: 3},
        inputs={1: "rst"},
    )
    assert holds_always(held, ["good"], seconds=5)
    assert reach(held, ["good"], seconds=5).violated == ()
