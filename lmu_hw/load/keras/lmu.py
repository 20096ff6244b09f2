# SPDX-License-Identifier: Apache-2.0
"""One keras-lmu layer: options and variables become an `LmuLayer`.

keras-lmu multiplies row vectors: ``u = [x, h] K + b + m R``, ``h = f([m, x] W + h U + b)``; every
matrix is transposed once. From version 0.4 on, A and B are not in the file: they are discretized
in float64. Versions 0.2 and 0.3 keep the discrete matrices of a recurrent layer, transposed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import Discretizer, LmuLayer, Memory
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import MAX_ORDER, located, must, positive
from lmu_hw.load.keras.cells import CELLS, read_cell
from lmu_hw.load.keras.first import is_first_generation, read_first_generation
from lmu_hw.load.keras.graph import LayerNode
from lmu_hw.load.keras.layouts import Layout, Variables
from lmu_hw.load.keras.options import IGNORED
from lmu_hw.load.keras.weights import Shape
from lmu_hw.load.native.form import legendre

__all__ = ["LmuSource", "read_lmu"]

Array = NDArray[np.float64]

_MAX_MEMORIES = 4096  # without a kernel, E_x is an identity of that size
_STORED = "A and B are those of the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class LmuSource:
    """All that `read_lmu` needs to know.

    Parameters
    ----------
    layer : LayerNode
        The layer, whose variables they are.
    cell : LayerNode
        Node with the LMU's options: the layer itself, or the cell of an RNN.
    layout : Layout
        How the file keeps variables.
    inputs : int or None
        Width of what the layer is fed with, if known.
    keras2 : bool
        Activations of Keras 2, not 3.
    budget : Budget
        Shared by all layers of the model.
    """

    layer: LayerNode
    cell: LayerNode
    layout: Layout
    inputs: int | None
    keras2: bool
    budget: Budget

    @property
    def where(self) -> str:
        """File and layer, for messages."""
        return self.cell.where


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoders:
    E_x: Array
    E_h: Array | None
    E_m: Array | None
    b_u: Array | None
    memory: Memory


def read_lmu(source: LmuSource, name: str, *, return_sequences: bool) -> tuple[LmuLayer, str]:
    """Return the layer called `name` and where its memory comes from, or raise `LoadError`."""
    options = source.cell.options
    hidden_node = _hidden_node(source)
    variables = source.layout.of(
        source.layer, hidden=None if hidden_node is None else hidden_node.name
    )
    if is_first_generation(variables):
        layer = read_first_generation(
            source.cell,
            variables,
            name,
            inputs=source.inputs,
            return_sequences=return_sequences,
            budget=source.budget,
        )
        return layer, _origin(layer.memory)
    memory_d = options.count("memory_d", most=_MAX_MEMORIES)
    order = options.count("order", most=MAX_ORDER)
    input_to_hidden = options.flag("input_to_hidden")
    units = 0 if hidden_node is None else hidden_node.options.count("units")
    encoders = _encoders(source, variables, memory_d, order, units)
    hidden = None
    if hidden_node is not None:
        hidden = read_cell(
            hidden_node,
            hidden_node.class_name,
            variables.hidden,
            states=memory_d * order,
            inputs=encoders.E_x.shape[1] if input_to_hidden else 0,
            keras2=source.keras2,
        )
    options.finish(ignored=IGNORED, off_is_fine=True)
    with located(source.where):
        layer = LmuLayer(
            name=name,
            memory=encoders.memory,
            E_x=encoders.E_x,
            E_h=encoders.E_h,
            E_m=encoders.E_m,
            b_u=encoders.b_u,
            hidden=hidden,
            input_to_hidden=input_to_hidden,
            return_sequences=return_sequences,
        )
    return layer, _origin(encoders.memory)


def _origin(memory: Memory) -> str:
    if memory.discretizer is Discretizer.STORED:
        return _STORED
    return (
        f"A and B are recomputed in float64 from order {memory.order} and theta "
        f"{memory.theta:.9g}; Keras uses float32"
    )


def _hidden_node(source: LmuSource) -> LayerNode | None:
    cell = source.cell.options.get("hidden_cell")
    if cell is None:
        return None
    node = LayerNode(source.where, cell)
    if node.class_name not in CELLS:
        raise must(
            source.where,
            "hidden_cell",
            f"None, {', '.join(CELLS[:-1])} or {CELLS[-1]}",
            node.class_name,
            advice="train with one of these",
        )
    node.require_origin("", "keras", "tf_keras")
    return node


def _encoders(
    source: LmuSource, variables: Variables, memory_d: int, order: int, units: int
) -> _Encoders:
    """Read kernel, bias, theta_inv, recurrent_kernel: in this order, absent ones skipped."""
    options, where = source.cell.options, source.where
    back = units if options.flag("hidden_to_memory") else 0
    if options.flag("hidden_to_memory") and not units:
        raise must(where, "hidden_to_memory", "false without a hidden cell", True)
    rows = None if source.inputs is None else source.inputs + back
    shapes: dict[str, Shape] = {}
    # "kernel_initializer: null" means that there is no kernel at all: u is [x, h] itself.
    if options.get("kernel_initializer", "glorot_uniform") is not None:
        shapes["kernel"] = (rows, memory_d)
    elif memory_d <= back or rows not in (None, memory_d):
        rule = f"the width of [x, h] without a kernel ({rows or f'more than {back}'})"
        raise must(where, "memory_d", rule, memory_d)
    if options.flag("use_bias"):
        shapes["bias"] = (memory_d,)
    if options.flag("trainable_theta"):
        shapes["theta_inv"] = ()
    if options.flag("memory_to_memory"):
        shapes["recurrent_kernel"] = (memory_d * order, memory_d)
    arrays = variables.own(shapes)
    if "kernel" not in arrays:
        source.budget.fill(where, memory_d)
    kernel = arrays.get("kernel", np.eye(memory_d))
    if len(kernel) <= back:
        rule = f"more rows high than the {back} hidden units fed back"
        raise must(where, "the kernel", rule, kernel.shape)
    return _Encoders(
        E_x=kernel[: len(kernel) - back].T,
        E_h=kernel[len(kernel) - back :].T if back else None,
        E_m=arrays["recurrent_kernel"].T if "recurrent_kernel" in arrays else None,
        b_u=arrays.get("bias"),
        memory=_memory(source, variables, order, arrays.get("theta_inv")),
    )


def _memory(source: LmuSource, variables: Variables, order: int, theta_inv: Array | None) -> Memory:
    """Return the memory: as stored, or discretized; a trained theta replaces the config's."""
    options, where = source.cell.options, source.where
    method = Discretizer(options.choice("discretizer", ("zoh", "euler"), default="zoh"))
    theta = options.positive("theta")
    if "A" in variables.names:
        arrays = variables.own({"A": (order, order), "B": (1, order)})
        with located(where):
            return Memory(
                A=arrays["A"].T, B=arrays["B"][0], theta=theta, discretizer=Discretizer.STORED
            )
    if theta_inv is not None:
        theta = 1.0 / positive(where, "theta_inv", float(theta_inv))
    source.budget.discretize(where, order)
    return legendre(where, order, theta, method)
