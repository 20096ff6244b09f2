# SPDX-License-Identifier: Apache-2.0
"""What was typed, as the verbs take it."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from typing import Any

from lmu_hw.errors import ConfigError
from lmu_hw.quantize import Options

__all__ = [
    "PARAMETERS",
    "data_files",
    "given",
    "in_words",
    "measured",
    "option_of",
    "refuse_half_a_target",
    "target",
]

PARAMETERS = (
    *(field.name for field in fields(Options)),
    *(
        "lanes",
        "clock",
        "sample_rate",
        "bank_words",
        "reloadable",
        "registers",
        "state_access",
        "stream_width",
        "stream_elements",
        "stream_last",
        "streams",
        "config",
        "labels",
        "target_error",
        "target_accuracy",
        "cost",
    ),
    *("sequences", "jobs", "scheduler", "restart", "simulators", "seed", "max_cycles", "waves"),
    *("theta", "target", "seeds", "clock", "bitstream", "pins", "liberty", "dont_use"),
    *("board", "link", "baud", "port"),
    *("netlist", "cache", "bulk", "network", "mapping", "draft_mapping"),
)
"""Parameters of the verbs that are options here."""

_RENAMED = {"sequences": "search_sequences", "simulators": "simulator", "network": "model"}

_MEASURED = {
    "cost": "cost",
    "search_sequences": "sequences",
    "jobs": "jobs",
    "scheduler": "scheduler",
}
"""Options of a search or a sweep, and what the verbs call them."""


def in_words(message: Exception | str) -> str:
    """Return a message as a reader of ``--help`` knows it: options in place of parameters."""

    def option(match: re.Match[str]) -> str:
        return option_of(match[1]) if match[1] in PARAMETERS else match[0]

    return re.sub(r"`(\w+)`", option, str(message))


def option_of(parameter: str) -> str:
    """Return the option that is a parameter of a verb."""
    return "--" + _RENAMED.get(parameter, parameter).replace("_", "-")


def given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `Options` that were typed."""
    names = (field.name for field in fields(Options))
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was typed about measuring; all cores are used unless told otherwise."""
    typed = {name: getattr(options, key) for key, name in _MEASURED.items()}
    return {name: value for name, value in typed.items() if value is not None or name == "jobs"}


def target(options: argparse.Namespace) -> str | None:
    """Return the name of the target that was typed."""
    for name in ("target_error", "target_accuracy"):
        if getattr(options, name) is not None:
            return "--" + name.replace("_", "-")
    return None


def refuse_half_a_target(options: argparse.Namespace) -> None:
    """Raise `ConfigError` if a target lacks what it needs, or what needs a target has none."""
    name = target(options)
    if name is None:
        if options.labels is not None and options.calibrate is None:
            raise ConfigError("--labels must come with the data they belong to: give --calibrate")
        for key in _MEASURED:
            if getattr(options, key) is not None:
                raise ConfigError(
                    f"--{key.replace('_', '-')} must come with --target-error or --target-accuracy"
                )
        return
    if options.config is not None:
        raise ConfigError(f"{name} and --config cannot be combined: one of them chooses formats")
    if options.calibrate is None:
        raise ConfigError(f"{name} must come with data to measure on: give --calibrate")
    if (options.labels is None) == (options.target_accuracy is not None):
        needs = "needs --labels" if options.labels is None else "does not use --labels"
        raise ConfigError(f"{name} {needs}")


def data_files(options: argparse.Namespace) -> str:
    """Return the names of the data and of its labels, if there are any."""
    return ", ".join(path for path in (options.calibrate, options.labels) if path is not None)
