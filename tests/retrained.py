# SPDX-License-Identifier: Apache-2.0
"""A network as another training might have left it: the same shape, other weights and names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from lmu_hw.lmu import Memory, Network


def retrained(
    network: Network,
    *,
    seed: int = 0,
    theta: float | None = None,
    factors: tuple[float, float] = (0.5, 1.0),
) -> Network:
    """Return the network with other names and weights, each changed by a factor of its own.

    Parameters
    ----------
    network : Network
    seed : int
    theta : float, optional
        Another window.
    factors : (least, most)
    """

    def other(part: Any) -> Any:
        return _changed(part, theta, lambda shape: random.uniform(*factors, shape))

    random = np.random.default_rng(seed)
    layers = [
        replace(other(layer), name=f"again_{number}") for number, layer in enumerate(network.layers)
    ]
    return replace(network, name="again", layers=tuple(layers))


def _changed(part: Any, theta: float | None, factors: Callable[[tuple[int, ...]], Any]) -> Any:
    changes = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Memory):
            if theta is not None:
                changes[field.name] = Memory.legendre(value.order, theta, value.discretizer)
        elif isinstance(value, np.ndarray):
            changes[field.name] = value * factors(value.shape)
        elif is_dataclass(value) and not isinstance(value, type):
            changes[field.name] = _changed(value, theta, factors)
    return replace(part, **changes)
