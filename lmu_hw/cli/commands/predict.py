# SPDX-License-Identifier: Apache-2.0
"""The command ``predict``: what a design answers, by the golden model."""

from __future__ import annotations

import argparse
from pathlib import Path

from lmu_hw.cli.console import complain, progress, show
from lmu_hw.cli.exits import EQUAL
from lmu_hw.cli.files import about, check_answers, check_target, read_array, write_answers
from lmu_hw.cli.inputs import others, read_design, reloaded
from lmu_hw.cli.states import read_state, write_state
from lmu_hw.errors import LoadError
from lmu_hw.network import check_state

__all__ = ["predict"]


def predict(options: argparse.Namespace) -> int:
    """Compute answers of a design, from states and for coefficients as asked for."""
    from lmu_hw.golden import GoldenModel
    from lmu_hw.measure.outside import longer, outside

    read = [name for name in (options.input, options.model, options.initial_state) if name]
    check_target(options.output, *read)
    if options.save_state:
        check_target(options.save_state, *read)
        if Path(options.save_state).absolute() == Path(options.output).absolute():
            raise LoadError(f"{options.save_state}: must not be the file of the answers")
    design = reloaded(options).design if others(options) else read_design(options.design)
    x = read_array(options.input)
    golden = GoldenModel(design.network)
    with about(options.input):
        x_codes, clips = golden.count_input(x)
    check_answers(options.output, design.network, x_codes)
    state = None
    if options.initial_state:
        given = read_state(options.initial_state)
        with about(options.initial_state):
            state = check_state(design.network, given, len(x_codes))
    with progress("golden model", len(x_codes)) as advance:
        y_codes, trace = golden.resume(x_codes, state, progress=advance)
    overflows = trace.overflows
    answers = y_codes if options.codes else golden.output_values(y_codes)
    write_answers(options.output, answers, x_codes)
    if options.save_state:
        write_state(options.save_state, trace.state)
        show(f"the state after the last step written to {options.save_state}")
    show(f"{len(x_codes):,} sequences; answers {y_codes.shape} written to {options.output}")
    for text in outside(design.network, overflows, clips, x_codes):
        show(text)
    for text in longer(design, x_codes.longest):
        complain(f"note: {text}")
    return EQUAL
