# SPDX-License-Identifier: Apache-2.0
"""ONNX files, read with the package `onnx`: nodes, and tensors in the file or beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must, reason, show
from lmu_hw.load.containers.archive import MAX_WEIGHTS
from lmu_hw.load.tensors import package, widen

__all__ = ["Graph", "Input", "Node", "read_model"]

_DOMAINS = ("", "ai.onnx")
_OPSETS = range(7, 27)
"""Versions of the operators whose meaning is known: before 7 shapes were broadcast otherwise."""
_MAX_NODES = 100_000
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operation of a graph.

    Parameters
    ----------
    where : str
        File, name and kind, for messages.
    name : str
    op : str
    inputs, outputs : tuple of str
        Names of tensors; empty: left out.
    attributes : mapping
        Numbers, texts, lists, arrays and graphs.
    """

    where: str
    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An input of a graph: its name, and its lengths; None where they are free."""

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes in an order in which each reads what is there, constants, inputs and outputs."""

    where: str
    opset: int
    nodes: tuple[Node, ...]
    constants: Mapping[str, Any]
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]


def read_model(path: Path) -> Graph:
    """Return the graph of an ONNX file, with its constants.

    Raises
    ------
    LoadError
        If the package `onnx` is not there, the file is damaged, or of operators not known here.
    """
    onnx = package(path, "onnx", extra="onnx")
    where = str(path)
    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except Exception as error:  # protobuf has errors of its own, by version
        raise LoadError(f"{path}: must be an ONNX model, but {reason(error)}") from error
    if not model.HasField("graph") or not model.graph.node:
        raise must(where, "the file", "an ONNX model with nodes", "an empty one")
    return _Reader(path, onnx, _opset(where, model)).graph(model.graph, where, 0)


def _opset(where: str, model: Any) -> int:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    strange = [domain for domain in versions if domain not in _DOMAINS]
    used = {node.domain for node in model.graph.node} & set(strange)
    if used:
        raise must(where, "the operators", "those of ONNX itself", sorted(used))
    version = max((versions[name] for name in _DOMAINS if name in versions), default=1)
    if version not in _OPSETS:
        rule = f"from {_OPSETS[0]} to {_OPSETS[-1]}"
        raise must(where, "the version of the operators (opset)", rule, version)
    return version


