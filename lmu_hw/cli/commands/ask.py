# SPDX-License-Identifier: Apache-2.0
"""The command ``ask``: the same inputs to a board and to the golden model."""

from __future__ import annotations

import argparse

from lmu_hw import api
from lmu_hw.cli.console import show, status
from lmu_hw.cli.exits import DIFFERENT, EQUAL
from lmu_hw.cli.files import about, check_answers, check_target, read_array, write_answers
from lmu_hw.cli.inputs import read_design

__all__ = ["ask"]


def ask(options: argparse.Namespace) -> int:
    """Compare the answers of a board."""
    if options.output is not None:
        check_target(options.output, options.input)
    x = read_array(options.input)
    design = read_design(options.design)
    with about(options.input):
        data = design.check_input(x)
    if options.output is not None:
        check_answers(options.output, design.network, data)
    with status(f"waiting for the board at {options.port}"), about(options.input):
        answers = api.ask(options.design, x, port=options.port, baud=options.baud)
    if options.output is not None:
        write_answers(options.output, answers.values, data)
    equal = "all equal to the golden model's"
    if answers.different:
        equal = f"{answers.different:,} of them not equal to the golden model's"
    show(f"{answers.words:,} words answered by the board, {equal}")
    return DIFFERENT if answers.different else EQUAL
