# SPDX-License-Identifier: Apache-2.0
"""Options of Keras layers: which mean nothing at inference, and what activations are called."""

from __future__ import annotations

from lmu_hw.errors import LoadError
from lmu_hw.lmu.activations import ACTIVATIONS, SOFTMAX
from lmu_hw.load.check import Options, must, show

__all__ = ["IDENTITIES", "IGNORED", "activation_name", "advice_on", "compute_type", "refused_class"]

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
    "unit_forget_bias",  # how the bias started
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

_HOST = "run it before the hardware and save the layers after it as their own model"
_BRANCH = (
    "hardware takes one chain of layers; train without branches, or, where this joins the output "
    "with a part of the input, such as the last value of a forecast, save the model before it, and "
    "leave the rest to the host"
)
_LAST_STEP = "set return_sequences=False in the layer before it"
_ADVICE = {
    "Bidirectional": "hardware cannot wait for the end of a sequence; train a forward network",
    "Masking": "save the model without it, its weights are the same; hardware skips a step that is "
    "not sent: leave masked steps out on the host, and end each sequence with tlast",
    "GetItem": _LAST_STEP,
    "SlicingOpLambda": _LAST_STEP,
    "GlobalAveragePooling1D": "answer at every step and average on the host",
    "LeakyReLU": "train with ReLU",
    "PReLU": "train with ReLU",
    "Lambda": f"code in a file is never run; to take the last step, {_LAST_STEP}",
    "LayerNormalization": "it divides by what it measures at every step; train with "
    "BatchNormalization, which folds into weights",
    "CuDNNLSTM": "load it as an LSTM in Keras and save again",
    "CuDNNGRU": "load it as a GRU (reset_after=True) in Keras and save again",
    "LMUCellFFT": "its window and activation are not in the file, as the class never saved them: "
    "put its weights into an LMU layer without recurrent connections, and save that",
    "LMUCellODE": "train with LMU or RNN(LMUCell)",
    "LMUCellGating": "train with LMU or RNN(LMUCell)",
    **dict.fromkeys(("Functional", "Sequential", "Model"), "put its layers into the outer model"),
    **dict.fromkeys(("Conv1D", "Embedding"), _HOST),
    **dict.fromkeys(("Add", "Average", "Concatenate", "Multiply", "Subtract"), _BRANCH),
}
_DEFAULT_ADVICE = (
    "rebuild the model from InputLayer, LMU, LMUFeedforward, RNN, SimpleRNN, LSTM, GRU, Dense, "
    "TimeDistributed, BatchNormalization, activation and dropout layers, or leave this layer to "
    "the host"
)


def activation_name(
    options: Options, fallback: str, *, keras2: bool, option: str = "activation"
) -> str:
    """Return the activation of a layer by the name `lmu_hw.lmu.activations` gives it."""
    value = options.get(option, fallback)
    if isinstance(value, dict) and value.get("class_name") == "function":
        registered = value.get("registered_name")
        is_keras = registered in ("function", None, value.get("config"))
        value = value.get("config") if is_keras else registered
    if value is None:
        return "linear"
    known = [name for name in [*ACTIVATIONS, SOFTMAX] if not name.endswith("_keras2")]
    if not isinstance(value, str) or _SAME.get(value, value) not in known:
        advice = "train with one of these"
        raise must(options.where, option, f"one of {', '.join(known)}", value, advice=advice)
    name = _SAME.get(value, value)
    return "hard_sigmoid_keras2" if keras2 and name == "hard_sigmoid" else name


def compute_type(policy: object) -> str | None:
    """Return the type that a layer computes in, by its dtype or policy; None if unknown."""
    if isinstance(policy, dict):
        config = policy.get("config")
        policy = config.get("name") if isinstance(config, dict) else None
    return policy.removeprefix("mixed_") if isinstance(policy, str) else None


def refused_class(where: str, name: str) -> LoadError:
    """Return the error for a layer that is not read, with what could be done."""
    text = f"class {show(name)[1:-1]} must not be in the model; {advice_on(name)}"
    return LoadError(f"{where}: {text}")


def advice_on(name: str) -> str:
    """Return what could be done about a class that is not read."""
    return _ADVICE.get(name, _DEFAULT_ADVICE)
