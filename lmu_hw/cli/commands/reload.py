# SPDX-License-Identifier: Apache-2.0
"""The command ``reload``: other coefficients as writes for a design that exists."""

from __future__ import annotations

import argparse

from lmu_hw.cli.console import complain, show, status
from lmu_hw.cli.exits import EQUAL
from lmu_hw.cli.files import check_target, write_text
from lmu_hw.cli.inputs import reloaded

__all__ = ["reload"]


def reload(options: argparse.Namespace) -> int:
    """Write down what brings other coefficients into a design."""
    from lmu_hw.reload import writes_text
    from lmu_hw.report.calibrated import first_look

    check_target(options.output, *([options.model] if options.model else []))
    loaded = reloaded(options)
    if options.model:
        with status("running calibration data"):
            look = first_look(loaded.design, None)
        show(look.summary)
        for warning in look.warnings:
            complain(f"warning: {warning}")
    write_text(options.output, writes_text(loaded.writes, options.output, bits=loaded.data_bits))
    what = options.model or f"a window of {options.theta:g} steps"
    show(f"{len(loaded.writes):,} writes of coefficients for {what}, in {options.output}")
    return EQUAL
