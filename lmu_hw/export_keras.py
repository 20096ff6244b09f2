# SPDX-License-Identifier: Apache-2.0
"""Save a Keras or TensorFlow model so that lmu_hw reads it: run where the model was trained.

This file stands alone: it needs Python, NumPy and the TensorFlow or Keras (and keras-lmu) that
trained the model, and nothing of lmu_hw. Copy it there, or run it as a module where both are::

    python export_keras.py SAVED_MODEL_FOLDER -o model.keras   # layers and weights
    python export_keras.py CHECKPOINT_PREFIX  -o weights.npz   # variables by name, for a mapping
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["main"]

_MODELS = (".keras", ".h5")
_ARRAYS = ".npz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a model; return 0, or 2 if that is not possible."""
    parser = argparse.ArgumentParser(
        prog="export_keras", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("source", help="SavedModel folder, model file, or prefix of a checkpoint")
    parser.add_argument(
        "-o", "--output", required=True, help=f"{', '.join(_MODELS)}: the model; {_ARRAYS}: arrays"
    )
    options = parser.parse_args(arguments)
    target = Path(options.output)
    try:
        if target.suffix not in (*_MODELS, _ARRAYS):
            raise ValueError(
                f"must end in {', '.join(_MODELS)} or {_ARRAYS}, not {target.suffix!r}"
            )
        if target.exists():
            raise ValueError("must be a new file")
        if target.suffix == _ARRAYS:
            variables = _variables(options.source)
            save: Any = np.savez  # a name among variables may be one of its own
            save(target, **variables)
            print(f"{len(variables)} variables in {target}: lmu-hw inspect {target}")
        else:
            _load(options.source).save(str(target))
            print(f"{target}: lmu-hw inspect {target}")
    except (ImportError, ValueError, OSError, NotImplementedError, RuntimeError) as error:
        print(f"export_keras: {options.source} to {target}: {error}", file=sys.stderr)
        return 2
    return 0


def _load(source: str) -> Any:
    """Return a model with its layers, those of keras-lmu among them if it is installed."""
    keras = _first("tensorflow.keras", "tf_keras", "keras")
    return keras.models.load_model(source, custom_objects=_custom_layers(), compile=False)


def _custom_layers() -> dict[str, Any]:
    """Return the classes of keras-lmu, of whatever version is there."""
    try:
        package = _first("keras_lmu", "lmu")
    except ImportError:
        return {}
    return {name: value for name, value in vars(package).items() if isinstance(value, type)}


def _variables(source: str) -> dict[str, np.ndarray]:
    """Return the variables of a checkpoint, or of a SavedModel, by name."""
    tensorflow = _first("tensorflow")
    if (Path(source) / "saved_model.pb").is_file():
        loaded = tensorflow.saved_model.load(source)
        return _named({variable.name: variable.numpy() for variable in loaded.variables})
    reader = tensorflow.train.load_checkpoint(source)
    names = reader.get_variable_to_shape_map()
    return _named({name: reader.get_tensor(name) for name in sorted(names)})


def _named(variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return numbers under names without the parts that TensorFlow adds to all of them."""
    arrays = {}
    for name, value in variables.items():
        array = np.asarray(value)
        if array.dtype.kind == "f":
            plain = name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").partition(":")[0]
            arrays[plain.replace("/", ".")] = array
    if not arrays:
        raise ValueError("there are no variables")
    return arrays


def _first(*names: str) -> Any:
    """Return the first module that is installed, or raise `ImportError`."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ImportError(f"{' or '.join(names)} must be installed")


if __name__ == "__main__":
    sys.exit(main())
