# SPDX-License-Identifier: Apache-2.0
"""One keras-lmu layer: options and variables become an `LmuLayer`.

keras-lmu multiplies row vectors: ``u = [x, h] K + b + m R``, ``h = f([m, x] W + h U + b)``; every
matrix is transposed once, here. A and B are not in the file: they are discretized in float64.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import Discretizer, LmuLayer, SimpleCell
from lmu_hw.load._check import MAX_ORDER, located, must, positive
from lmu_hw.load._form import legendre
from lmu_hw.load._keras_graph import LayerNode
from lmu_hw.load._keras_options import IGNORED, activation_name
from lmu_hw.load._keras_weights import Weights

__all__ = ["LmuSource", "Places", "read_lmu"]

Array = NDArray[np.float64]

_MAX_MEMORIES = 4096  # without a kernel, E_x is an identity of that size
_CELL_ADVICE = "train with hidden_cell None, Dense or SimpleRNNCell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the variables may be, relative to the group of the layer."""

    own: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LmuSource:
    """All that `read_lmu` needs to know beside the options.

    Parameters
    ----------
    cell : LayerNode
        Node with the LMU's options: the layer itself, or the cell of an RNN.
    weights : Weights
    group : str
        Group of the layer in the weights.
    places : Places
    inputs : int or None
        Width of what the layer is fed with, if known.
    keras2 : bool
        Activations of Keras 2, not 3.
    """

    cell: LayerNode
    weights: Weights
    group: str
    places: Places
    inputs: int | None
    keras2: bool

    @property
    def where(self) -> str:
        """File and layer, for messages."""
        return self.cell.where

    def find(self, candidates: tuple[str, ...]) -> str:
        """Return the group of variables among `candidates`."""
        return self.weights.group(self.where, [f"{self.group}/{place}" for place in candidates])

    def take(self, what: str, path: str, *shape: int | None) -> Array:
        """Return one variable."""
        return self.weights.take(self.where, what, path, shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoders:
    E_x: Array
    E_h: Array | None
    E_m: Array | None
    b_u: Array | None
    theta: float


def read_lmu(source: LmuSource, name: str, *, return_sequences: bool) -> LmuLayer:
    """Return the layer called `name`, or raise `LoadError`."""
    options = source.cell.options
    memory_d = options.count("memory_d", most=_MAX_MEMORIES)
    order = options.count("order", most=MAX_ORDER)
    method = Discretizer(options.choice("discretizer", ("zoh", "euler"), default="zoh"))
    input_to_hidden = options.flag("input_to_hidden")
    cell = options.get("hidden_cell")
    hidden_node = None if cell is None else LayerNode(source.where, cell)
    units = 0
    if hidden_node is not None:
        _require_hidden(source.where, hidden_node)
        units = hidden_node.options.count("units")
    encoders = _encoders(source, memory_d, order, units)
    inputs = encoders.E_x.shape[1]
    hidden = None
    if hidden_node is not None:
        widths = (memory_d * order, inputs if input_to_hidden else 0)
        hidden = _hidden(source, hidden_node, widths)
    options.finish(ignored=IGNORED, off_is_fine=True)
    with located(source.where):
        return LmuLayer(
            name=name,
            memory=legendre(source.where, order, encoders.theta, method),
            E_x=encoders.E_x,
            E_h=encoders.E_h,
            E_m=encoders.E_m,
            b_u=encoders.b_u,
            hidden=hidden,
            input_to_hidden=input_to_hidden,
            return_sequences=return_sequences,
        )


def _require_hidden(where: str, node: LayerNode) -> None:
    if node.class_name not in ("Dense", "SimpleRNNCell"):
        raise must(
            where,
            "hidden_cell",
            "None, Dense or SimpleRNNCell",
            node.class_name,
            advice=_CELL_ADVICE,
        )
    node.require_origin("", "keras")


def _encoders(source: LmuSource, memory_d: int, order: int, units: int) -> _Encoders:
    """Read kernel, bias, theta_inv, recurrent_kernel: in this order, absent ones skipped."""
    options, where = source.cell.options, source.where
    back = units if options.flag("hidden_to_memory") else 0
    if options.flag("hidden_to_memory") and not units:
        raise must(where, "hidden_to_memory", "false without a hidden cell", True)
    group = source.find(source.places.own)
    numbers = itertools.count()
    kernel = _kernel(source, group, numbers, memory_d, back)
    bias = recurrent = None
    if options.flag("use_bias"):
        bias = source.take("bias", f"{group}/{next(numbers)}", memory_d)
    theta = options.positive("theta")
    if options.flag("trainable_theta"):
        trained = source.take("theta_inv", f"{group}/{next(numbers)}")
        theta = 1.0 / positive(where, "theta_inv", float(trained))
    if options.flag("memory_to_memory"):
        path = f"{group}/{next(numbers)}"
        recurrent = source.take("recurrent_kernel", path, memory_d * order, memory_d).T
    inputs = len(kernel) - back
    return _Encoders(
        E_x=kernel[:inputs].T,
        E_h=kernel[inputs:].T if back else None,
        E_m=recurrent,
        b_u=bias,
        theta=theta,
    )


def _kernel(
    source: LmuSource, group: str, numbers: Iterator[int], memory_d: int, back: int
) -> Array:
    """Return the kernel, (inputs + back, memory_d); an identity if the layer has none."""
    rows = None if source.inputs is None else source.inputs + back
    # "kernel_initializer: null" means that there is no kernel at all: u is [x, h] itself.
    if source.cell.options.get("kernel_initializer", "glorot_uniform") is not None:
        kernel = source.take("kernel", f"{group}/{next(numbers)}", rows, memory_d)
        if len(kernel) <= back:
            rule = f"more rows high than the {back} hidden units fed back"
            raise must(source.where, "the kernel", rule, kernel.shape)
        return kernel
    if memory_d <= back or rows not in (None, memory_d):
        rule = f"the width of [x, h] without a kernel ({rows or f'more than {back}'})"
        raise must(source.where, "memory_d", rule, memory_d)
    return np.eye(memory_d)


def _hidden(source: LmuSource, node: LayerNode, widths: tuple[int, int]) -> SimpleCell:
    """Read kernel, recurrent_kernel (SimpleRNNCell), bias of the hidden cell."""
    options = node.options
    units, (states, inputs) = options.count("units"), widths
    group, index = source.find(source.places.hidden), 1
    kernel = source.take("kernel of the hidden cell", f"{group}/0", states + inputs, units)
    recurrent = bias = None
    if node.class_name == "SimpleRNNCell":
        recurrent = source.take("recurrent_kernel of the hidden cell", f"{group}/1", units, units).T
        index += 1
    if options.flag("use_bias", default=True):
        bias = source.take("bias of the hidden cell", f"{group}/{index}", units)
    fallback = "tanh" if node.class_name == "SimpleRNNCell" else "linear"
    activation = activation_name(options, fallback, keras2=source.keras2)
    options.finish(ignored=IGNORED, off_is_fine=True)
    return SimpleCell(
        W_m=kernel[:states].T,
        W_x=kernel[states:].T if inputs else None,
        W_h=recurrent,
        b=bias,
        activation=activation,
    )
