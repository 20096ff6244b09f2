# SPDX-License-Identifier: Apache-2.0
"""Make Keras models whose layers are no chain, and what Keras itself computes with them.

For development only: needs Keras 3 with any backend, which the product does not. Writes
``graphs-*`` into the folder, and adds ``FILE/x`` and ``FILE/y`` to its ``outputs.npz``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

Tensor = Any


def forecast(x: Tensor) -> Tensor:
    """The last value of an input, and a change on it."""
    return layers.Add()([layers.Dense(1)(layers.GRU(3)(x)), x[:, -1, 1:2]])


def residual(x: Tensor) -> Tensor:
    """Blocks around which their input goes, and a join of all that was before."""
    start = layers.Dense(4)(x)
    block = layers.BatchNormalization()(layers.LSTM(4, return_sequences=True)(start))
    total = layers.Add()([start, layers.Dropout(0.1)(block)])
    behind = layers.GRU(3, return_sequences=True)(total)
    return layers.Dense(2)(layers.Concatenate()([behind, total, x]))


def branches(x: Tensor) -> Tensor:
    """Two layers side by side, each with features of its own, taken at their last step."""
    first = layers.SimpleRNN(3, return_sequences=True)(x[:, :, :1])
    second = layers.GRU(2)(x[:, :, 1:])
    joined = layers.Concatenate()([first[:, -1], second])
    return layers.Dense(2, activation="softsign")(joined)


def arithmetic(x: Tensor) -> Tensor:
    """A mean, a difference and a sum behind an activation."""
    scaled = layers.Rescaling(0.5, 0.1)(x)
    mean = layers.Average()([layers.SimpleRNN(2, return_sequences=True)(scaled), scaled])
    squashed = layers.Activation("tanh")(layers.Subtract()([mean, x]))
    return layers.Dense(2)(layers.GRU(3, return_sequences=True)(squashed)) + x[:, :, 0:1]


FILES = {
    "forecast.keras": forecast,
    "residual.h5": residual,
    "branches.keras": branches,
    "arithmetic.h5": arithmetic,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with np.load(folder / "outputs.npz") as archive:
        outputs = dict(archive)
    for number, (name, build) in enumerate(FILES.items()):
        random = np.random.default_rng(10 + number)
        given = keras.Input((None, 2))
        model = keras.Model(given, build(given))
        for weight in model.weights:
            low = 0.5 if "variance" in weight.path else -0.8
            weight.assign(random.uniform(low, 1.0, weight.shape))
        x = random.uniform(-1.0, 1.0, (2, 6, 2)).astype(np.float32)
        model.save(folder / f"graphs-{name}")
        outputs |= {f"graphs-{name}/x": x, f"graphs-{name}/y": model.predict(x, verbose=0)}
    np.savez_compressed(folder / "outputs.npz", **outputs)


if __name__ == "__main__":
    main()
