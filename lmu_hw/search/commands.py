# SPDX-License-Identifier: Apache-2.0
"""The command that generates the design of a point."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import Any

from lmu_hw.quantize import Options
from lmu_hw.records import encode
from lmu_hw.search.lengths import Knob, WordLengths

__all__ = ["generate_command"]

_KNOBS = {knob.value for knob in Knob}


def generate_command(options: dict[str, Any], lengths: WordLengths) -> str:
    """Return how to generate a design with some word lengths.

    Parameters
    ----------
    options : dict
        What all points of a sweep have in common; see `SweepReport`.
    lengths : WordLengths
    """
    default = encode(Options())
    words = ["lmu-hw", "generate", "MODEL", "-o", "OUT", "--calibrate", "X.npy"]
    for knob in Knob:
        words += [_flag(knob.value), str(lengths.get(knob))]
    for field in fields(Options):
        value = options.get(field.name, default[field.name])
        if field.name not in _KNOBS and value != default[field.name]:
            words += _words(field.name, value)
    return shlex.join(words)


def _words(name: str, value: object) -> list[str]:
    if isinstance(value, bool):
        return [_flag(name) if value else _flag(f"no_{name}")]
    return [_flag(name), str(value)]


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
