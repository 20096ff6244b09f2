# SPDX-License-Identifier: Apache-2.0
"""Make model files with keras-lmu, and what the package itself computes with them.

For development only: needs TensorFlow and keras-lmu (or, with ``--package lmu``, its first
versions), which the product does not. Every case is written as HDF5 and, if Keras knows it, as
``.keras``; ``outputs.npz`` holds ``FILE/x`` and ``FILE/y``, (sequences, steps, features) in
float32. With ``--fixtures`` only the few that tests/load/fixtures/keras keeps are made.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.signal import cont2discrete

from tools.keras_cases import STEPS, Case, first_cases, new_cases, old_cases

COMMITTED = {
    "keras3": {
        "all-lstm.keras", "all-gru.h5", "all-simple.keras", "everything-gru-before.keras",
        "everything-dense.h5", "euler-theta-simple.keras", "no-kernel-back.h5", "none-i2h.keras",
        "feedforward-raw.keras", "cell-gru.h5", "act-hard_sigmoid-gru.keras", "norm-between.keras",
        "norm-after-memory.h5", "mixed.keras", "float64.h5", "time-distributed.keras",
        "scaled-input.keras", "scaled-input.h5",
    },
    "keras2": {
        "all-lstm.h5", "all-simple.keras", "everything-gru-before.h5", "none-i2h.h5",
        "act-hard_sigmoid-gru.h5", "cell-lstm.keras", "mixed.h5", "norm-between.h5",
    },
    "lmu03": {"all-lstm.h5", "plain-simple.h5", "cell.h5"},
    "lmu02": {"all-gru.h5"},
    "lmu01": {"cell.h5", "stack.h5"},
}  # fmt: skip


def stand_in_for_nengolib() -> None:
    """Give lmu 0.1 the three names it imports of nengolib, which no longer installs."""

    class Delay:
        def __init__(self, theta: float, order: int) -> None:
            i, j = np.indices((order, order))
            gain = (2.0 * np.arange(order) + 1.0)[:, None] / theta
            self.A = gain * np.where(i < j, -1.0, (-1.0) ** (i - j + 1.0))
            self.B = gain * (-1.0) ** np.arange(order)[:, None]
            self.realization = self

    def discretized(system: Delay, dt: float, method: str) -> Any:
        zeros = np.zeros((1, len(system.A)))
        discrete: Any = cont2discrete((system.A, system.B, zeros, [[0.0]]), dt, method)
        a, b, c, d, _ = discrete
        return types.SimpleNamespace(A=a, B=b, C=c, D=d)

    signal, synapses = types.ModuleType("nengolib.signal"), types.ModuleType("nengolib.synapses")
    vars(signal).update(Identity=lambda: lambda system: system, cont2discrete=discretized)
    vars(synapses).update(LegendreDelay=Delay)
    sys.modules |= {"nengolib.signal": signal, "nengolib.synapses": synapses}


def randomize(model: Any, rng: np.random.Generator) -> None:
    """Replace every weight by something that is neither zero nor what it started as."""
    values = []
    for weight in model.weights:
        name = getattr(weight, "path", weight.name).split("/")[-1].split(":")[0]
        old = weight.numpy()
        if name in ("A", "B"):
            new = old
        elif name in ("AT", "BT", "theta_inv"):
            new = old * rng.uniform(0.99, 1.01, old.shape)
        elif name in ("moving_variance", "gamma"):
            new = rng.uniform(0.5, 1.5, old.shape)
        elif name == "seed_generator_state":
            new = old
        else:
            new = rng.uniform(-0.8, 0.8, old.shape) / np.sqrt(old.shape[0] if old.ndim else 1)
        values.append(np.asarray(new, old.dtype))
    model.set_weights(values)


def make(folder: Path, tag: str, cases: Iterable[Case], *, only: set[str] | None) -> None:
    outputs = folder / "outputs.npz"
    held = dict(np.load(outputs)) if outputs.exists() else {}
    suffixes = ("h5", "keras") if tag.startswith("keras") else ("h5",)
    for number, (name, shape, build) in enumerate(cases):
        files = [f"{name}.{suffix}" for suffix in suffixes]
        wanted = [file for file in files if only is None or file in only]
        if not wanted:
            continue
        rng = np.random.default_rng(number)
        given = tf.keras.Input(shape)
        model = tf.keras.Model(given, build(given))
        randomize(model, rng)
        x = rng.uniform(-1.0, 1.0, (2, shape[0] or STEPS + 3, shape[1])).astype(np.float32)
        y = np.asarray(model(x, training=False))
        for file in wanted:
            model.save(folder / f"{tag}-{file}")
            held |= {f"{tag}-{file}/x": x, f"{tag}-{file}/y": y}
            print(f"{tag}-{file}")
    np.savez_compressed(outputs, **held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--package", choices=("keras_lmu", "lmu"), default="keras_lmu")
    parser.add_argument("--fixtures", action="store_true", help="only the committed ones")
    options = parser.parse_args()
    stand_in_for_nengolib()
    package = importlib.import_module(options.package)
    major = 3 if hasattr(tf.keras, "ops") else 2
    if hasattr(package, "LMUFeedforward"):
        tag, cases = f"keras{major}", [*old_cases(package), *new_cases(package)]
    elif hasattr(package, "LMUFFT"):
        tag, cases = "lmu03" if options.package == "keras_lmu" else "lmu02", old_cases(package)
    else:
        tag, cases = "lmu01", first_cases(package)
    options.folder.mkdir(parents=True, exist_ok=True)
    only = COMMITTED[tag] if options.fixtures else None
    make(options.folder, tag, cases, only=only)


if __name__ == "__main__":
    main()
