# SPDX-License-Identifier: Apache-2.0
"""A network as another training might have left it: the same shape, other weights and names."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from lmu_hw.lmu import Memory, Network


def retrained(network: Network, *, seed: int = 0, theta: float | None = None) -> Network:
    """Return the network with weights that shrank, each by a factor of its own, and other names.

    Parameters
    ----------
    network : Network
    seed : int
    theta : float, optional
        Another window.
    """
    random = np.random.default_rng(seed)
    layers = [
        replace(_shrunk(random, layer, theta), name=f"again_{number}")
        for number, layer in enumerate(network.layers)
    ]
    return replace(network, name="again", layers=tuple(layers))


def _shrunk(random: np.random.Generator, part: Any, theta: float | None) -> Any:
    changes = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Memory):
            if theta is not None:
                changes[field.name] = Memory.legendre(value.order, theta, value.discretizer)
        elif isinstance(value, np.ndarray):
            changes[field.name] = value * random.uniform(0.5, 1.0, value.shape)
        elif is_dataclass(value) and not isinstance(value, type):
            changes[field.name] = _shrunk(random, value, theta)
    return replace(part, **changes)
