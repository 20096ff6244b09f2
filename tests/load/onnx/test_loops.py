# SPDX-License-Identifier: Apache-2.0
"""Scan and Loop whose step is written out: memories, and the cells that read them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from lmu_hw.lmu import find_window
from lmu_hw.load import load
from tests.load import onnx_files
from tests.load.onnx_files import BATCH, INPUTS, ORDER, STEPS, UNITS, graph, node, weights
from tests.load.refusals import refused

DRIVE = [
    node("MatMul", ["v", "E_x"], ["u_x"]),
    node("MatMul", ["h", "E_h"], ["u_h"]),
    node("MatMul", ["m", "E_m"], ["u_m"]),
    node("Add", ["u_x", "u_h"], ["u_1"]),
    node("Add", ["u_1", "u_m"], ["u"]),
]
MEMORY = [
    node("MatMul", ["m", "A"], ["A_m"]),
    node("MatMul", ["u", "B"], ["B_u"]),
    node("Add", ["A_m", "B_u"], ["m_next"]),
]
ENCODED = [node("MatMul", ["v", "E_x"], ["u_1"]), node("Relu", ["u_1"], ["u"])]


def sums(gates):
    """Return nodes for ``z = [m, v, h] W + b``, W as wide as so many gates."""
    return [
        node("Concat", ["m_next", "v", "h"], ["all"], axis=-1),
        node("Gemm", ["all", f"W_{gates}", f"b_{gates}"], ["z"]),
    ]


SIMPLE = [*sums(1), node("Tanh", ["z"], ["h_next"])]
LSTM = [
    *sums(4),
    node("Split", ["z"], ["z_i", "z_f", "z_g", "z_o"], axis=1, num_outputs=4),
    node("Sigmoid", ["z_i"], ["i"]),
    node("Sigmoid", ["z_f"], ["f"]),
    node("Tanh", ["z_g"], ["g"]),
    node("Sigmoid", ["z_o"], ["o"]),
    node("Mul", ["f", "c"], ["f_c"]),
    node("Mul", ["g", "i"], ["i_g"]),
    node("Add", ["i_g", "f_c"], ["c_next"]),
    node("Tanh", ["c_next"], ["s"]),
    node("Mul", ["o", "s"], ["h_next"]),
]
RESET = [
    *sums(2),
    node("Sigmoid", ["z"], ["gates"]),
    node("Split", ["gates"], ["k", "r"], axis=1, num_outputs=2),
    node("Concat", ["m_next", "v"], ["given"], axis=-1),
    node("MatMul", ["given", "W_n"], ["n_x"]),
]
UPDATE = [
    node("Tanh", ["n_z"], ["n"]),
    node("Sub", ["unit", "k"], ["k_other"]),
    node("Mul", ["k", "h"], ["k_h"]),
    node("Mul", ["k_other", "n"], ["k_n"]),
    node("Add", ["k_h", "k_n"], ["h_next"]),
]
AFTER = [
    node("Gemm", ["h", "U", "b_1"], ["h_u"]),
    node("Mul", ["r", "h_u"], ["r_h"]),
    node("Add", ["n_x", "r_h"], ["n_z"]),
]
BEFORE = [
    node("Mul", ["r", "h"], ["r_h"]),
    node("MatMul", ["r_h", "U"], ["h_u"]),
    node("Add", ["n_x", "h_u"], ["n_z"]),
]
HEAD = [
    node("Concat", ["v", "m_next"], ["all"], axis=-1),
    node("MatMul", ["all", "W_d"], ["z"]),
    node("Relu", ["z"], ["d"]),
    node("Gemm", ["d", "V"], ["z_y"]),
    node("Sigmoid", ["z_y"], ["answer"]),
]
CELLS = {
    "simple": ([*DRIVE, *MEMORY, *SIMPLE], "hm", "h_next"),
    "lstm": ([*DRIVE, *MEMORY, *LSTM], "hmc", "h_next"),
    "gru, reset after": ([*DRIVE, *MEMORY, *RESET, *AFTER, *UPDATE], "hm", "h_next"),
    "gru, reset before": ([*DRIVE, *MEMORY, *RESET, *BEFORE, *UPDATE], "hm", "h_next"),
    "an encoder with an activation": ([*ENCODED, *MEMORY], "m", "m_next"),
    "a dense cell and a head": ([*ENCODED, *MEMORY, *HEAD], "m", "answer"),
}
WIDTHS = {"h": UNITS, "m": ORDER, "c": UNITS}


def constants(rng):
    A, B = onnx_files.memory()
    wide = ORDER + INPUTS + UNITS
    given = {"A": A, "B": B, "unit": np.float32(1), "W_n": weights(rng, ORDER + INPUTS, UNITS)}
    given |= {"E_x": weights(rng, INPUTS, 1), "E_h": weights(rng, UNITS, 1)}
    given |= {"E_m": weights(rng, ORDER, 1) / 4, "U": weights(rng, UNITS, UNITS)}
    given |= {"W_d": weights(rng, INPUTS + ORDER, UNITS), "V": weights(rng, UNITS, 2)}
    for gates in (1, 2, 4):
        given |= {f"W_{gates}": weights(rng, wide, gates * UNITS)}
        given |= {f"b_{gates}": weights(rng, gates * UNITS)}
    return given


def scan(rng, nodes, states, answer, *, starts=0.0, **options):
    """Return a model of one Scan over the steps."""
    nodes = [*nodes, node("Identity", [answer], ["out"])]
    shapes = {name: [BATCH, WIDTHS[name]] for name in states} | {"v": [BATCH, INPUTS]}
    body = graph(nodes, shapes, [*(f"{name}_next" for name in states), "out"], "step")
    given = constants(rng)
    given |= {f"{s}_0": np.full((BATCH, WIDTHS[s]), starts, np.float32) for s in states}
    outer = [
        node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        node(
            "Scan", [*(f"{s}_0" for s in states), "t"], [*(f"{s}_last" for s in states), "steps"],
            num_scan_inputs=1, body=body, **options,
        ),
        node("Transpose", ["steps"], ["y"], perm=[1, 0, 2]),
    ]  # fmt: skip
    return onnx_files.model(outer, given)


@pytest.mark.parametrize("name", CELLS)
def test_a_scan_is_an_lmu_layer(tmp_path, rng, name):
    made = scan(rng, *CELLS[name])
    network = onnx_files.agrees(onnx_files.written(tmp_path, made), made)
    fitted = find_window(network.layers[0].memory)
    assert fitted is not None
    assert abs(fitted.theta - 6.0) < 1e-4  # of float32


def test_a_loop_over_the_steps_is_an_lmu_layer(tmp_path, rng):
    nodes = [
        node("Gather", ["x", "step"], ["v"], axis=1),
        *CELLS["simple"][0],
        node("Identity", ["go"], ["on"]),
        node("Identity", ["h_next"], ["out"]),
    ]
    body = graph(
        nodes, {"h": [BATCH, UNITS], "m": [BATCH, ORDER]}, ["on", "h_next", "m_next", "out"]
    )
    whole = [("step", onnx.TensorProto.INT64), ("go", onnx.TensorProto.BOOL)]
    for name, kind in reversed(whole):
        body.input.insert(0, helper.make_tensor_value_info(name, kind, []))
    again = np.random.default_rng(3)
    given = constants(again) | {"count": np.array(STEPS), "true": np.array(True)}
    given |= {f"{s}_0": np.zeros((BATCH, WIDTHS[s]), np.float32) for s in "hm"}
    loop = node("Loop", ["count", "true", "h_0", "m_0"], ["h_last", "m_last", "a"], body=body)
    made = onnx_files.model([loop, node("Gemm", ["h_last", "V"], ["y"])], given)
    onnx_files.agrees(onnx_files.written(tmp_path, made), made)
    made = onnx_files.model([loop, node("Transpose", ["a"], ["y"], perm=[1, 0, 2])], given)
    got = load(onnx_files.written(tmp_path, made))
    made = scan(np.random.default_rng(3), *CELLS["simple"])
    expected = load(onnx_files.written(tmp_path, made))
    x = rng.normal(size=(2, STEPS, INPUTS))
    assert np.array_equal(got.run(x), expected.run(x))
    given["count"] = np.array(3)
    made = onnx_files.model([loop, node("Gemm", ["h_last", "V"], ["y"])], given)
    refused(onnx_files.written(tmp_path, made), "the number of its steps must be that of its input")


@pytest.mark.parametrize(
    ("nodes", "states", "answer", "options", "message"),
    [
        (*CELLS["simple"], {"starts": 1.0}, "its states must start as zeros"),
        (*CELLS["simple"], {"scan_input_directions": [1]}, "scan_input_directions must be forward"),
        (
            [*DRIVE, *MEMORY, *sums(1), node("Mul", ["z", "h"], ["h_next"])], "hm", "h_next", {},
            r"its states must be a memory m' = A m \+ B u, a cell",
        ),
        (
            [*ENCODED, node("MatMul", ["m", "A"], ["A_m"]), node("MatMul", ["v", "E_w"], ["B_u"]),
             node("Add", ["A_m", "B_u"], ["m_next"])], "m", "m_next", {},
            "a state that is an affine map of itself must be m' = A m",
        ),
        (
            [*DRIVE, *MEMORY, *SIMPLE, node("Add", ["h_next", "h"], ["two"])], "hm", "two", {},
            "what it answers must be of its input and of its last state",
        ),
    ],
)  # fmt: skip
def test_another_step_is_refused(tmp_path, rng, nodes, states, answer, options, message):
    made = scan(rng, nodes, states, answer, **options)
    made.graph.initializer.append(onnx.numpy_helper.from_array(weights(rng, INPUTS, ORDER), "E_w"))
    refused(onnx_files.written(tmp_path, made), message)
