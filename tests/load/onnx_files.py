# SPDX-License-Identifier: Apache-2.0
"""ONNX models put together by hand, and what the reference of `onnx` computes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from lmu_hw.lmu import Discretizer, Memory
from lmu_hw.load import load

FLOAT = onnx.TensorProto.FLOAT
INPUTS, UNITS, ORDER, STEPS, BATCH = 2, 3, 4, 5, 2


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Any:
    return helper.make_node(op, inputs, outputs, name=f"n_{outputs[0]}", **attributes)


def graph(
    nodes: Sequence[Any], inputs: Mapping[str, Any], outputs: Sequence[str], name: str = "graph"
) -> Any:
    given = [helper.make_tensor_value_info(key, FLOAT, shape) for key, shape in inputs.items()]
    taken = [helper.make_tensor_value_info(key, FLOAT, None) for key in outputs]
    return helper.make_graph(nodes, name, given, taken)


def model(
    nodes: Sequence[Any],
    constants: Mapping[str, Any],
    *,
    shape: Sequence[Any] = (BATCH, STEPS, INPUTS),
    inputs: Mapping[str, Any] | None = None,
    outputs: Sequence[str] = ("y",),
    opset: int = 18,
) -> Any:
    whole = graph(nodes, {"x": list(shape)} if inputs is None else inputs, outputs)
    for key, value in constants.items():
        whole.initializer.append(numpy_helper.from_array(np.asarray(value), key))
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", opset)])


def written(folder: Path, made: Any) -> Path:
    path = folder / "m.onnx"
    onnx.save(made, path)
    return path


def weights(rng: np.random.Generator, *shape: int) -> Any:
    return rng.uniform(-0.6, 0.6, shape).astype(np.float32)


def agrees(path: Path, made: Any, *, order: Sequence[int] = (0, 1, 2)) -> Any:
    """Require that a network computes what the reference does; return it.

    `order` is where batch, steps and features lie in the input of the file.
    """
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.0, 1.0, (BATCH, STEPS, INPUTS)).astype(np.float32)
    (expected,) = ReferenceEvaluator(made).run(None, {"x": x.transpose(order)})
    network = load(path)
    got = network.run(x)
    expected = np.asarray(expected)
    if expected.ndim == 3:
        expected = expected.transpose(order)
    assert got.shape == expected.shape
    assert np.ptp(expected) > 1e-3  # something was computed
    # float64 against the reference's float32, of values that are all near 1
    np.testing.assert_allclose(got, expected, atol=1e-5)
    return network


def memory() -> tuple[Any, Any]:
    """Return A and B of a small Legendre memory, for rows."""
    held = Memory.legendre(ORDER, 6.0, Discretizer.ZOH)
    return held.A.T.astype(np.float32), held.B[None].astype(np.float32)
