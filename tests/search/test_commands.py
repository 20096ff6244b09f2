# SPDX-License-Identifier: Apache-2.0
"""The command of a point generates its design."""

from __future__ import annotations

import shlex

import pytest

from lmu_hw.cli.parser import build_parser
from lmu_hw.cli.typed import given
from lmu_hw.quantize import Options
from lmu_hw.records import encode
from lmu_hw.search.commands import generate_command
from lmu_hw.search.lengths import WordLengths

LENGTHS = WordLengths(weight_bits=5, memory_bits=7, state_bits=9, activation_bits=6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"input_scale": "1/16", "margin": 1.5, "input_bits": 7},
        {"refit": False, "repair": True, "error_feedback": True},
        {"realization": "semiseparable", "refit": True, "horizon": 50, "memory_tolerance": 0.01},
    ],
)
def test_it_parses_to_the_options_of_the_point(options):
    common = Options(**options)
    program, *arguments = shlex.split(generate_command(encode(common), LENGTHS))
    assert program == "lmu-hw"
    parsed = build_parser().parse_args(arguments)
    assert (parsed.command, parsed.calibrate) == ("generate", "X.npy")
    assert Options(**given(parsed)) == LENGTHS.applied(common)
