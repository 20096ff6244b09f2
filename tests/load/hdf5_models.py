# SPDX-License-Identifier: Apache-2.0
"""Models of old versions of Keras as HDF5 files."""

from __future__ import annotations

import json
from typing import Any

import h5py

INPUT = {"batch_input_shape": [None, 7, 2]}


def write(path, layers, variables, *, version="2.2.4", model="Sequential", **more):
    """Write a model: nodes of its config, and variables by layer and path below it."""
    config: Any = {"class_name": model, "config": {"name": "m", "layers": layers}} | more
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["model_config"] = json.dumps(config).encode()
        for name, data in variables.items():
            file[f"model_weights/{name}"] = data
    return path
