# SPDX-License-Identifier: Apache-2.0
"""Plain Keras layers: dense, recurrent, batch normalisation, activations, and what changes nothing.

Each function reads the options and the variables of one layer; none knows what stands around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.load.check import located, must
from lmu_hw.load.keras.graph import LayerNode, call_to
from lmu_hw.load.keras.layouts import Variables
from lmu_hw.load.keras.options import FUNCTIONS, IGNORED, activation_name
from lmu_hw.load.keras.weights import Shape

__all__ = ["activation_of", "batch_normalization", "dense", "input_shape", "require_steps"]

Array = NDArray[np.float64]

_STEPWISE = {
    "stateful": "every sequence starts from zero; save with stateful=False, a sequence of hardware "
    "may be as long as you like",
    "go_backwards": "hardware takes steps as they come; train a forward network",
    "time_major": "sequences come one after another; save with time_major=False",
}
_BATCH_IGNORED = IGNORED | {"momentum", "renorm_momentum", "fused", "synchronized"} | {
    f"{variable}_{kind}"
    for variable in ("beta", "gamma", "moving_mean", "moving_variance")
    for kind in ("initializer", "regularizer", "constraint")
}  # fmt: skip


def require_steps(node: LayerNode) -> None:
    """Refuse options of recurrent layers that change what a step is, all at once."""
    values = {option: node.options.get(option) for option in _STEPWISE}
    on = [option for option, value in values.items() if value not in (None, False)]
    if on:
        advice = "; ".join(_STEPWISE[option] for option in on)
        raise must(node.where, " and ".join(on), "off", values[on[0]], advice=advice)
    # The chain has no place where the states could go: only the output is read.
    node.options.flag("return_state")


def input_shape(node: LayerNode) -> tuple[int | None, int | None] | None:
    """Return steps and features that a layer says it is fed with; None if it says nothing."""
    for option in ("sparse", "ragged"):
        node.options.off(option, "give the model plain sequences")
    shapes = [node.options.get(option) for option in ("batch_shape", "batch_input_shape")]
    shape = next((s for s in shapes if s is not None), None)
    if shape is None and node.class_name != "InputLayer":
        return None
    sizes = [n for n in shape[1:] if n is not None] if isinstance(shape, list) else []
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes)
    if not isinstance(shape, list) or len(shape) != 3 or not whole:
        raise must(
            node.where,
            "the shape",
            "(batch, steps, features)",
            shape,
            advice="give the model sequences, and leave any reshaping to the host",
        )
    return shape[1], shape[2]


def dense(
    node: LayerNode,
    variables: Variables,
    name: str,
    *,
    inputs: int | None,
    keras2: bool,
    bare: bool = False,
) -> DenseLayer:
    """Return a dense layer called `name`; `bare`: without its activation, which follows."""
    options = node.options
    units = options.count("units")
    shapes: dict[str, Shape] = {"kernel": (inputs, units)}
    if options.flag("use_bias", default=True):
        shapes["bias"] = (units,)
    activation = LINEAR if bare else activation_name(options, LINEAR, keras2=keras2)
    options.finish(ignored=IGNORED, off_is_fine=True)
    arrays = variables.own(shapes)
    with located(node.where):
        return DenseLayer(
            name=name, W=arrays["kernel"].T, b=arrays.get("bias"), activation=activation
        )


def batch_normalization(
    node: LayerNode, variables: Variables, *, inputs: int | None, axes: int
) -> tuple[Array, Array]:
    """Return scale and shift, (features,), of a layer fed with arrays of that many axes."""
    options, where = node.options, node.where
    axis = options.get("axis", -1)
    if axis not in (-1, [-1], axes - 1, [axes - 1]):
        raise must(where, "axis", f"the last, -1 or {axes - 1}", axis)
    epsilon = options.positive("epsilon")
    names = ["gamma"] if options.flag("scale", default=True) else []
    names += ["beta"] if options.flag("center", default=True) else []
    options.finish(ignored=_BATCH_IGNORED, off_is_fine=True)
    arrays = variables.own(dict.fromkeys([*names, "moving_mean", "moving_variance"], (inputs,)))
    mean, variance = arrays["moving_mean"], arrays["moving_variance"]
    if len({len(values) for values in arrays.values()}) != 1:
        raise LoadError(f"{where}: its variables must have one length")
    if not np.all(variance + epsilon > 0):
        raise must(where, "moving_variance + epsilon", "positive", float(np.min(variance)))
    scale = arrays.get("gamma", np.ones(len(mean))) / np.sqrt(variance + epsilon)
    shift = arrays.get("beta", np.zeros(len(mean))) - scale * mean
    if not (np.all(np.isfinite(scale)) and np.all(np.isfinite(shift))):
        raise LoadError(f"{where}: its variables must be finite")
    return scale, shift


def activation_of(node: LayerNode, *, keras2: bool) -> str:
    """Return the activation that a layer without weights applies."""
    name = FUNCTIONS.get(node.kind) or _ACTIVATIONS[node.kind](node, keras2)
    if node.options.get("alpha", 1.0) != 1:
        raise must(node.where, "alpha", "1", node.options.get("alpha"))
    node.options.finish(ignored=IGNORED, off_is_fine=True)
    return name


def _activation(node: LayerNode, keras2: bool) -> str:
    return activation_name(node.options, LINEAR, keras2=keras2)


def _softmax(node: LayerNode, keras2: bool) -> str:
    axes = [node.options.get("axis"), call_to(node).keywords.get("axis")]
    if any(axis not in (None, -1, [-1]) for axis in axes):
        raise must(node.where, "axis", "-1", axes[0] or axes[1])
    return "softmax"


def _relu(node: LayerNode, keras2: bool) -> str:
    options = node.options
    for option in ("negative_slope", "threshold"):
        if options.get(option) not in (None, 0, 0.0):
            raise must(node.where, option, "0", options.get(option))
    ceiling = options.get("max_value")
    if ceiling not in (None, 6, 6.0):
        raise must(node.where, "max_value", "None or 6", ceiling)
    return "relu" if ceiling is None else "relu6"


_ACTIVATIONS: Mapping[str, Callable[[LayerNode, bool], str]] = {
    "Activation": _activation,
    "Softmax": _softmax,
    "ReLU": _relu,
    "ELU": lambda node, keras2: "elu",
}
