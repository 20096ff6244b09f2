# SPDX-License-Identifier: Apache-2.0
"""Networks of objects in memory: PyTorch modules and state dicts, Keras models.

Neither PyTorch nor Keras is imported: what is used of an object is what it can do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hw.errors import ConfigError, LoadError, NetworkError
from lmu_hw.lmu import Network
from lmu_hw.load.agreement import TOLERANCE, agreeing
from lmu_hw.load.check import identifier
from lmu_hw.load.mapping import StateMapping
from lmu_hw.load.mapping.network import mapped_network
from lmu_hw.load.mapping.others import other_mappings
from lmu_hw.load.state import StateFile, state_file
from lmu_hw.load.suspects import Suspect
from lmu_hw.load.tensors import Array, Tensor

__all__ = ["from_keras", "from_torch", "state_of"]

Check = tuple[Any, Any]
"""Inputs, and what the trained network answers to them, or outputs of layers by name."""


def from_torch(
    module: Any,
    *,
    mapping: StateMapping | str | Path | None = None,
    check: Check | None = None,
    theta: float | None = None,
    name: str = "network",
    tolerance: float = TOLERANCE,
) -> Network:
    """Return the network of a PyTorch module, or of its state dict.

    Parameters
    ----------
    module : module or dict
        With ``state_dict()``, or a dictionary of tensors or arrays, nested, too.
    mapping : StateMapping or path, optional
        Which tensor is which part of which layer; see `load`.
    check : (x, y), optional
        Arrays or tensors: the network is only accepted if it reproduces y. Of y, a dictionary has
        outputs of layers by their names in the mapping.
    theta : float, optional
        The window, in steps, of memories of which the state does not say it.
    name : str
        Of the network.
    tolerance : float
        Largest difference from y, as a part of its largest value.

    Raises
    ------
    LoadError
        As `load`; or if outputs differ: with the layer and step of the first
        difference, and what would make them agree.
    """
    from lmu_hw.load.torch.state_dict import load_state
    from lmu_hw.load.window import with_theta, with_warnings

    if mapping is not None and not isinstance(mapping, StateMapping):
        mapping = StateMapping.read(Path(mapping))
    file = state_of(module)
    network = with_warnings(load_state(file.where, identifier(name), file, mapping))
    network = network if theta is None else with_theta(network, theta, where=file.where)
    others = [] if mapping is None else list(_other_mappings(file, mapping))
    return _checked(network, check, file.where, tolerance, others)


def _other_mappings(file: StateFile, mapping: StateMapping) -> Iterator[Suspect]:
    """Yield networks of mappings that are easily confused with the one that is given."""
    tensors = file.at(mapping.state)
    for text, other in other_mappings(tensors, mapping):

        @cache
        def network(other: StateMapping = other) -> Network:
            try:
                return mapped_network(file.where, "network", tensors, other)
            except LoadError as error:  # no network at all: it explains nothing
                raise NetworkError(str(error)) from None

        yield Suspect(kind="mapping", text=text, change=lambda _, network=network: network())


def from_keras(
    model: Any,
    *,
    check: Check | None = None,
    theta: float | None = None,
    tolerance: float = TOLERANCE,
) -> Network:
    """Return the network of a Keras model, by way of the file that it saves.

    Parameters
    ----------
    model : model
        With ``save(path)`` and ``name``.
    check, theta, tolerance
        As of `from_torch`; y is what ``model.predict(x)`` answers.

    Raises
    ------
    LoadError
        As `from_torch`.
    """
    from lmu_hw.load import load

    if not callable(getattr(model, "save", None)):
        raise ConfigError(f"`model` must be a Keras model, with save(), not a {_kind(model)}")
    name = identifier(str(getattr(model, "name", None) or "network"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.keras")
        try:
            model.save(str(path))
        except (ValueError, NotImplementedError, OSError):  # Keras before 2.12
            path = path.with_suffix(".h5")
            model.save(str(path))
        try:
            network = load(path, theta=theta)
        except LoadError as error:
            raise LoadError(str(error).replace(str(path), f"model {name}")) from None
    return _checked(network, check, f"model {name}", tolerance)


def state_of(module: Any) -> StateFile:
    """Return the tensors of a module or a state dict.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    state = module.state_dict() if callable(getattr(module, "state_dict", None)) else module
    if not isinstance(state, Mapping):
        rule = "a module with state_dict(), or a dictionary of tensors"
        raise ConfigError(f"`module` must be {rule}, not a {_kind(module)}")
    where = "the state dict" if state is module else f"the state dict of {_kind(module)}"
    return state_file(where, _plain(state), is_tensor=_is_tensor, tensor=_tensor)


def _plain(state: Mapping[Any, Any]) -> dict[Any, Any]:
    return {k: _plain(v) if isinstance(v, Mapping) else v for k, v in state.items()}


def _is_tensor(value: object) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _tensor(name: str, value: Any) -> Tensor:
    kind = str(value.dtype).rpartition(".")[2]  # "torch.float32"
    return Tensor(
        where=f"tensor {name!r}",
        kind=kind,
        shape=tuple(int(length) for length in value.shape),
        data=lambda: _array(value).astype(np.float64),
    )


def _array(value: Any) -> Array:
    """Return a tensor of any kind as an array."""
    for method in ("detach", "cpu"):
        value = getattr(value, method)() if callable(getattr(value, method, None)) else value
    if str(getattr(value, "dtype", "")).endswith("bfloat16") and hasattr(value, "float"):
        value = value.float()  # NumPy has no such type
    return np.asarray(value.numpy() if callable(getattr(value, "numpy", None)) else value)


def _checked(
    network: Network,
    check: Check | None,
    where: str,
    tolerance: float,
    others: Sequence[Suspect] = (),
) -> Network:
    if check is None:
        return network
    if not isinstance(check, tuple | list) or len(check) != 2:
        raise ConfigError("`check` must be a pair (x, y): inputs, and what is answered to them")
    x, y = check
    y = {name: _array(item) for name, item in y.items()} if isinstance(y, Mapping) else _array(y)
    return agreeing(network, _array(x), y, where=where, tolerance=tolerance, others=others)


def _kind(value: object) -> str:
    """Return what an object is called, without printing it."""
    return type(value).__name__
