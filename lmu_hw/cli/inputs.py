# SPDX-License-Identifier: Apache-2.0
"""The files that commands begin with: a trained network, its data, a design."""

from __future__ import annotations

import argparse
from typing import Any

from lmu_hw import api
from lmu_hw.cli.console import complain, status
from lmu_hw.cli.files import about, read_array
from lmu_hw.design import Design
from lmu_hw.lmu import Network

__all__ = ["calibration", "load_network", "read_design"]


def load_network(options: argparse.Namespace) -> Network:
    """Return the trained network; says what is legal but probably not meant."""
    with status(f"reading {options.model}"):
        network = api.load(options.model, theta=options.theta, mapping=options.mapping)
    for note in network.notes:
        if note.startswith("warning: "):
            complain(note)
    return network


def read_design(folder: str) -> Design:
    """Return the design in a folder."""
    with status(f"reading {folder}"):
        return api.read_design(folder)


def calibration(options: argparse.Namespace, network: Network) -> Any:
    if options.calibrate is None:
        return None
    with about(options.calibrate):
        return api.calibration_data(network, read_array(options.calibrate))
