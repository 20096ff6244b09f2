# SPDX-License-Identifier: Apache-2.0
"""State dicts as ports of the LMU save them: joint matrices, names of Keras and of JAX, lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmu_hw.lmu import Discretizer, discretize, legendre_system
from tests.load.layouts import (
    INPUTS,
    ORDER,
    OUTPUTS,
    THETA,
    UNITS,
    Layout,
    legendre,
    relu,
    sigmoid,
    weights,
)

MEMORIES = 2
STATES = MEMORIES * ORDER


def joint(rng):
    """Matrices of [x; h] and [x; m] that are named so, A less the identity, two memories."""
    A, B = discretize(ORDER, THETA, Discretizer.BILINEAR)
    draw = weights(rng)
    E, b_u = draw(MEMORIES, INPUTS + UNITS), draw(MEMORIES)
    W, b = draw(UNITS, INPUTS + STATES), draw(UNITS)
    state = {
        "cell.A": (A - np.eye(ORDER)), "cell.B": B[:, None], "cell.W_uxh.weight": E,
        "cell.W_uxh.bias": b_u, "cell.W_hxm.weight": W, "cell.W_hxm.bias": b,
    }  # fmt: skip

    def answer(x):
        h, m, y = np.zeros(UNITS), np.zeros((MEMORIES, ORDER)), []
        for row in x:
            m = m @ A.T + np.outer(E @ np.append(row, h) + b_u, B)
            h = np.tanh(W @ np.append(row, m.ravel()) + b)
            y.append(h)
        return np.array(y)

    decided = {
        "answers": "every step", "lmu.states": "by memory", "lmu.encoder": "linear",
        "lmu.activation": "tanh", "lmu.E_x": f"cell.W_uxh.weight[:, 0:{INPUTS}]",
        "lmu.E_h": f"cell.W_uxh.weight[:, {INPUTS}:]",
        "lmu.W_x": f"cell.W_hxm.weight[:, :{INPUTS}]",
        "lmu.W_m": f"cell.W_hxm.weight[:, {INPUTS}:]",
    }  # fmt: skip
    return Layout(state, answer, decided)


def keras_names(rng):
    """Bare kernels with the names and the rows of keras-lmu; [h; m] in the recurrent one."""
    A, B = legendre(np.float64)
    draw = weights(rng)
    shapes = {
        "kernel": (INPUTS, MEMORIES), "recurrent_kernel": (UNITS + STATES, MEMORIES),
        "bias": (MEMORIES,), "hidden_cell.kernel": (STATES + INPUTS, UNITS),
        "hidden_cell.recurrent_kernel": (UNITS, UNITS), "hidden_cell.bias": (UNITS,),
    }  # fmt: skip
    w = {key: draw(*shape) for key, shape in shapes.items()}
    state = {"lmu.A": A.T.copy(), "lmu.B": B[None]} | {f"lmu.{k}": v for k, v in w.items()}
    V = draw(OUTPUTS, UNITS)

    def answer(x):
        h, m = np.zeros(UNITS), np.zeros((MEMORIES, ORDER))
        for row in x:
            u = row @ w["kernel"] + np.append(h, m.ravel()) @ w["recurrent_kernel"] + w["bias"]
            m = m @ A.T + np.outer(u, B)
            h = (
                np.append(m.ravel(), row) @ w["hidden_cell.kernel"]
                + w["hidden_cell.bias"]
                + (h @ w["hidden_cell.recurrent_kernel"])
            )
            h = np.tanh(h)
        return V @ h

    def cut(name, start, stop):
        return f"lmu.{name}[{start}:{stop}, :] transposed"

    decided = {
        "answers": "once", "lmu.states": "by memory", "lmu.encoder": "linear",
        "lmu.activation": "tanh", "dense.activation": "linear",
        "lmu.E_h": cut("recurrent_kernel", 0, UNITS),
        "lmu.E_m": cut("recurrent_kernel", UNITS, UNITS + STATES),
        "lmu.W_m": cut("hidden_cell.kernel", 0, STATES),
        "lmu.W_x": cut("hidden_cell.kernel", STATES, STATES + INPUTS),
    }  # fmt: skip
    return Layout(state | {"dense.weight": V}, answer, decided, once=True)


def jax_names(rng):
    """Parameters of a JAX module, flattened with slashes: kernels have their inputs first."""
    A, B = legendre()
    draw = weights(rng)
    shapes = {
        "e_x": (INPUTS, 1), "e_h": (UNITS, 1), "e_m": (ORDER, 1), "W_x": (INPUTS, UNITS),
        "W_h": (UNITS, UNITS), "W_m": (ORDER, UNITS),
    }  # fmt: skip
    w = {key: draw(*shape) for key, shape in shapes.items()}
    b, V, c = draw(UNITS), draw(UNITS, OUTPUTS), draw(OUTPUTS)
    state = {f"params/LMUCell_0/{key}/kernel": value for key, value in w.items()}
    state |= {"params/LMUCell_0/A": A, "params/LMUCell_0/B": B, "params/LMUCell_0/W_x/bias": b}
    state |= {"params/Dense_0/kernel": V, "params/Dense_0/bias": c}

    def answer(x):
        h, m, y = np.zeros(UNITS), np.zeros(ORDER), []
        for row in x:
            u = row @ w["e_x"] + h @ w["e_h"] + m @ w["e_m"]
            m = A.astype(float) @ m + B * u
            h = np.tanh(row @ w["W_x"] + h @ w["W_h"] + m @ w["W_m"] + b)
            y.append(sigmoid(h @ V + c))
        return np.array(y)

    decided = {"answers": "every step", "LMUCell_0.activation": "tanh"}
    return Layout(state, answer, decided | {"Dense_0.activation": "sigmoid"})


def lists(rng):
    """Lists of LMUs without feedback, and of normalisations; two heads; wrappers around it all."""
    A, B = legendre()
    draw = weights(rng)
    start, state = "module._orig_mod.", {}
    responses = np.stack([np.linalg.matrix_power(A.astype(float), k) @ B for k in range(4)], axis=1)
    responses = responses.astype(np.float32)
    responses[:, 0] = B
    for index, inputs in enumerate((INPUTS, UNITS)):
        shapes = {
            "W_u.weight": (1, inputs), "W_u.bias": (1,), "W_h.weight": (UNITS, ORDER + inputs),
            "W_h.bias": (UNITS,),
        }  # fmt: skip
        drawn = {key: draw(*shape) for key, shape in shapes.items()}
        drawn |= {"A": A, "B": B[:, None], "H": responses}
        state |= {f"{start}lmus.{index}.cell.{key}": value for key, value in drawn.items()}
    for index in (0, 1):
        norm = {key: draw(UNITS) for key in ("weight", "bias", "running_mean")}
        norm["running_var"] = draw(UNITS) ** 2 + 1
        state |= {f"{start}norms.{index}.{key}": value for key, value in norm.items()}
    state[f"{start}actor.weight"], state[f"{start}critic.weight"] = draw(OUTPUTS, UNITS), draw(1, 5)

    def layer(x, w):
        m, y = np.zeros(ORDER), []
        for row in x:
            m = A.astype(float) @ m + B * relu(w["W_u.weight"] @ row + w["W_u.bias"])
            y.append(relu(w["W_h.weight"] @ np.append(m, row) + w["W_h.bias"]))
        return np.array(y)

    def answer(x):
        for index in (0, 1):
            own = (f"{start}lmus.{index}.cell.", f"{start}norms.{index}.")
            lmu, norm = ({k[len(s) :]: v for k, v in state.items() if s in k} for s in own)
            deviation = np.sqrt(norm["running_var"] + 1e-5)
            x = (layer(x, lmu) - norm["running_mean"]) / deviation * norm["weight"] + norm["bias"]
            x = np.tanh(x)
        return np.hstack([x @ state[f"{start}{head}.weight"].T for head in ("actor", "critic")])

    decided: dict[str, Any] = {"answers": "every step", "actor.activation": "linear"}
    decided |= {"critic.activation": "linear", "critic.reads": ["norms_1"]}
    for index, inputs in enumerate((INPUTS, UNITS)):
        view = f"{start}lmus.{index}.cell.W_h.weight"
        decided |= {f"lmus_{index}.encoder": "relu", f"lmus_{index}.activation": "relu"}
        decided[f"lmus_{index}.W_m"] = f"{view}[:, 0:{ORDER}]"
        decided[f"lmus_{index}.W_x"] = f"{view}[:, {ORDER}:{ORDER + inputs}]"
        decided[f"norms_{index}.activation"] = "tanh"
    joined = 'kind = "activation"\nactivation = "linear"\nreads = ["actor", "critic"]\n'
    return Layout(state, answer, decided, added=f"\n[layers.both]\n{joined}")


def twins(rng):
    """The continuous matrices beside the discrete ones; observers of quantization; a scalar."""
    A, B = legendre()
    exact, drive = legendre_system(ORDER)
    draw = weights(rng)
    E, W = draw(MEMORIES, INPUTS), draw(OUTPUTS, STATES)
    state = {
        "theta": np.array(THETA), "A": exact / THETA, "B": drive / THETA, "A_bar": A, "B_bar": B,
        "input_mixer.weight": E, "readout.weight": W,
        "readout.weight_fake_quant.scale": np.ones(1, np.float32),
        "readout.weight_fake_quant.activation_post_process.max_val": draw(OUTPUTS),
    }  # fmt: skip

    def answer(x):
        m, y = np.zeros((MEMORIES, ORDER)), []
        for row in x:
            m = m @ A.astype(float).T + np.outer(E @ row, B)
            y.append(W @ m.ravel())
        return np.array(y)

    decided = {"answers": "every step", "lmu.states": "by memory", "readout.activation": "linear"}
    return Layout(state, answer, decided)


PORT_LAYOUTS = (joint, keras_names, jax_names, lists, twins)
