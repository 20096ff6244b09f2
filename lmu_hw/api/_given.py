# SPDX-License-Identifier: Apache-2.0
"""What a verb was given, as the layers below take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import instance
from lmu_hw.design import calibration_subset, synthetic_input
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Network
from lmu_hw.quantize import Config, Options

__all__ = ["calibration_data", "options_of", "refuse_both"]


def options_of(arguments: Mapping[str, Any]) -> Options:
    """Return the options among the arguments of a verb.

    A verb lists every option with its type and default, which a test compares with `Options`, and
    hands over its ``locals()`` before it has any others.
    """
    return Options(**{field.name: arguments[field.name] for field in fields(Options)})


def refuse_both(config: Config, options: Options) -> None:
    """Raise `ConfigError` if a configuration comes with options, of which it would use none."""
    instance(config, "`config`", Config)
    default = Options()
    for name in (field.name for field in fields(Options)):
        if getattr(options, name) != getattr(default, name):
            raise ConfigError(f"`{name}` and `config` cannot be combined: one of them must choose")


def calibration_data(network: Network, x: NDArray[np.generic] | None) -> NDArray[np.float64]:
    """Return what ranges are taken from: evenly spaced sequences of `x`, or noise in -1 to 1."""
    instance(network, "`network`", Network)
    if x is None:
        return synthetic_input(network)
    x = np.asarray(x)
    if x.ndim == 3 and x.shape[1]:
        x = calibration_subset(x)  # before it is copied: it may be huge
    return network.check_input(x, what="calibration data")
