# SPDX-License-Identifier: Apache-2.0
"""What a verb was given, as the layers below take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from lmu_hw.calibration import calibration_subset, synthetic_input
from lmu_hw.checked import instance
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Network
from lmu_hw.quantize import Config, Options
from lmu_hw.sequences import Sequences, SequencesLike

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


def calibration_data(network: Network, x: SequencesLike | None) -> Sequences:
    """Return what ranges are taken from: evenly spaced sequences of `x`, or noise in -1 to 1.

    Parameters
    ----------
    network : Network
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), Sequences, or None

    Raises
    ------
    NetworkError
        If it is none of these, or does not fit the network.
    """
    instance(network, "`network`", Network)
    if x is None:
        return network.check_input(synthetic_input(network))
    what = "calibration data"
    x = Sequences.of(x, features=network.inputs, what=what)
    x = calibration_subset(x.without(network.mask_value, what=what))  # before it is copied
    return network.check_input(x, what=what)
