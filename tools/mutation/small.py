# SPDX-License-Identifier: Apache-2.0
"""Small designs of every kind, whose mutants are given to `prove`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmu_hw
from tests.networks import network, noise

__all__ = ["SMALL"]

_WIDTHS = {"weight_bits": 4, "state_bits": 10, "activation_bits": 5}
_VECTORS = {"stream_width": "vector"}


def _emitted(
    lanes: int,
    quantization: dict[str, Any],
    stream: dict[str, Any] = _VECTORS,
    **options: Any,
) -> Callable[[Path], None]:
    """Return what emits a small network to a folder."""

    def emit(folder: Path) -> None:
        net = network(**{"order": 2, "units": 2, **options})
        x = noise(net, sequences=4, steps=30)
        design = lmu_hw.quantize(net, x, **{**_WIDTHS, **quantization})
        lmu_hw.emit(design, folder, lanes=lanes, name="few", **stream)

    return emit


SMALL = {
    "dense": _emitted(2, {}, hidden_to_memory=True),
    "semiseparable": _emitted(2, {"realization": "semiseparable"}, order=3, encoder="relu"),
    "scan": _emitted(1, {"realization": "scan"}, order=3, activation="relu"),
    "two_pass": _emitted(2, {"realization": "two-pass"}, order=3, units=1),
    "two_layers": _emitted(1, {}, layers=2, hidden="dense"),
    "lstm": _emitted(2, {}, hidden="lstm", units=1),
    "packets": _emitted(2, {}, {"stream_width": 8}, inputs=3, dense=3, units=1),
    "packets_of_sequences": _emitted(
        2, {}, {"stream_width": 16, "stream_last": "sequence"}, inputs=3, dense=5, units=1
    ),
    "gru": _emitted(2, {}, hidden="gru, reset before", units=1),
}
"""What emits each design, by its name."""
