# SPDX-License-Identifier: Apache-2.0
"""The cell of the paper (Voelker, Kajić, Eliasmith 2019, eq. 5-7) as its code and lmu 0.1 keep it.

    u = x e_x + h e_h + m e_m,  m' = m + m AT + u BT,  h' = f(x W_x + h W_h + m' W_m + b)

in row vectors: AT is the transpose of A minus the identity, and may have been trained. The files
of the paper say nothing of sizes, which all follow from the shapes of the variables.

The layer class that came after lmu 0.1 names connections. One that is off is still computed, with
variables that started at zero; but with all three off there are no variables for them, nor AT and
BT: the memory is that of zero-order hold for theta, and its responses are convolved.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmu_hw.lmu import Discretizer, LmuLayer, Memory, SimpleCell
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import MAX_ORDER, Options, located, must
from lmu_hw.load.keras.graph import LayerNode
from lmu_hw.load.keras.layouts import Variables
from lmu_hw.load.keras.options import IGNORED, activation_name
from lmu_hw.load.keras.weights import Array, Shape
from lmu_hw.load.native.form import legendre

__all__ = ["is_first_generation", "read_first_generation"]

_PARTS = ("input_encoders", "hidden_encoders", "memory_encoders",
          "input_kernel", "hidden_kernel", "memory_kernel")  # fmt: skip
_IGNORED = (
    IGNORED
    | {f"{part}_initializer" for part in _PARTS}
    | {f"{part}_regularizer" for part in _PARTS}
    | {f"trainable_{part}" for part in _PARTS}
    | {"input_encorders_initializer", "A_initializer", "B_initializer"}  # the first is theirs
    | {"method", "realizer", "include_bias"}  # A, B and the bias are stored
)
_CONNECTIONS = ("memory_to_memory", "hidden_to_memory", "hidden_to_hidden")
_DELAY = "LegendreDelay"


def is_first_generation(variables: Variables) -> bool:
    """Return whether a layer has the variables of the paper's cell."""
    return "input_encoders" in variables.names


def read_first_generation(
    node: LayerNode,
    variables: Variables,
    name: str,
    *,
    inputs: int | None,
    return_sequences: bool,
    budget: Budget,
) -> LmuLayer:
    """Return the layer called `name`, or raise `LoadError`."""
    options, where = node.options, node.where
    connected = [options.flag(name, default=True) for name in _CONNECTIONS]
    if not any(connected) and "BT" not in variables.names:
        return _convolved(
            node,
            variables,
            name,
            inputs=inputs,
            return_sequences=return_sequences,
            budget=budget,
        )
    arrays = variables.own({"BT": (1, None), "hidden_encoders": (None, 1)})
    order, units = arrays["BT"].shape[1], len(arrays["hidden_encoders"])
    if order > MAX_ORDER:
        raise must(where, "order", f"at most {MAX_ORDER}", order)
    for option, size in (("order", order), ("units", units)):
        if option in options and options.count(option) != size:
            raise must(where, option, f"the size of the variables, {size}", options.get(option))
    shapes: dict[str, Shape] = {
        "input_encoders": (inputs, 1),
        "memory_encoders": (order, 1),
        "input_kernel": (inputs, units),
        "hidden_kernel": (units, units),
        "memory_kernel": (order, units),
        "AT": (order, order),
    }
    if "bias" in variables.names:
        shapes["bias"] = (1, units)
    arrays |= variables.own(shapes)
    activation = activation_name(options, "tanh", keras2=True, option="hidden_activation")
    theta = _theta(options)
    options.finish(ignored=_IGNORED, off_is_fine=True)
    with located(where):
        memory = Memory(
            A=np.eye(order) + arrays["AT"].T,
            B=arrays["BT"][0],
            theta=theta,
            discretizer=Discretizer.STORED,
        )
        return _layer(name, memory, arrays, activation, return_sequences)


def _convolved(
    node: LayerNode,
    variables: Variables,
    name: str,
    *,
    inputs: int | None,
    return_sequences: bool,
    budget: Budget,
) -> LmuLayer:
    """Return a layer without recurrent connections."""
    options, where = node.options, node.where
    order, units = options.count("order", most=MAX_ORDER), options.count("units")
    theta = options.positive("theta")
    arrays = variables.own(
        {"input_encoders": (inputs, 1), "input_kernel": (inputs, units),
         "memory_kernel": (order, units)}
    )  # fmt: skip
    activation = activation_name(options, "tanh", keras2=True, option="hidden_activation")
    if _is_other_delay(options):
        rule = f"{_DELAY} where A and B are not in the file"
        raise must(where, "factory", rule, options.get("factory"))
    options.finish(ignored=_IGNORED | {"trainable_A", "trainable_B"}, off_is_fine=True)
    budget.discretize(where, order)
    with located(where):
        memory = legendre(where, order, theta, Discretizer.ZOH)
        return _layer(name, memory, arrays, activation, return_sequences)


def _layer(
    name: str,
    memory: Memory,
    arrays: Mapping[str, Array],
    activation: str,
    return_sequences: bool,
) -> LmuLayer:
    """Return a layer of the arrays, rows by columns of the file, that its connections have."""
    matrices = {key: array.T for key, array in arrays.items()}
    return LmuLayer(
        name=name,
        memory=memory,
        E_x=matrices["input_encoders"],
        E_h=matrices.get("hidden_encoders"),
        E_m=matrices.get("memory_encoders"),
        b_u=None,
        hidden=SimpleCell(
            W_m=matrices["memory_kernel"],
            W_x=matrices["input_kernel"],
            W_h=matrices.get("hidden_kernel"),
            b=arrays["bias"][0] if "bias" in arrays else None,
            activation=activation,
        ),
        input_to_hidden=True,
        return_sequences=return_sequences,
    )


def _theta(options: Options) -> float | None:
    """Return the window in steps, unless the file does not say it, or A and B are not its own.

    They are others where they were trained, or where another system than the Legendre one made them
    (``factory``, which one version wrote as ``factor``).
    """
    others = [options.flag("trainable_A"), options.flag("trainable_B"), _is_other_delay(options)]
    theta = options.positive("theta") if "theta" in options else None
    return None if any(others) else theta


def _is_other_delay(options: Options) -> bool:
    factories = (options.get("factory"), options.get("factor"))
    return any(value is not None and _DELAY not in str(value) for value in factories)
