# SPDX-License-Identifier: Apache-2.0
"""Options of Keras layers: which mean nothing at inference, and what activations are called."""

from __future__ import annotations

from lmu_hw.errors import LoadError
from lmu_hw.lmu.activations import ACTIVATIONS, SOFTMAX
from lmu_hw.load.check import Options, must, show

__all__ = [
    "FUNCTIONS",
    "IDENTITIES",
    "IGNORED",
    "MASK_OPERATIONS",
    "MERGES",
    "activation_name",
    "advice_on",
    "compute_type",
    "refused_class",
]

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
    "zero_output_for_mask",  # `lmu_hw.load.keras.masks` looks at it
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

MERGES = frozenset(
    {"Add", "Average", "Concatenate", "Multiply", "Negative", "Subtract", "TrueDivide"}
)
"""Layers and operations that join tensors, or scale one, without weights."""

FUNCTIONS = {
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Softplus": "softplus",
    "Exp": "exponential",
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Selu": "selu",
    "Silu": "silu",
    "Softsign": "softsign",
}
"""Operations that are activations."""

MASK_OPERATIONS = frozenset(
    {"NotEqual", "Any", "LogicalAnd", "LogicalOr", "ExpandDims", "ZerosLike"}
)
"""Operations of which Keras 3 makes a mask."""

_SAME = {"swish": "silu"}

_HOST = "run it before the hardware and save the layers after it as their own model"
_PRODUCT = (
    "hardware multiplies what layers compute within LSTM and GRU cells only; train with Add or "
    "Concatenate, or save the model before it, and leave the rest to the host"
)
_LAST_STEP = "set return_sequences=False in the layer before it"
_COLUMNS = "take columns as x[:, :, 0:1], which keeps their axis, and join them by Concatenate"
_AVERAGE = "answer at every step and average on the host"
_ADVICE = {
    "Bidirectional": "its backward half reads the end of a sequence first, and answers at every "
    "step what it has heard of later ones: hardware that takes steps as they come would have to "
    "keep whole sequences; train a forward network, or one with a longer window",
    "TensorFlowOpLayer": "load it with TensorFlow 2.4 or later and save again, or use the layers "
    "Add and Concatenate",
    "GlobalAveragePooling1D": _AVERAGE,
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
    **dict.fromkeys(("Multiply", "Dot", "Maximum", "Minimum"), _PRODUCT),
    **dict.fromkeys(("tf.unstack", "tf.split", "Split", "tf.stack", "Stack"), _COLUMNS),
    **dict.fromkeys(("tf.compat.v1.gather", "tf.slice", "Take"), _COLUMNS),
    **dict.fromkeys(("tf.expand_dims", "ExpandDims", "tf.compat.v1.squeeze", "Squeeze"), _COLUMNS),
    **dict.fromkeys(("tf.math.reduce_mean", "Mean", "tf.math.reduce_max", "Max"), _AVERAGE),
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
