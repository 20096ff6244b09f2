# SPDX-License-Identifier: Apache-2.0
"""Leaky activations of Keras, and activations that are layers given to another layer."""

from __future__ import annotations

import numpy as np

from lmu_hw.checked import real
from lmu_hw.errors import LoadError
from lmu_hw.load.check import must, show
from lmu_hw.load.keras.graph import LayerNode, call_to
from lmu_hw.load.keras.layouts import Variables
from lmu_hw.load.keras.options import IGNORED
from lmu_hw.load.tensors import Array

__all__ = ["LEAKY", "activation_layer", "prelu_slopes", "slope_of"]

LEAKY = ("LeakyReLU", "LeakyRelu")
"""The layer, and the operation."""

_GIVEN = ("ELU", "LeakyReLU", "ReLU", "Softmax")
_SLOPES = ("negative_slope", "alpha")
_BY_NAME, _BY_LAYER = 0.2, 0.3
"""What Keras takes where no slope is said."""


def activation_layer(node: LayerNode) -> LayerNode | None:
    """Return the layer that the activation of a layer stands for; None if it is a plain name."""
    value = node.options.get("activation")
    kind = value.get("class_name") if isinstance(value, dict) else None
    name = value.get("config") if isinstance(value, dict) and kind == "function" else value
    if name == "leaky_relu":
        value = {"class_name": "LeakyReLU", "config": {"negative_slope": _BY_NAME}}
    elif kind not in _GIVEN:
        return None
    layer = LayerNode(f"{node.where}: activation", value)
    layer.require_origin("", "keras", "tf_keras")
    layer.name = node.name
    return layer


def slope_of(node: LayerNode) -> float | None:
    """Return the slope below 0 of a leaky layer or operation; None if it is none.

    Raises
    ------
    LoadError
        If it is no finite number.
    """
    options = node.options
    if node.kind == "ReLU":
        rest = (options.get("threshold"), options.get("max_value"))
        slope = options.get("negative_slope") if rest in ((None, None), (0, None)) else None
        if slope in (None, 0):
            return None
    elif node.kind in LEAKY:
        keywords = call_to(node).keywords if node.kind == "LeakyRelu" else {}
        given = [source.get(name) for source in (options, keywords) for name in _SLOPES]
        fallback = _BY_NAME if node.kind == "LeakyRelu" else _BY_LAYER
        slope = next((value for value in given if value is not None), fallback)
    else:
        return None
    options.finish(ignored=IGNORED, off_is_fine=True)
    return real(slope, f"{node.where}: negative_slope", error=LoadError)


def prelu_slopes(
    node: LayerNode, variables: Variables, *, width: int | None, sequences: bool
) -> Array:
    """Return slopes below 0, one or one for each feature, of a PReLU layer.

    Raises
    ------
    LoadError
        If steps have slopes of their own.
    """
    options = node.options
    shared = options.get("shared_axes")
    axes = shared if isinstance(shared, list) else [] if shared is None else [shared]
    most = 2 if sequences else 1
    if any(axis not in range(1, most + 1) for axis in axes):
        raise must(node.where, "shared_axes", f"axes from 1 to {most}", shared)
    if sequences and 1 not in axes:
        advice = "hardware does the same at every step; train with shared_axes=[1]"
        rule = f"hold 1, the axis of the steps, not {show(shared)}; {advice}"
        raise LoadError(f"{node.where}: shared_axes must {rule}")
    ignored = {f"alpha_{kind}" for kind in ("initializer", "regularizer", "constraint")}
    options.finish(ignored=IGNORED | ignored, off_is_fine=True)
    features = 1 if most in axes else width
    return np.ravel(variables.own({"alpha": (1, features) if sequences else (features,)})["alpha"])
