# SPDX-License-Identifier: Apache-2.0
"""Coverage in sentences: what was reached, and by name what was not."""

from __future__ import annotations

from lmu_hw.measure.simulation import Coverage, TableReads
from lmu_hw.simulate.coverage_sentences import coverage_lines


def lines(**changes) -> list[str]:
    parts = {"saturation": {}, "tables": {}, "resets": {}, "stalls": {}}
    return coverage_lines(Coverage(**{**parts, **changes}))


def test_nodes_that_left_both_ends_are_counted():
    first, *rest = lines(saturation={"a": {"low": "reached", "high": "reached"}})
    assert first.startswith("saturation: 1 of the 1 nodes")
    assert not any("saturation not reached" in line for line in rest)


def test_ends_that_were_not_reached_are_named():
    ends = {"a": {"low": "reached in part", "high": "not reached"}, "b": {"low": "reached"}}
    first, second, *_ = lines(saturation=ends)
    assert first.startswith("saturation: 1 of the 2 nodes")
    assert second == "saturation not reached: a low in some elements, a high"


def test_an_end_that_bounds_exclude_is_not_asked_for():
    ends = {"a": {"low": "impossible", "high": "reached"}, "b": {"low": "impossible"}}
    first, second, *_ = lines(saturation=ends)
    assert first.startswith("saturation: 1 of the 1 nodes")
    assert not second.startswith("saturation")


def test_entries_of_tables_are_counted():
    assert (
        "table of lmu.h: 1,060 of the 2,064 entries that bounds do not exclude were read"
        in lines(tables={"lmu.h": TableReads(read=1060, possible=2064)})
    )


def test_kinds_of_resets_and_stalls_that_did_not_happen_are_named():
    reset, stall = lines(
        resets={"all": 9, "idle": 0, "within a step": 4}, stalls={"a beat waits": 1200}
    )[-2:]
    assert reset == "resets: all 9, within a step 4; not reached: idle"
    assert stall == "stalls (cycles): a beat waits 1,200"
