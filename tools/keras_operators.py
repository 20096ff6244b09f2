# SPDX-License-Identifier: Apache-2.0
"""Make models of Keras 2 and 3 that are written with operators, and what Keras computes with them.

For development only: needs TensorFlow with Keras 3 (``--package keras``) or tf-keras (``--package
tf_keras``), which the product does not. Writes ``operators*`` into the folder, and adds
``FILE/x`` and ``FILE/y`` to its ``outputs.npz``.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import numpy as np

Tensor = Any


def forecast(x: Tensor, layers: Any, ops: Any) -> Tensor:
    """The last value of an input, and a scaled change on it."""
    return layers.Dense(1)(layers.GRU(3)(x)) * 0.5 + x[:, -1:, 1]


def arithmetic(x: Tensor, layers: Any, ops: Any) -> Tensor:
    """Constants on either side, columns, a join, functions."""
    hidden = layers.SimpleRNN(2, return_sequences=True)(0.25 - x / 2.0)
    both = ops.concat([-hidden, x[..., 0:1], x[:, :, 1, None]], axis=-1)
    gated = layers.LSTM(3, return_sequences=True)(ops.tanh(both))
    changed = layers.Dense(2)(gated) - np.array([0.5, -0.25], np.float32)
    return ops.relu(changed + x) - hidden


MODELS = {"forecast": forecast, "arithmetic": arithmetic}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--package", choices=("keras", "tf_keras"), required=True)
    options = parser.parse_args()
    keras: Any = importlib.import_module(options.package)
    if options.package == "keras":
        major, ops = 3, keras.ops
        ops.concat = ops.concatenate
    else:
        major, ops = 2, importlib.import_module("tensorflow")
        ops.relu = ops.nn.relu
    with np.load(options.folder / "outputs.npz") as archive:
        outputs = dict(archive)
    for number, (name, build) in enumerate(MODELS.items()):
        random = np.random.default_rng(20 + number)
        given = keras.Input((6, 2))
        model = keras.Model(given, build(given, keras.layers, ops))
        model.set_weights([random.uniform(-0.8, 0.8, w.shape) for w in model.get_weights()])
        x = random.uniform(-1.0, 1.0, (2, 6, 2)).astype(np.float32)
        file = f"operators{major}-{name}.{'keras' if name == 'forecast' else 'h5'}"
        model.save(options.folder / file)
        outputs |= {f"{file}/x": x, f"{file}/y": model.predict(x, verbose=0)}
    np.savez_compressed(options.folder / "outputs.npz", **outputs)


if __name__ == "__main__":
    main()
