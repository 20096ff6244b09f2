# SPDX-License-Identifier: Apache-2.0
"""Activation functions by the name Keras and PyTorch give them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError

__all__ = ["ACTIVATIONS", "LINEAR", "RELU", "SOFTMAX", "activation"]

Array = NDArray[np.float64]

LINEAR = "linear"
RELU = "relu"
SOFTMAX = "softmax"


def _special(name: str, z: Array) -> Array:
    """Return a function of `scipy.special`, whose import takes long and few networks need."""
    import scipy.special

    return np.asarray(getattr(scipy.special, name)(z), np.float64)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    LINEAR: lambda z: z,
    RELU: lambda z: np.maximum(z, 0.0),
    "tanh": np.tanh,
    "sigmoid": lambda z: _special("expit", z),
    "hard_sigmoid": lambda z: np.clip(z / 6.0 + 0.5, 0.0, 1.0),
    "hard_sigmoid_keras2": lambda z: np.clip(0.2 * z + 0.5, 0.0, 1.0),
    "hard_tanh": lambda z: np.clip(z, -1.0, 1.0),
    "relu6": lambda z: np.clip(z, 0.0, 6.0),
    "softsign": lambda z: z / (1.0 + np.abs(z)),
    "softplus": lambda z: np.logaddexp(0.0, z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
    "selu": lambda z: (
        1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0.0)))
    ),
    "silu": lambda z: z * _special("expit", z),
    "gelu": lambda z: z * _special("ndtr", z),
    "exponential": np.exp,
}
"""Element-wise functions; each becomes a table, an exact expression, or nothing in hardware."""


def activation(name: str, *, where: str) -> Callable[[Array], Array]:
    """Return the function called `name`, or raise `NetworkError` naming the layer `where`."""
    if name == SOFTMAX:
        return _softmax
    if name not in ACTIVATIONS:
        known = ", ".join([*ACTIVATIONS, SOFTMAX])
        raise NetworkError(f"{where}: the activation must be one of {known}, not {name!r}")
    return ACTIVATIONS[name]


def _softmax(z: Array) -> Array:
    from scipy.special import softmax

    return np.asarray(softmax(z, axis=-1), np.float64)
