# SPDX-License-Identifier: Apache-2.0
"""Make model files with Masking, and what Keras itself computes with them.

For development only: needs TensorFlow (Keras 3, or 2 up to TensorFlow 2.15) and keras-lmu. Writes
``masks3-*`` or ``masks2-*`` into the folder, and adds ``FILE/x`` and ``FILE/y`` to its
``outputs.npz``. Of x, steps are masked in front, behind and within.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

L = tf.keras.layers
keras_lmu = importlib.import_module("keras_lmu")
STEPS = 9
COMMITTED = {
    3: {"stack.keras", "steps.h5", "joined.keras", "zeros.keras", "deaf.keras", "mixed.h5",
        "sequential.keras"},
    2: {"stack.h5", "sequential.keras"},
}  # fmt: skip


def lmu(*, every_step: bool) -> Any:
    cell = keras_lmu.LMUCell(2, 3, 5, hidden_cell=L.LSTMCell(2))
    return L.RNN(cell, return_sequences=every_step)


def joined(h: Any) -> Any:
    return L.LSTM(2)(L.Concatenate()([L.LSTM(2, return_sequences=True)(h), h]))


CASES: dict[str, tuple[float, Callable[[Any], Any]]] = {
    "stack": (-1.0, lambda h: L.GRU(2)(L.Dropout(0.2)(L.Dense(3)(lmu(every_step=True)(h))))),
    "steps": (-1.0, lambda h: L.Dense(2)(L.BatchNormalization()(lmu(every_step=True)(h)))),
    "joined": (-1.0, joined),
    "zeros": (0.0, keras_lmu.LMU(2, 3, 5, hidden_cell=L.SimpleRNNCell(2))),
    "deaf": (-1.0, keras_lmu.LMU(2, 3, 5, hidden_cell=L.SimpleRNNCell(2))),
    "mixed": (-1.0, lambda h: L.LSTM(2)(L.LSTM(2, return_sequences=True)(h) + h)),
}


def models() -> dict[str, tuple[float, Any]]:
    made = {}
    for name, (value, build) in CASES.items():
        x = tf.keras.Input((STEPS, 2))
        made[name] = value, tf.keras.Model(x, build(L.Masking(value)(x)))
    layers = [L.InputLayer((STEPS, 2)), L.Masking(-1.0), lmu(every_step=True), L.GRU(2)]
    return made | {"sequential": (-1.0, tf.keras.Sequential(layers))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    major = 3 if hasattr(tf.keras, "ops") else 2
    random, outputs = np.random.default_rng(0), folder / "outputs.npz"
    held = dict(np.load(outputs)) if outputs.exists() else {}
    for name, (value, model) in models().items():
        for weight in model.weights:
            kind = getattr(weight, "path", weight.name).split("/")[-1].split(":")[0]
            if kind not in ("A", "B", "seed_generator_state"):
                low = 0.5 if kind in ("gamma", "moving_variance") else -0.8
                weight.assign(random.uniform(low, 1.0, weight.shape))
        x = random.uniform(-1.0, 1.0, (3, STEPS, 2)).astype(np.float32)
        x[0, :3] = x[1, 6:] = x[2, [2, 5, 8]] = value
        y = model.predict(x, verbose=0)
        for suffix in ("h5", "keras"):
            if f"{name}.{suffix}" in COMMITTED[major]:
                model.save(folder / f"masks{major}-{name}.{suffix}")
                file = f"masks{major}-{name}.{suffix}"
                held |= {f"{file}/x": x, f"{file}/y": y}
    np.savez_compressed(outputs, **held)


if __name__ == "__main__":
    main()
