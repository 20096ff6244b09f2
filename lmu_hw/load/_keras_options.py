# SPDX-License-Identifier: Apache-2.0
"""Options of Keras layers: which mean nothing at inference, and what activations are called."""

from __future__ import annotations

from lmu_hw.lmu.activations import ACTIVATIONS, SOFTMAX
from lmu_hw.load._check import Options, must

__all__ = ["IDENTITIES", "IGNORED", "activation_name"]

IGNORED = frozenset(
    f"{variable}_{kind}"
    for variable in ("kernel", "recurrent", "bias", "activity")
    for kind in ("initializer", "regularizer", "constraint")
) | {
    "trainable",
    "dtype",
    "seed",
    "dropout",
    "recurrent_dropout",
    "unroll",
    "implementation",
    "zero_output_for_mask",  # there is no mask
    "batch_input_shape",
    "batch_shape",
    "input_shape",
    "conv_mode",  # how keras-lmu computes the same convolution
    "truncate_ir",
}
"""Options without a meaning for a trained network that is fed every step."""

IDENTITIES = frozenset(
    {
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "Identity",
        "SpatialDropout1D",
    }
)
"""Layers that hand on what they are fed with at inference."""

_SAME = {"swish": "silu"}


def activation_name(options: Options, fallback: str, *, keras2: bool) -> str:
    """Return the activation of a layer by the name `lmu_hw.lmu.activations` gives it."""
    value = options.get("activation", fallback)
    if isinstance(value, dict) and value.get("class_name") == "function":
        registered = value.get("registered_name")
        own = registered in ("function", None, value.get("config"))
        value = value.get("config") if own else registered
    if value is None:
        return "linear"
    known = [name for name in [*ACTIVATIONS, SOFTMAX] if not name.endswith("_keras2")]
    if not isinstance(value, str) or _SAME.get(value, value) not in known:
        advice = "train with one of these"
        raise must(options.where, "activation", f"one of {', '.join(known)}", value, advice=advice)
    name = _SAME.get(value, value)
    return "hard_sigmoid_keras2" if keras2 and name == "hard_sigmoid" else name
