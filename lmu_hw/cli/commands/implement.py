# SPDX-License-Identifier: Apache-2.0
"""The command ``implement``: synthesis, place and route, the clock that is reached."""

from __future__ import annotations

import argparse

from lmu_hw import api
from lmu_hw.cli.console import complain, show, stages
from lmu_hw.cli.exits import DIFFERENT, EQUAL

__all__ = ["implement"]


def implement(options: argparse.Namespace) -> int:
    """Put a design on a chip; fails where the clock asked for is not reached."""
    from lmu_hw.cli.tables.implementation import implementation_table

    with stages(f"reading {options.design}") as update:
        result = api.implement(
            options.design,
            target=options.target,
            seeds=options.seeds,
            clock=options.clock,
            bitstream=options.bitstream,
            pins=options.pins,
            board=options.board,
            link=options.link,
            baud=options.baud,
            jobs=options.jobs,
            liberty=options.liberty,
            dont_use=options.dont_use,
            progress=update,
        )
    options.result = result
    show(implementation_table(result))
    for name in result.changed_files:
        complain(f"{name} was changed since it was generated; the changed file was implemented")
    asked = options.clock if options.board is None else result.clock_asked
    if asked is not None and (result.mhz or 0) < asked:
        what = "the median" if result.runs else "it"
        complain(f"--clock {asked:g} is not reached: {what} is {result.mhz:.1f} MHz")
        return DIFFERENT
    return EQUAL
