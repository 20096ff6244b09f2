# SPDX-License-Identifier: Apache-2.0
"""Synthetic `.keras` files written with zipfile and h5py, and a row-vector reference for them.

Nothing here comes from lmu_hw: the layers are made from NumPy weights in the layout that Keras
writes, and `run` computes what keras-lmu computes, in its own row-vector convention.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from scipy.signal import cont2discrete

FUNCTIONS = {
    None: lambda z: z,
    "linear": lambda z: z,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0),
    "relu6": lambda z: np.minimum(np.where(z > 0, z, 0), 6),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "swish": lambda z: z / (1 + np.exp(-z)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True),
    "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "hard_sigmoid of Keras 2": lambda z: np.clip(z / 5 + 0.5, 0, 1),
}


@dataclass
class Layer:
    """One Keras layer: its config node, its variables by relative path, and its flags."""

    class_name: str
    config: dict[str, Any]
    variables: dict[str, np.ndarray] = field(default_factory=dict)
    module: str = "keras.layers"
    registered: str | None = None
    spec: dict[str, Any] = field(default_factory=dict)

    def node(self) -> dict[str, Any]:
        return {
            "module": self.module,
            "class_name": self.class_name,
            "config": self.config,
            "registered_name": self.registered,
        }


def plain(class_name: str, name: str | None = None, **config: Any) -> Layer:
    return Layer(class_name, {"name": name or class_name.lower(), **config})


def weights(rng, *shape):
    return rng.uniform(-0.8, 0.8, shape).astype(np.float32)


def dense(rng, inputs, units, *, name="dense", activation="linear", use_bias=True) -> Layer:
    config = {"name": name, "units": units, "activation": activation, "use_bias": use_bias}
    variables = {"vars/0": weights(rng, inputs, units)}
    if use_bias:
        variables["vars/1"] = weights(rng, units)
    return Layer("Dense", config, variables)


def time_distributed(inner: Layer, name: str = "steps") -> Layer:
    variables = {f"layer/{path}": data for path, data in inner.variables.items()}
    return Layer("TimeDistributed", {"name": name, "layer": inner.node()}, variables)


def lmu(rng, inputs, **options) -> Layer:
    """Return an LMU layer; `form` is LMU, LMUFeedforward or RNN, `layout` is 3 or 2 (Keras)."""
    s = {
        "name": "lmu", "form": "LMU", "layout": 3, "memory_d": 1, "order": 4, "theta": 5.0,
        "discretizer": "zoh", "trainable_theta": False, "theta_inv": 0.3, "kernel": True,
        "use_bias": False, "hidden_to_memory": False, "memory_to_memory": False,
        "input_to_hidden": False, "hidden": "SimpleRNNCell", "units": 3, "activation": "tanh",
        "hidden_bias": True, "return_sequences": True, **options,
    }  # fmt: skip
    back = s["units"] if s["hidden_to_memory"] else 0
    states = s["memory_d"] * s["order"]
    own = []
    if s["kernel"]:
        own.append(weights(rng, inputs + back, s["memory_d"]))
    if s["use_bias"]:
        own.append(weights(rng, s["memory_d"]))
    if s["trainable_theta"]:
        own.append(np.float32(s["theta_inv"]))
    if s["memory_to_memory"]:
        own.append(weights(rng, states, s["memory_d"]) * np.float32(0.2))
    hidden = []
    if s["hidden"]:
        hidden.append(weights(rng, states + (inputs if s["input_to_hidden"] else 0), s["units"]))
        if s["hidden"] == "SimpleRNNCell":
            hidden.append(weights(rng, s["units"], s["units"]))
        if s["hidden_bias"]:
            hidden.append(weights(rng, s["units"]))
    own_place, hidden_place = places(s)
    variables = {f"{own_place}/{i}": data for i, data in enumerate(own)}
    variables |= {f"{hidden_place}/{i}": data for i, data in enumerate(hidden)}
    s |= {"own": own, "hidden_weights": hidden, "inputs": inputs}
    return Layer(s["form"], *lmu_config(s, variables))


def places(s):
    """Return where the LMU's own variables and those of its hidden cell lie."""
    if s["form"] == "LMUFeedforward":
        return "vars", "hidden_cell/vars"
    if s["form"] == "RNN":
        return "cell/vars", "cell/hidden_cell/vars"
    recurrent = s["hidden_to_memory"] or s["memory_to_memory"] or s["trainable_theta"]
    own = "layer/cell" if recurrent else "layer"
    return f"{own}/vars", "hidden_cell/vars" if s["layout"] == 3 else f"{own}/hidden_cell/vars"


def lmu_config(s, variables):
    same = ("memory_d", "order", "theta", "discretizer", "trainable_theta", "use_bias",
            "hidden_to_memory", "memory_to_memory", "input_to_hidden")  # fmt: skip
    config = {"trainable": True, "dtype": "float32", "dropout": 0.0, "kernel_regularizer": None}
    config |= {key: s[key] for key in same}
    config["kernel_initializer"] = "glorot_uniform" if s["kernel"] else None
    config["hidden_cell"] = s["hidden"] and {
        "module": "keras.layers",
        "class_name": s["hidden"],
        "config": {"name": "hidden", "units": s["units"], "activation": s["activation"],
                   "use_bias": s["hidden_bias"], "recurrent_dropout": 0.0},
        "registered_name": None,
    }  # fmt: skip
    outer = {"name": s["name"], "return_sequences": s["return_sequences"]}
    if s["form"] != "RNN":
        return {**config, **outer}, variables, "keras_lmu.layers", f"keras-lmu>{s['form']}", s
    cell = {
        "module": "keras_lmu.layers",
        "class_name": "LMUCell",
        "config": {"name": "lmu_cell", **config},
        "registered_name": "keras-lmu>LMUCell",
    }
    outer |= {"cell": cell, "return_state": False, "go_backwards": False, "stateful": False,
              "unroll": False, "zero_output_for_mask": False}  # fmt: skip
    return outer, variables, "keras.layers", None, s


