# SPDX-License-Identifier: Apache-2.0
"""The command ``ask``: the same inputs to a board and to the golden model."""

from __future__ import annotations

import argparse

from lmu_hw import api
from lmu_hw.cli.console import show, status
from lmu_hw.cli.exits import DIFFERENT, EQUAL
from lmu_hw.cli.files import about, check_target, read_array, write_array

__all__ = ["ask"]


def ask(options: argparse.Namespace) -> int:
    """Compare the answers of a board."""
    if options.output is not None:
        check_target(options.output, options.input)
    x = read_array(options.input)
    with status(f"waiting for the board at {options.port}"), about(options.input):
        answers = api.ask(options.design, x, port=options.port, baud=options.baud)
    if options.output is not None:
        write_array(options.output, answers.values)
    equal = "all equal to the golden model's"
    if answers.different:
        equal = f"{answers.different:,} of them not equal to the golden model's"
    show(f"{answers.words:,} words answered by the board, {equal}")
    return DIFFERENT if answers.different else EQUAL
