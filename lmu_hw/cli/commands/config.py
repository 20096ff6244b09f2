# SPDX-License-Identifier: Apache-2.0
"""The command ``config``: formats chosen from data, to be edited."""

from __future__ import annotations

import argparse
import sys

from lmu_hw import api
from lmu_hw.cli.console import remark, status
from lmu_hw.cli.exits import EQUAL
from lmu_hw.cli.inputs import adopt_scale, calibration, load_network
from lmu_hw.cli.typed import given
from lmu_hw.errors import LmuHwError
from lmu_hw.network import QuantizedNetwork, Stream, stream_of
from lmu_hw.plan import Goal, choose_plan
from lmu_hw.quantize import Options, choose_formats

__all__ = ["config"]


def config(options: argparse.Namespace) -> int:
    """Choose formats, and print them as a configuration."""
    goal = Goal(target=options.target)
    stream = stream_of(options.stream_width, options.stream_elements, options.stream_last)
    adopt_scale(options)
    Options(**given(options))
    network = load_network(options)
    with status(f"configuring {network.name}") as tell:
        x = calibration(options, network)
        chosen = choose_formats(
            network, api.calibration_data(network, x), Options(**given(options)), progress=tell
        )
    sys.stdout.write(chosen.config.to_toml())
    for line in _estimated(chosen.network, goal, stream):
        remark(line)
    return EQUAL


def _estimated(network: QuantizedNetwork, goal: Goal, stream: Stream) -> list[str]:
    """Return what a network would take of a chip, with the plan that `generate` would choose."""
    from lmu_hw.cli.tables.estimates import estimate_lines
    from lmu_hw.golden import GoldenModel

    try:
        GoldenModel(network)
        plan = choose_plan(network, goal, stream=stream).chosen.plan
        return estimate_lines(plan, goal.target)
    except LmuHwError as error:  # formats can be such that no design is made of them
        return [f"no estimate of area and clock: {error}"]
