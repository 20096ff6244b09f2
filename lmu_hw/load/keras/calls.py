# SPDX-License-Identifier: Apache-2.0
"""What a layer or an operation is called with: tensors, constants, and arguments by name.

Keras 3 writes a call as arguments and keywords. Keras 2 writes each tensor as ``[layer, node,
index, keywords]``, and of functions of TensorFlow the first argument only: the others are keywords.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lmu_hw.load.tensors import Array

__all__ = ["Call", "Constant", "Place", "call_of", "function_class"]

_FUNCTIONS = {
    "__operators__.add": "Add",
    "math.add": "Add",
    "math.add_n": "Add",
    "math.subtract": "Subtract",
    "math.multiply": "Multiply",
    "math.truediv": "TrueDivide",
    "math.divide": "TrueDivide",
    "math.negative": "Negative",
    "nn.bias_add": "Add",
    "concat": "Concatenate",
    "identity": "Identity",
    "math.tanh": "Tanh",
    "math.sigmoid": "Sigmoid",
    "math.softplus": "Softplus",
    "math.exp": "Exp",
    "nn.relu": "Relu",
    "nn.relu6": "Relu6",
    "nn.elu": "Elu",
    "nn.selu": "Selu",
    "nn.leaky_relu": "LeakyRelu",
    "nn.silu": "Silu",
    "nn.softsign": "Softsign",
    "nn.softmax": "Softmax",
}
"""Functions of TensorFlow, by the name that Keras 3 has for the same."""

_CONSTANT = "_CONSTANT_VALUE"
_OPERANDS = ("y", "b", "bias")
"""What TensorFlow calls the second argument of its functions."""

Place = list[Any]
"""Layer, node and index of a tensor: as the file says it, unchecked."""


@dataclass(frozen=True, slots=True)
class Constant:
    """An argument that no layer computes, as the file says it."""

    value: Any

    def array(self) -> Array | None:
        """Return its numbers, or None if it has other things."""
        value = self.value
        if isinstance(value, dict) and value.get("class_name") == "__numpy__":
            value = (value.get("config") or {}).get("value")
        if isinstance(value, str | bytes | bool | None | dict):
            return None
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            return None
        return array if np.all(np.isfinite(array)) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Parameters
    ----------
    operands : tuple of (Place or Constant)
        In their order.
    keywords : mapping
        The arguments by name, but for operands.
    """

    operands: tuple[Place | Constant, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tensors(self) -> list[Place]:
        """The operands that layers compute."""
        return [operand for operand in self.operands if not isinstance(operand, Constant)]


def call_of(call: object) -> Call | None:
    """Return a call as the file says it; None if it is written in no way that is known."""
    if isinstance(call, dict):
        given, keywords = call.get("args"), call.get("kwargs", {})
        if not isinstance(given, list) or not isinstance(keywords, dict):
            return None
        listed = given[0] if given and isinstance(given[0], list) else given
        rest = given[1:] if listed is not given else []
        return Call(operands=tuple(map(_operand, [*listed, *rest])), keywords=keywords)
    if isinstance(call, list) and call and all(isinstance(part, list) for part in call):
        keywords = call[0][3] if len(call[0]) > 3 else {}
        return (
            Call(operands=tuple(map(_old, call)), keywords=keywords) if _named(keywords) else None
        )
    if isinstance(call, list) and len(call) == 4 and _named(call[3]):  # a function of TensorFlow
        keywords = dict(call[3])
        more = [keywords.pop(name) for name in _OPERANDS if name in keywords]
        return Call(operands=(_old(call), *map(_old, more)), keywords=keywords)
    return None


def _named(keywords: object) -> bool:
    return isinstance(keywords, dict)


def _operand(argument: object) -> Place | Constant:
    """Return an argument of Keras 3."""
    config = argument.get("config") if isinstance(argument, dict) else None
    history = config.get("keras_history") if isinstance(config, dict) else None
    if isinstance(history, list) and len(history) == 3:
        return history
    return Constant(argument)


def _old(part: object) -> Place | Constant:
    """Return an argument of Keras 2."""
    if not (isinstance(part, list) and part and isinstance(part[0], str)):
        return Constant(part)
    if part[0] == _CONSTANT:
        return Constant(part[2] if len(part) > 2 else None)
    return part[:3]


def function_class(config: object) -> str:
    """Return what Keras 3 calls the function of a ``TFOpLambda``, or ``tf.`` and its own name."""
    name = config.get("function") if isinstance(config, dict) else None
    return _FUNCTIONS.get(name, f"tf.{name}") if isinstance(name, str) else "TFOpLambda"