def write(
    path, layers, *, shape=(None, None, 1), kind="Functional", version="3.1.1",
    more=None, change=None, members=None,
):  # fmt: skip
    """Write a model: `more` datasets, `change(config)`, and other `members` of the archive."""
    config = functional(layers, shape, version) if kind == "Functional" else sequential(layers)
    config = copy.deepcopy(config)
    if change is not None:
        change(config)
    raw = hdf5(layers, more or {})
    held = {
        "metadata.json": json.dumps({"keras_version": version, "date_saved": "2024-01-01"}),
        "config.json": json.dumps(config),
        "model.weights.h5": raw,
    }
    held |= members or {}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def functional(layers, shape, version):
    keras2 = version.startswith("2")
    key = "batch_input_shape" if keras2 else "batch_shape"
    start = plain("InputLayer", "input", **{key: shape and list(shape), "sparse": False})
    nodes = []
    for before, layer in zip([None, start, *layers], [start, *layers], strict=False):
        source = before and [before.config["name"], 0, 0]
        call = [] if source is None else [[[*source, {}]]]
        if source is not None and not keras2:
            tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": source}}
            call = [{"args": [tensor], "kwargs": {"training": False, "mask": None}}]
        nodes.append({**layer.node(), "name": layer.config["name"], "inbound_nodes": call})
    ends = {"input_layers": [["input", 0, 0]], "output_layers": [[nodes[-1]["name"], 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "model", "layers": nodes, **ends}}


def sequential(layers):
    nodes = [layer.node() for layer in layers]
    return {"class_name": "Sequential", "config": {"name": "model", "layers": nodes}}


MEMORIES = {"LMU": "lmu", "LMUFeedforward": "lmu_feedforward", "RNN": "rnn"}
SNAKE = MEMORIES | {
    "TimeDistributed": "time_distributed",
    "BatchNormalization": "batch_normalization",
}


def hdf5(layers, more):
    """Return the weights file: groups named by class and counter, variables by number."""
    stream = io.BytesIO()
    used = Counter()
    with h5py.File(stream, "w") as file:
        file.create_group("layers/input/vars")
        for layer in layers:
            base = SNAKE.get(layer.class_name, layer.class_name.lower())
            group = f"layers/{base}_{used[base]}" if used[base] else f"layers/{base}"
            used[base] += 1
            file.create_group(f"{group}/delay_layer/vars")
            for path, data in layer.variables.items():
                file[f"{group}/{path}"] = data
        file["optimizer/vars/0"] = np.int64(7)
        for path, data in more.items():
            file[path] = data
    return stream.getvalue()


def run(layers, x, *, keras2=False):
    """Compute the model on (sequences, steps, inputs), in row vectors."""
    for layer in layers:
        if layer.class_name in MEMORIES:
            x = run_lmu(layer.spec, x, keras2=keras2)
        elif layer.class_name in ("Dense", "TimeDistributed"):
            config = layer.config
            config = config["layer"]["config"] if "layer" in config else config
            kernel, *bias = [data.astype(float) for data in layer.variables.values()]
            x = FUNCTIONS[config["activation"]](x @ kernel + sum(bias))
    return x


def run_lmu(s, x, *, keras2):
    own = [np.asarray(w, float) for w in s["own"]]
    kernel = own.pop(0) if s["kernel"] else None
    bias = own.pop(0) if s["use_bias"] else 0.0
    theta = 1 / own.pop(0) if s["trainable_theta"] else s["theta"]
    recurrent = own.pop(0) if s["memory_to_memory"] else None
    a, b = matrices(s["order"], float(theta), s["discretizer"])
    name = s["activation"]
    name = f"{name} of Keras 2" if keras2 and name == "hard_sigmoid" else name
    m = np.zeros((len(x), s["memory_d"], s["order"]))
    h = np.zeros((len(x), s["units"]))
    outputs = []
    for t in range(x.shape[1]):
        given = np.concatenate([x[:, t], h], axis=1) if s["hidden_to_memory"] else x[:, t]
        u = (given if kernel is None else given @ kernel) + bias
        if recurrent is not None:
            u = u + m.reshape(len(x), -1) @ recurrent
        m = m @ a + u[:, :, None] * b
        g = m.reshape(len(x), -1)
        if s["input_to_hidden"]:
            g = np.concatenate([g, x[:, t]], axis=1)
        h = hidden_step(s, name, g, h) if s["hidden"] else g
        outputs.append(h)
    return np.stack(outputs, axis=1) if s["return_sequences"] else outputs[-1]


def hidden_step(s, name, g, h):
    parts = [np.asarray(w, float) for w in s["hidden_weights"]]
    z = g @ parts.pop(0)
    if s["hidden"] == "SimpleRNNCell":
        z = z + h @ parts.pop(0)
    return FUNCTIONS[name](z + sum(parts))


def matrices(order, theta, discretizer):
    """Return A (order, order) and B (order,) for row vectors, by scipy.signal."""
    a = np.zeros((order, order))
    b = np.zeros((order, 1))
    for i in range(order):
        b[i] = (2 * i + 1) * (-1) ** i / theta
        for j in range(order):
            a[i, j] = (2 * i + 1) * (-1 if i < j else (-1) ** (i - j + 1)) / theta
    system = (a, b, np.eye(order), np.zeros((order, 1)))
    discrete: Any = cont2discrete(system, dt=1.0, method=discretizer)
    return discrete[0].T, discrete[1][:, 0]
