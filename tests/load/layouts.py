# SPDX-License-Identifier: Apache-2.0
"""State dicts in layouts of their own, with the equations they were trained with.

None of them is known to the loader by name. Each has what its code, and not its file, says: the
lines of a drafted mapping that a user replaces.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lmu_hw.lmu import Discretizer, discretize, legendre_system

ORDER, UNITS, INPUTS, OUTPUTS, THETA = 6, 5, 2, 3, 20.0


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def relu(z):
    return np.maximum(z, 0.0)


@dataclass(frozen=True)
class Layout:
    """A state dict, what it computes, and what is to be decided: key, or layer.key, to value."""

    state: dict[str, Any]
    answer: Callable[[np.ndarray], np.ndarray]
    decided: dict[str, Any]
    once: bool = False
    left_out: tuple[str, ...] = field(default=())
    added: str = ""
    """Tables that the draft does not have."""


def legendre(kind: Any = np.float32):
    A, B = discretize(ORDER, THETA, Discretizer.ZOH)
    return A.astype(kind), B.astype(kind)


def weights(rng):
    return lambda *shape: (rng.normal(size=shape) / 3).astype(np.float32)


def linears(rng):
    """Every encoder and kernel is a linear layer; a sigmoid behind a head at every step."""
    A, B = legendre()
    draw = weights(rng)
    shapes = {
        "e_x": (1, INPUTS), "e_h": (1, UNITS), "e_m": (1, ORDER), "W_x": (UNITS, INPUTS),
        "W_h": (UNITS, UNITS), "W_m": (UNITS, ORDER),
    }  # fmt: skip
    w = {key: draw(*shape) for key, shape in shapes.items()}
    V, b = draw(OUTPUTS, UNITS), draw(OUTPUTS)
    state = {"lmu.cell.A": A, "lmu.cell.B": B[:, None]}
    state |= {f"lmu.cell.{key}.weight": value for key, value in w.items()}
    state |= {"head.weight": V, "head.bias": b}

    def answer(x):
        h, m, y = np.zeros(UNITS), np.zeros(ORDER), []
        for row in x:
            u = w["e_x"] @ row + w["e_h"] @ h + w["e_m"] @ m
            m = A.astype(float) @ m + B * u
            h = np.tanh(w["W_x"] @ row + w["W_h"] @ h + w["W_m"] @ m)
            y.append(sigmoid(V @ h + b))
        return np.array(y)

    decided = {"answers": "every step", "lmu.activation": "tanh", "head.activation": "sigmoid"}
    return Layout(state, answer, decided)


def without_matrices(rng):
    """Bare parameters, no A and B, and a sigmoid in the cell."""
    A, B = legendre(np.float64)
    draw = weights(rng)
    shapes = {
        "Wx": (UNITS, INPUTS), "Wh": (UNITS, UNITS), "Wm": (UNITS, ORDER), "ex": (1, INPUTS),
        "eh": (1, UNITS), "em": (1, ORDER), "fc.weight": (OUTPUTS, UNITS), "fc.bias": (OUTPUTS,),
    }  # fmt: skip
    w = {key: draw(*shape) for key, shape in shapes.items()}

    def answer(x):
        h, m = np.zeros(UNITS), np.zeros(ORDER)
        for row in x:
            m = A @ m + B * (w["ex"] @ row + w["eh"] @ h + w["em"] @ m)
            h = sigmoid(w["Wx"] @ row + w["Wh"] @ h + w["Wm"] @ m)
        return w["fc.weight"] @ h + w["fc.bias"]

    decided = {
        "answers": "once", "lmu.activation": "sigmoid", "fc.activation": "linear",
        "lmu.theta": THETA, "lmu.discretizer": "zoh",
    }  # fmt: skip
    return Layout(w, answer, decided, once=True)


def rows(rng):
    """Everything for row vectors, as in Keras: ``x W``; A.T less the identity."""
    A, B = legendre(np.float64)
    draw = weights(rng)
    shapes = {
        "input_encoders": (INPUTS, 1), "hidden_encoders": (UNITS, 1), "memory_encoders": (ORDER, 1),
        "input_kernel": (INPUTS, UNITS), "hidden_kernel": (UNITS, UNITS),
        "memory_kernel": (ORDER, UNITS), "bias": (UNITS,),
    }  # fmt: skip
    w = {key: draw(*shape) for key, shape in shapes.items()}
    state = {"rnn.AT": (A - np.eye(ORDER)).T.copy(), "rnn.BT": B[None]}
    state |= {f"rnn.{key}": value for key, value in w.items()}

    def answer(x):
        h, m, y = np.zeros(UNITS), np.zeros(ORDER), []
        for row in x:
            u = row @ w["input_encoders"] + h @ w["hidden_encoders"] + m @ w["memory_encoders"]
            m = m + m @ state["rnn.AT"] + u @ state["rnn.BT"]
            h = row @ w["input_kernel"] + h @ w["hidden_kernel"] + m @ w["memory_kernel"]
            h = relu(h + w["bias"])
            y.append(h)
        return np.array(y)

    decided = {
        "answers": "every step", "rnn.activation": "relu",
        "rnn.W_h": "rnn.hidden_kernel transposed",
    }  # fmt: skip
    return Layout(state, answer, decided)


def gated(rng):
    """A GRU cell of PyTorch reads memory and input; a checkpoint with an optimizer."""
    A, B = legendre()
    draw = weights(rng)
    shapes = {
        "encoder.weight": (1, INPUTS), "gru.weight_ih": (3 * UNITS, ORDER + INPUTS),
        "gru.weight_hh": (3 * UNITS, UNITS), "gru.bias_ih": (3 * UNITS,),
        "gru.bias_hh": (3 * UNITS,),
    }  # fmt: skip
    w = {key: draw(*shape) for key, shape in shapes.items()}
    V = draw(OUTPUTS, UNITS)
    state = {"lmu.A": A, "lmu.B": B} | {f"lmu.{key}": value for key, value in w.items()}

    def answer(x):
        h, m = np.zeros(UNITS), np.zeros(ORDER)
        for row in x:
            m = A.astype(float) @ m + B * (w["encoder.weight"] @ row)
            driven = w["gru.weight_ih"] @ np.append(m, row) + w["gru.bias_ih"]
            fed_back = w["gru.weight_hh"] @ h + w["gru.bias_hh"]
            (r, z, n), (r_h, z_h, n_h) = np.split(driven, 3), np.split(fed_back, 3)
            r, z = sigmoid(r + r_h), sigmoid(z + z_h)
            h = (1 - z) * np.tanh(n + r * n_h) + z * h
        return V @ h

    optimizer = {"state": {0: {"exp_avg": V}}, "param_groups": []}
    checkpoint = {"net": state | {"out.weight": V}, "epoch": 3, "optimizer": optimizer}
    decided = {
        "answers": "once", "out.activation": "linear",
        "lmu.W_m": f"lmu.gru.weight_ih[:, 0:{ORDER}]", "lmu.W_x": f"lmu.gru.weight_ih[:, {ORDER}:]",
    }  # fmt: skip
    return Layout(checkpoint, answer, decided, once=True)


def blocks(rng):
    """Two parallel layers behind a batch normalisation; weights and their average; metrics."""
    A, B = legendre()
    draw = weights(rng)
    state = {f"bn.{key}": draw(INPUTS) for key in ("weight", "bias", "running_mean")}
    state |= {"bn.running_var": draw(INPUTS) ** 2 + 1, "bn.num_batches_tracked": np.array(7)}
    for index, inputs in enumerate((INPUTS, UNITS)):
        shapes = {
            "W_u.weight": (1, inputs), "W_u.bias": (1,), "W_h.weight": (UNITS, ORDER + inputs),
            "W_h.bias": (UNITS,),
        }  # fmt: skip
        drawn = {key: draw(*shape) for key, shape in shapes.items()} | {"A": A, "B": B[:, None]}
        state |= {f"blocks.{index}.{key}": value for key, value in drawn.items()}
    state |= {"head.weight": draw(OUTPUTS, UNITS), "head.bias": draw(OUTPUTS)}

    def block(x, w):
        m, y = np.zeros(ORDER), []
        for row in x:
            m = A.astype(float) @ m + B * relu(w["W_u.weight"] @ row + w["W_u.bias"])
            y.append(np.tanh(w["W_h.weight"] @ np.append(row, m) + w["W_h.bias"]))
        return np.array(y)

    def answer(x):
        deviation = np.sqrt(state["bn.running_var"] + 1e-5)
        y = (x - state["bn.running_mean"]) / deviation * state["bn.weight"] + state["bn.bias"]
        for index in (0, 1):
            start = f"blocks.{index}."
            y = block(y, {k.removeprefix(start): v for k, v in state.items() if start in k})
        return y @ state["head.weight"].T + state["head.bias"]

    average = {k: v if k.endswith((".A", ".B")) else np.zeros_like(v) for k, v in state.items()}
    average["W_extra"] = np.zeros((2, 2))
    checkpoint = {"model_state": state, "ema": average, "class_weights": draw(OUTPUTS)}
    decided: dict[str, Any] = {"answers": "every step", "head.activation": "linear"}
    decided["state"], decided["bn.activation"] = "model_state", "linear"
    for index, inputs in enumerate((INPUTS, UNITS)):
        view = f"blocks.{index}.W_h.weight"
        decided |= {f"blocks_{index}.encoder": "relu", f"blocks_{index}.activation": "tanh"}
        decided[f"blocks_{index}.W_m"] = f"{view}[:, {inputs}:]"
        decided[f"blocks_{index}.W_x"] = f"{view}[:, 0:{inputs}]"
    decided["blocks_1.cell"] = "dense"
    return Layout(checkpoint, answer, decided, left_out=("blocks_1.W_h",))


def continuous(rng):
    """A and B of the continuous system over the window; several memories, order first."""
    A, B = legendre(np.float64)
    exact, drive = legendre_system(ORDER)
    draw = weights(rng)
    memories = 3
    E, W, b = draw(memories, INPUTS), draw(UNITS, ORDER * memories), draw(UNITS)
    state = {
        "memory.A": (exact / THETA)[None], "memory.B": (drive / THETA)[:, None],
        "encoder_x.weight": E, "hidden.weight": W, "hidden.bias": b,
    }  # fmt: skip

    def answer(x):
        m, y = np.zeros((ORDER, memories)), []
        for row in x:
            m = A @ m + np.outer(B, E @ row)
            y.append(relu(W @ m.ravel() + b))
        return np.array(y)

    decided = {"answers": "every step", "lmu.activation": "relu", "lmu.states": "by order"}
    decided["lmu.discretizer"] = "zoh"
    return Layout(state, answer, decided)


LAYOUTS = (linears, without_matrices, rows, gated, blocks, continuous)


def edited(text, layout):
    """Return a draft with what the layout's code decides."""
    lines, within = [], ""
    for line in text.splitlines():
        within = line[8:-1] + "." if line.startswith("[layers.") else within
        key = f"{within}{line.partition(' = ')[0]}"
        if key in layout.decided:
            line = f"{key.rpartition('.')[2]} = {json.dumps(layout.decided[key])}"
        lines += [] if key in layout.left_out else [line]
    return "\n".join(lines) + layout.added
