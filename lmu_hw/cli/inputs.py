# SPDX-License-Identifier: Apache-2.0
"""The files that commands begin with: a trained network, its data, a design."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lmu_hw import api
from lmu_hw.cli.console import complain, remark, status
from lmu_hw.cli.files import about, read_array
from lmu_hw.data_files import sample_scale
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Network

if TYPE_CHECKING:
    from lmu_hw.reload import Reloaded

__all__ = [
    "adopt_scale",
    "calibration",
    "coefficients",
    "load_network",
    "others",
    "read_design",
    "reloaded",
]


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


def adopt_scale(options: argparse.Namespace) -> None:
    """Take the scale of the input from the width of samples, where the data are sound."""
    if options.calibrate is not None and options.input_scale is None:
        scale = sample_scale(options.calibrate)
        if scale is not None:
            options.input_scale = str(scale)
            remark(f"--input-scale {scale}, by the width of the samples in {options.calibrate}")


def calibration(options: argparse.Namespace, network: Network) -> Any:
    if options.calibrate is None:
        return None
    with about(options.calibrate):
        return api.calibration_data(network, read_array(options.calibrate))


def others(options: argparse.Namespace) -> bool:
    """Say whether other coefficients are asked for than those of the design."""
    return options.model is not None or options.theta is not None


def coefficients(options: argparse.Namespace) -> dict[str, Any]:
    """Return what is written into a design: a network, or a window."""
    if options.model is None:
        if options.mapping is not None:
            raise ConfigError("`mapping` must come with the file it is of: give --model")
        return {"theta": options.theta}
    return {"network": load_network(options)}


def reloaded(options: argparse.Namespace) -> Reloaded:
    """Return a design with other coefficients, and how they are written."""
    given = coefficients(options)
    with status(f"computing the coefficients for {options.design}"):
        return api.reload(options.design, **given)
