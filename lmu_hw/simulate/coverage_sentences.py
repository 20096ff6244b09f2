# SPDX-License-Identifier: Apache-2.0
"""What a simulation reached, in sentences: for the terminal and the report."""

from __future__ import annotations

from lmu_hw.measure.simulation import Coverage

__all__ = ["coverage_lines"]


def coverage_lines(coverage: Coverage) -> list[str]:
    """Return what was reached, and what was not."""
    return [
        *_saturation(coverage.saturation),
        *(
            f"table of {node}: {table.read:,} of the {table.possible:,} entries that bounds "
            "do not exclude were read"
            for node, table in coverage.tables.items()
        ),
        _counts("resets", coverage.resets),
        _counts("stalls (cycles)", coverage.stalls),
    ]


def _saturation(nodes: dict[str, dict[str, str]]) -> list[str]:
    """Return how many sums left both ends of their formats, and which did not."""
    if not nodes:  # none can, or none was looked at
        return []
    can = {
        node: {end: how for end, how in ends.items() if how != "impossible"}
        for node, ends in nodes.items()
    }
    can = {node: ends for node, ends in can.items() if ends}
    both = sum(set(ends.values()) == {"reached"} for ends in can.values())
    lines = [
        f"saturation: {both} of the {len(can)} nodes whose bounds allow it left every end of "
        "their format that they can leave"
    ]
    unreached = [
        f"{node} {end}" + (" in some elements" if how == "reached in part" else "")
        for node, ends in can.items()
        for end, how in ends.items()
        if how != "reached"
    ]
    return lines + ([f"saturation not reached: {', '.join(unreached)}"] if unreached else [])


def _counts(what: str, counts: dict[str, int]) -> str:
    """Return counts of each kind, and the kinds that are missing."""
    there = ", ".join(f"{kind} {count:,}" for kind, count in counts.items() if count)
    missing = ", ".join(kind for kind, count in counts.items() if not count)
    return f"{what}: {there}" + (f"; not reached: {missing}" if missing else "")
