# SPDX-License-Identifier: Apache-2.0
"""Layers of gated cells to be trained."""

from __future__ import annotations

import numpy as np

from lmu_hw.lmu import GruCell, LstmCell, Network, RecurrentLayer

__all__ = ["gated"]


def gated(cell: str) -> Network:
    """Return a recurrent layer of two units with random weights."""
    random = np.random.default_rng(0)
    gates = 4 if cell == "lstm" else 3
    common = {
        "W_m": np.zeros((2 * gates, 0)),
        "W_x": random.normal(size=(2 * gates, 3)),
        "W_h": random.normal(size=(2 * gates, 2)),
        "b": random.normal(size=2 * gates),
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
    }
    made = (
        LstmCell(**common)
        if cell == "lstm"
        else GruCell(**common, b_h=random.normal(size=6), reset_after=True)
    )
    layer = RecurrentLayer(name="cell", cell=made, return_sequences=True)
    return Network(name="gated", layers=(layer,))
