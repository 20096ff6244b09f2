# SPDX-License-Identifier: Apache-2.0
"""PyTorch state dicts, `.safetensors` or `.pt`: one LMU, with an optional linear head.

The names and shapes of the tensors say which project wrote them, and that says the rest
(`lmu_hw.load.torch.ports`); theta is in none of them. With a head the LMU answers at the last
step, as in the classifiers of these projects; without one it answers at every step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lmu_hw.errors import LoadError
from lmu_hw.lmu import DenseLayer, LmuLayer, Network
from lmu_hw.load.check import MAX_ORDER, identifier, located, must, show, unique_identifier
from lmu_hw.load.mapping.network import mapped_network
from lmu_hw.load.mapping.schema import StateMapping
from lmu_hw.load.state import StateFile
from lmu_hw.load.tensors import Tensor
from lmu_hw.load.torch.ports import PORTS, Port

__all__ = ["load_state"]

Tensors = Mapping[str, Tensor]

_DRAFT = (
    "a mapping says which tensor is which part of which layer: 'lmu-hw inspect FILE "
    "--draft-mapping MAPPING.toml' drafts one, --mapping takes it; or build the Network in Python, "
    "and write that with lmu_hw.save"
)
_GUESSED = (
    "warning: {}: the file does not say when this layer answers, nor with which activation: taken "
    "as linear, once, at the last step; `mapping` states it"
)
_RNN = re.compile(r"(.*?)\.?(weight|bias)_(ih|hh|hr)_l\d+(_reverse)?")


def load_state(
    where: str, name: str, file: StateFile, mapping: StateMapping | None = None
) -> Network:
    """Return the network of a state dict, by a mapping or by the names of a known project.

    Raises
    ------
    LoadError
        If the names are not those of one LMU with at most one linear head, a shape does not fit, or
        the mapping does not.
    """
    if mapping is not None:
        return mapped_network(where, name, file.at(mapping.state), mapping)
    return _known(where, name, file.only())


def _known(path: str, network: str, tensors: Tensors) -> Network:
    """Return the network of a state dict whose names say which project wrote it."""
    port, prefix = _find(path, tensors)
    known = {f"{prefix}{key}" for key in (*port.axes, *port.derived)}
    counters = {name for name, tensor in tensors.items() if not tensor.shape}
    head = _head(path, tensors, sorted(set(tensors) - known - counters))
    name = f".{prefix}".rstrip(".").removesuffix(".cell").lstrip(".") or "lmu"
    where = f"{path}: layer {name!r}"
    cell = {key: tensors[f"{prefix}{key}"] for key in port.axes}
    _check_shapes(where, port, cell)
    arrays = {key: tensor.read() for key, tensor in cell.items()}
    with located(where):
        layers: list[LmuLayer | DenseLayer] = [
            LmuLayer(
                name=identifier(name),
                input_to_hidden=True,
                return_sequences=head is None,
                **port.layer(arrays),
            )
        ]
    if head is not None:
        layers.append(_linear(path, tensors, head, layers[0].name))
    notes = ("A and B are the ones stored in the file, which does not say theta", *port.notes)
    if head is not None:
        notes = (*notes, _GUESSED.format(head))
    notes = (*(tensor.made for tensor in tensors.values() if tensor.made), *notes)
    with located(path):
        return Network(name=identifier(network), layers=tuple(layers), notes=notes)


def _find(path: str, tensors: Tensors) -> tuple[Port, str]:
    """Return whose LMU this is, and what stands before the names of its tensors."""
    cells = []
    for port in PORTS:
        mark = next(iter(port.axes))
        marked = [key for key in tensors if key == mark or key.endswith(f".{mark}")]
        cells += [(port, key.removesuffix(mark)) for key in sorted(marked)]
    recurrent = next(filter(None, map(_RNN.fullmatch, sorted(tensors))), None)
    if recurrent is not None:
        raise LoadError(
            f"{path}: a state dict must not hold torch's own LSTM, GRU or RNN, as "
            f"{show(recurrent[0])} does: it does not say how layers are joined; {_DRAFT}"
        )
    if not cells:
        names = " or ".join(f"{', '.join(port.axes)} ({port.name})" for port in PORTS)
        raise LoadError(
            f"{path}: there must be a header 'lmu_hw' (own form) or tensors named {names}, not "
            f"{show(sorted(tensors)[:6])}; {_DRAFT}"
        )
    if len(cells) > 1:
        raise LoadError(
            f"{path}: there must be one LMU, not {len(cells)} ({show([at for _, at in cells])}): "
            f"a state dict does not say how they are joined; {_DRAFT}"
        )
    port, prefix = cells[0]
    missing = [key for key in port.axes if f"{prefix}{key}" not in tensors]
    if missing:
        raise LoadError(
            f"{path}: tensors {missing} of {prefix.rstrip('.') or port.name} must be in the file"
        )
    return port, prefix


def _head(path: str, tensors: Tensors, rest: list[str]) -> str | None:
    """Return the name of the linear layer that the tensors in `rest` belong to, if any."""
    if not rest:
        return None
    name = rest[0].rpartition(".")[0]
    linear = [f"{name}.bias", f"{name}.weight"]
    if not name or f"{name}.weight" not in rest or set(rest) - set(linear):
        raise LoadError(
            f"{path}: besides the LMU there must be at most one linear layer (<name>.weight, "
            f"<name>.bias), not {len(rest)} tensor(s) {show(rest[:6])}; {_DRAFT}"
        )
    if len(tensors[f"{name}.weight"].shape) != 2:
        where = f"{path}: layer {name!r}"
        raise must(where, "weight", "(outputs, inputs)", tensors[f"{name}.weight"].shape)
    return name


def _linear(path: str, tensors: Tensors, name: str, taken: str) -> DenseLayer:
    bias = tensors.get(f"{name}.bias")
    with located(f"{path}: layer {name!r}"):
        return DenseLayer(
            name=unique_identifier(name, [taken]),
            W=tensors[f"{name}.weight"].read(),
            b=None if bias is None else bias.read(),
            activation="linear",
        )


def _check_shapes(where: str, port: Port, cell: Tensors) -> None:
    """Require the shapes of one cell to fit each other, before anything is read."""
    sizes = {"1": 1}
    advice = f"these are the shapes of {port.name}; of another project {_DRAFT}"
    for key, axes in port.axes.items():
        shape = cell[key].shape
        if len(shape) != len(axes) or 0 in shape:
            rule = f"({', '.join(axes)}), not empty"
            raise must(where, f"the shape of {key}", rule, shape, advice=advice)
        single = {axis: size for axis, size in zip(axes, shape, strict=True) if "+" not in axis}
        sizes = single | sizes
        if sizes.get("order", 1) > MAX_ORDER:
            raise must(where, "the order", f"at most {MAX_ORDER}", sizes["order"])
        expected = tuple(sum(sizes[part] for part in axis.split("+")) for axis in axes)
        if shape != expected:
            rule = f"{expected}, ({', '.join(axes)})"
            raise must(where, f"the shape of {key}", rule, shape, advice=advice)