class _Reader:
    """Takes graphs out of protobuf, with what they may cost bounded."""

    def __init__(self, path: Path, onnx: Any, opset: int) -> None:
        self._path, self._onnx, self._opset = path, onnx, opset
        self._nodes = 0
        self._room = MAX_WEIGHTS

    def graph(self, raw: Any, where: str, depth: int) -> Graph:
        """Return a graph with its constants."""
        self._nodes += len(raw.node)
        if self._nodes > _MAX_NODES or depth > _MAX_DEPTH:
            rule = f"at most {_MAX_NODES} nodes, {_MAX_DEPTH} deep"
            raise must(where, "the graph", rule, self._nodes)
        if raw.sparse_initializer:
            raise LoadError(f"{where}: tensors must be dense, not sparse")
        constants = {_text(item.name): self._array(item, item.name) for item in raw.initializer}
        nodes = []
        for number, item in enumerate(raw.node):
            name = _text(item.name or next(iter(item.output), "") or f"{item.op_type}_{number}")
            kind = _text(item.op_type)
            place = f"{self._path}: node {show(name)} ({show(kind)[1:-1]})"
            attributes = {_text(a.name): self._attribute(a, place, depth) for a in item.attribute}
            if kind == "Constant" and item.output:
                constants[_text(item.output[0])] = self._constant(attributes, place)
                continue
            nodes.append(
                Node(
                    where=place,
                    name=name,
                    op=kind,
                    inputs=tuple(map(_text, item.input)),
                    outputs=tuple(map(_text, item.output)),
                    attributes=attributes,
                )
            )
        inputs = [_input(value) for value in raw.input if _text(value.name) not in constants]
        return Graph(
            where=where,
            opset=self._opset,
            nodes=tuple(nodes),
            constants=constants,
            inputs=tuple(inputs),
            outputs=tuple(_text(value.name) for value in raw.output),
        )

    def _attribute(self, raw: Any, place: str, depth: int) -> Any:
        kinds = self._onnx.AttributeProto
        if raw.type == kinds.GRAPH:
            return self.graph(raw.g, place, depth + 1)
        if raw.type == kinds.TENSOR:
            return self._array(raw.t, raw.name)
        if raw.type in (kinds.GRAPHS, kinds.SPARSE_TENSOR, kinds.TYPE_PROTO):
            return None
        value = self._onnx.helper.get_attribute_value(raw)
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        if raw.type == kinds.STRINGS:
            return [text.decode(errors="replace") for text in value]
        return value

    def _constant(self, attributes: Mapping[str, Any], place: str) -> Any:
        for name, kind in (("value_float", "f4"), ("value_floats", "f4"), ("value_int", "i8")):
            if isinstance(attributes.get(name), int | float | list):
                return np.asarray(attributes[name], kind)
        value = attributes.get("value", attributes.get("value_ints"))
        if isinstance(value, np.ndarray):
            return value
        if isinstance(value, list | tuple) and all(isinstance(n, int) for n in value):
            return np.asarray(value, np.int64)
        raise must(place, "a constant", "a tensor or numbers", sorted(attributes))

    def _array(self, raw: Any, name: str) -> Any:
        """Return a tensor as an array; bfloat16 as float32, which has all its values."""
        where = f"{self._path}: tensor {show(name)}"
        try:
            dtype = np.dtype(self._onnx.helper.tensor_dtype_to_np_dtype(raw.data_type))
        except (KeyError, ValueError, TypeError) as error:
            raise must(where, "the elements", "numbers", raw.data_type) from error
        count = 1
        for length in raw.dims:
            count *= length
        self._room -= max(count * dtype.itemsize, 0)
        if self._room < 0 or any(length < 0 for length in raw.dims):
            raise LoadError(f"{where}: all tensors must take at most {MAX_WEIGHTS} bytes")
        if raw.data_location == self._onnx.TensorProto.EXTERNAL:
            data = self._external(raw, where, count * dtype.itemsize)
            if dtype.name == "bfloat16":
                return widen(data, "bfloat16").astype(np.float32).reshape(tuple(raw.dims))
            return np.frombuffer(data, dtype.newbyteorder("<")).reshape(tuple(raw.dims))
        try:
            array = self._onnx.numpy_helper.to_array(raw)
        except Exception as error:  # whatever a damaged tensor makes of it
            raise LoadError(f"{where}: must be whole, but {reason(error)}") from error
        return array.astype(np.float32) if array.dtype.name == "bfloat16" else array

    def _external(self, raw: Any, where: str, size: int) -> bytes:
        """Return the bytes of a tensor in a file beside the model."""
        entries = {entry.key: entry.value for entry in raw.external_data}
        location = entries.get("location", "")
        if Path(location).name != location or location in ("", ".", ".."):
            raise must(where, "the file of its data", "one beside the model", location)
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", size))
            if offset < 0 or length != size:
                raise ValueError(f"{length} bytes at {offset} are not the {size} of its shape")
            with (self._path.parent / location).open("rb") as file:
                file.seek(offset)
                data = file.read(size)
        except (OSError, ValueError) as error:
            text = getattr(error, "strerror", None) or reason(error)
            raise LoadError(
                f"{where}: its data in {show(location)} must be readable: {text}"
            ) from None
        if len(data) != size:
            raise must(where, f"its data in {show(location)}", f"{size} bytes", len(data))
        return data


def _text(raw: str | bytes) -> str:
    """Return a name, which is bytes where a damaged file has no text."""
    return raw.decode(errors="replace") if isinstance(raw, bytes) else raw


def _input(raw: Any) -> Input:
    dims = raw.type.tensor_type.shape.dim
    lengths = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in dims]
    return Input(name=_text(raw.name), shape=tuple(lengths))
