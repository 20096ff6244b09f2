# SPDX-License-Identifier: Apache-2.0
"""Small seeded networks with every connection of an LMU layer, and their quantized form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    GruCell,
    HiddenCell,
    LmuLayer,
    LstmCell,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
)
from lmu_hw.network import QuantizedNetwork
from lmu_hw.quantize import Config, Options, configure, quantize

__all__ = ["configured", "lmu_layer", "network", "noise", "quantized", "recurrent_layer"]

GATED = ("lstm", "gru", "gru, reset before")


def cell(
    random: np.random.Generator,
    kind: str,
    *,
    states: int,
    inputs: int,
    units: int,
    activation: str,
    recurrent_activation: str,
    bias: bool,
) -> HiddenCell:
    """Return a random cell: rnn, dense, or one of `GATED`; without inputs it reads no x."""
    gates = {"lstm": 4, "gru": 3, "gru, reset before": 3}.get(kind, 1)

    def weights(*shape: int, gain: float = 1.0) -> np.ndarray:
        return gain * random.uniform(-1.0, 1.0, shape)

    parts: dict[str, Any] = {
        "W_m": weights(gates * units, states),
        "W_x": weights(gates * units, inputs) if inputs else None,
        "W_h": weights(gates * units, units, gain=0.5) if kind != "dense" else None,
        "b": weights(gates * units) if bias else None,
        "activation": activation,
    }
    if kind == "lstm":
        return LstmCell(**parts, recurrent_activation=recurrent_activation)
    if kind in GATED:
        after = kind == "gru"
        return GruCell(
            **parts,
            b_h=weights(3 * units) if bias and after else None,
            recurrent_activation=recurrent_activation,
            reset_after=after,
        )
    return SimpleCell(**parts)


def recurrent_layer(
    *,
    name: str = "cell",
    kind: str = "lstm",
    inputs: int = 1,
    units: int = 3,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    bias: bool = True,
    return_sequences: bool = True,
    seed: int = 0,
) -> RecurrentLayer:
    """Return a random recurrent layer without memory."""
    made = cell(
        np.random.default_rng(seed),
        kind,
        states=0,
        inputs=inputs,
        units=units,
        activation=activation,
        recurrent_activation=recurrent_activation,
        bias=bias,
    )
    return RecurrentLayer(name=name, cell=made, return_sequences=return_sequences)


def lmu_layer(
    *,
    name: str = "lmu",
    inputs: int = 1,
    memory_d: int = 1,
    order: int = 3,
    theta: float = 6.0,
    discretizer: Discretizer = Discretizer.ZOH,
    hidden: str = "rnn",
    units: int = 3,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    encoder: str = "linear",
    input_to_hidden: bool = True,
    hidden_to_memory: bool = False,
    memory_to_memory: bool = False,
    bias: bool = True,
    return_sequences: bool = True,
    seed: int = 0,
) -> LmuLayer:
    """Return a random layer; `hidden` is none, or a kind of `cell`."""
    random = np.random.default_rng(seed)
    states = memory_d * order

    def weights(*shape: int, gain: float = 1.0) -> np.ndarray:
        return gain * random.uniform(-1.0, 1.0, shape)

    hidden_cell = cell(
        random,
        hidden,
        states=states,
        inputs=inputs if input_to_hidden else 0,
        units=units,
        activation=activation,
        recurrent_activation=recurrent_activation,
        bias=bias,
    )
    return LmuLayer(
        name=name,
        memory=Memory.legendre(order, theta, discretizer),
        E_x=weights(memory_d, inputs),
        E_h=weights(memory_d, units, gain=0.3) if hidden_to_memory else None,
        E_m=weights(memory_d, states, gain=0.1) if memory_to_memory else None,
        b_u=weights(memory_d, gain=0.2) if bias else None,
        hidden=None if hidden == "none" else hidden_cell,
        input_to_hidden=input_to_hidden,
        return_sequences=return_sequences,
        encoder=encoder,
    )


def dense_layer(*, inputs: int, outputs: int, activation: str, seed: int) -> DenseLayer:
    """Return a random layer ``dense``."""
    random = np.random.default_rng(seed + 1000)
    return DenseLayer(
        name="dense",
        W=random.uniform(-1.0, 1.0, (outputs, inputs)),
        b=random.uniform(-1.0, 1.0, outputs),
        activation=activation,
    )


def network(
    *,
    layers: int = 1,
    dense: int = 0,
    dense_activation: str = "linear",
    inputs: int = 1,
    recurrent: str = "",
    return_sequences: bool = True,
    seed: int = 0,
    **options: Any,
) -> Network:
    """Return `layers` LMU layers, a recurrent one, and a dense one of `dense` outputs if not 0.

    `recurrent` is the kind of cell of the second; none if it is empty.
    """
    stack: list[LmuLayer | RecurrentLayer | DenseLayer] = []
    width = inputs
    for index in range(layers):
        last = index == layers - 1
        stack.append(
            lmu_layer(
                name=f"lmu{index}",
                inputs=width,
                return_sequences=return_sequences or not last,
                seed=seed + index,
                **options,
            )
        )
        width = stack[-1].outputs
    if recurrent:
        stack.append(recurrent_layer(kind=recurrent, inputs=width, seed=seed + 500))
        width = stack[-1].outputs
    if dense:
        stack.append(
            dense_layer(inputs=width, outputs=dense, activation=dense_activation, seed=seed)
        )
    return Network(name="tiny", layers=tuple(stack))


def passing(*, hidden: str = "rnn", return_sequences: bool = True) -> Network:
    """Return three layers of which the first two hand on columns of what they read."""
    first = lmu_layer(name="lmu0", inputs=2, hidden=hidden, input_to_hidden=hidden != "none")
    first = replace(first, passed=(1,))
    second = recurrent_layer(
        kind="lstm", inputs=first.outputs, return_sequences=return_sequences, name="lstm"
    )
    second = replace(second, passed=(first.outputs - 1, 0))
    return Network(
        name="passing",
        layers=(
            first,
            second,
            dense_layer(inputs=second.outputs, outputs=2, activation="linear", seed=0),
        ),
    )


def noise(
    net: Network, *, sequences: int, steps: int, seed: int = 0, unsigned: bool = False
) -> np.ndarray:
    """Return (sequences, steps, inputs) uniform values in -1 to 1, or in 0 to 1."""
    low = 0.0 if unsigned else -1.0
    return np.random.default_rng(seed).uniform(low, 1.0, (sequences, steps, net.inputs))


def configured(
    net: Network,
    *,
    rounding: Rounding | None = None,
    overflow: Overflow | None = None,
    narrower: int = 0,
    unsigned: bool = False,
    **options: Any,
) -> Config:
    """Return a chosen configuration with other modes, `narrower` integer bits in every sum."""
    x = noise(net, sequences=4, steps=24, seed=1, unsigned=unsigned)
    config = configure(net, x, Options(**options))
    nodes = {}
    for name, node in config.nodes.items():
        requant = replace(
            node.requant,
            format=_narrower(node.requant.format, narrower),
            rounding=rounding or node.requant.rounding,
            overflow=overflow or node.requant.overflow,
        )
        relu = node.output is not None and node.output.width == node.requant.format.width - 1
        output = _narrower(node.output, narrower) if relu and node.output else node.output
        nodes[name] = replace(node, requant=requant, output=output)
    return replace(config, nodes=nodes)


def _narrower(fmt: FixedFormat, bits: int) -> FixedFormat:
    return replace(fmt, int_bits=fmt.int_bits - bits)


def quantized(net: Network, **options: Any) -> QuantizedNetwork:
    """Return a network quantized under `configured`."""
    return quantize(net, configured(net, **options), model_digest="0" * 64)
