# SPDX-License-Identifier: Apache-2.0
"""The design as its file says it: nodes, formats and integers, and the digest of all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from lmu_verify.errors import BadFile
from lmu_verify.fields import Fields, Format, Narrowing, parse_json
from lmu_verify.files import MAX_ORDER, Tensors, read_safetensors
from lmu_verify.integers import Codes
from lmu_verify.tables import codes_of, table_answers

__all__ = ["INPUT", "Design", "Layer", "Node", "Term", "read_design"]

INPUT = "x"
_KEY = "lmu_hw_design"
_MAX_SHIFT = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term:
    """Weights (rows, columns) that read a source; exact, row shifts included."""

    source: str
    delayed: bool
    weights: Codes
    codes: np.ndarray
    frac_bits: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """A vector of a layer; `update` are the fields of a structured memory.

    `bias` is exact. `largest` is the largest magnitude of a code behind the activation, `table` the
    name of a tabulated function, and `answers` the table's, from that to the smallest code on.
    """

    name: str
    fields: Fields
    segments: int
    rows: int
    requant: Narrowing
    terms: list[Term]
    bias: Codes | None
    row_shifts: list[int]
    sum_frac_bits: int
    table: str | None
    answers: np.ndarray | None
    activation: bool
    format: Format
    largest: int
    error_feedback: bool
    update: Fields | None

    @property
    def size(self) -> int:
        """Elements of the vector."""
        return self.segments * self.rows

    def weights(self, source: str, *, delayed: bool) -> Codes | None:
        """Return the weights that read a source, or None."""
        for term in self.terms:
            if (term.source, term.delayed) == (source, delayed):
                return term.weights
        return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """Nodes in order of evaluation, and the size and format of the layer's input."""

    name: str
    input_size: int
    input_format: Format
    outputs: list[str]
    nodes: list[Node]

    @property
    def output(self) -> tuple[int, Format]:
        """Size and format of the answer: the smallest that holds every output exactly."""
        signals = [self.format(name) for name in self.outputs]
        if not signals or INPUT in self.outputs:
            raise BadFile(f"{self.name}: must answer with nodes of its own")
        formats = [fmt for _, fmt in signals]
        held = Format(
            any(fmt.signed for fmt in formats),
            max(fmt.int_bits for fmt in formats),
            max(fmt.frac_bits for fmt in formats),
        )
        return sum(size for size, _ in signals), held

    def node(self, kind: str) -> Node | None:
        """Return ``layer.kind``, or None."""
        return next((node for node in self.nodes if node.name == f"{self.name}.{kind}"), None)

    def format(self, source: str) -> tuple[int, Format]:
        """Return the size and format of what nodes read by this name."""
        if source == INPUT:
            return self.input_size, self.input_format
        for node in self.nodes:
            if node.name == source:
                return node.size, node.format
        raise BadFile(f"{self.name}: reads {source!r}, which is not in the layer")

    def reach(self, node: Node) -> tuple[int, int]:
        """Return what no partial sum of a node exceeds, and no code before overflow is handled.

        From the formats of what is read and the integers of the weights, whatever the sources do.
        """
        if "products" in node.fields.values:
            partial = total = self._products(node)
        else:
            partial, total = self._sums(node)
        dropped = node.sum_frac_bits - node.requant.format.frac_bits
        if node.error_feedback:
            total += (1 << max(dropped, 0)) - 1
        return partial, total << -dropped if dropped <= 0 else (total >> dropped) + 1

    def _sums(self, node: Node) -> tuple[int, int]:
        most = max(node.row_shifts)
        partial = np.zeros(node.rows, dtype=object)
        for term in node.terms:
            size, fmt = self.format(term.source)
            if size != node.segments * term.codes.shape[1]:
                raise BadFile(f"{node.name}: its weights do not fit the size of {term.source}")
            shift = node.sum_frac_bits - most - fmt.frac_bits - term.frac_bits
            if shift < 0:
                raise BadFile(f"{node.name}: the sum has too few fraction bits for {term.source}")
            partial = partial + np.abs(term.codes).sum(axis=1) * (fmt.magnitude << shift)
        total = partial * np.array([1 << (most - shift) for shift in node.row_shifts], object)
        if node.bias is not None:
            total = total + np.abs(node.bias.codes)
        return int(partial.max()), int(total.max())

    def _products(self, node: Node) -> int:
        total = 0
        for product in node.fields.objects("products"):
            value, bits = 1, 0
            for factor in product.objects("factors"):
                size, fmt = self.format(factor.text("source"))
                if size != node.rows:
                    raise BadFile(f"{node.name}: its factors must have {node.rows} elements")
                value, bits = value * fmt.magnitude, bits + fmt.frac_bits
            if node.sum_frac_bits < bits:
                raise BadFile(f"{node.name}: the sum has too few fraction bits for its products")
            total += value << (node.sum_frac_bits - bits)
        return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """All layers, the narrowing of the input, and the digest."""

    name: str
    digest: str
    input: Narrowing
    input_scale: Fraction
    layers: list[Layer]
    tensors: Tensors

    @property
    def nodes(self) -> Iterator[Node]:
        """All nodes."""
        return (node for layer in self.layers for node in layer.nodes)


def read_design(path: Path) -> Design:
    """Read a design and compute its digest: the header, then every array as int64."""
    tensors = read_safetensors(path)
    text = tensors.texts.text(_KEY)
    header = Fields(str(path), parse_json(f"{path}: {_KEY}", text))
    if header.get("version") != 2 or json.dumps(header.values, sort_keys=True) != text:
        raise BadFile(f"{path} must hold a design of version 2, as it was written")
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors.arrays):
        digest.update(name.encode())
        digest.update(tensors.get(name, None, "int").astype("<i8").tobytes())
    layers = [_layer(entry, tensors) for entry in header.objects("layers")]
    names = [layer.name for layer in layers] + [n.name for layer in layers for n in layer.nodes]
    if len(set(names)) < len(names):
        raise BadFile(f"{path}: every layer and node must have a name of its own")
    _fit_together(str(path), header, layers)
    try:
        scale = Fraction(header.text("input_scale"))
    except (ValueError, ZeroDivisionError):
        header.refuse("input_scale", "a fraction")
    return Design(
        name=header.text("name"),
        digest=digest.hexdigest(),
        input=header.narrowing("input"),
        input_scale=scale,
        layers=layers,
        tensors=tensors,
    )


def _layer(entry: Fields, tensors: Tensors) -> Layer:
    signal, name = entry.object("input"), entry.text("name")
    nodes = [_node(node, tensors) for node in entry.objects("nodes")]
    for node in nodes:
        if not node.name.startswith(f"{name}."):
            raise BadFile(f"{tensors.where}: {node.name} must be called {name}.something")
    return Layer(
        name=name,
        input_size=signal.integer("size", 1, 1 << 20),
        input_format=signal.format("format"),
        outputs=entry.list("outputs"),
        nodes=nodes,
    )


def _fit_together(where: str, header: Fields, layers: list[Layer]) -> None:
    """Refuse a layer that does not read what the layer before answers, or the input."""
    if not layers or layers[0].input_format != header.narrowing("input").format:
        raise BadFile(f"{where}: the first layer must read the format of the input")
    for before, after in pairwise(layers):
        if before.output != (after.input_size, after.input_format):
            raise BadFile(f"{where}: {after.name} must read the output of {before.name}")


def _node(entry: Fields, tensors: Tensors) -> Node:
    entry.where = f"{tensors.where}: {entry.text('name')}"
    requant = entry.narrowing("requant")
    node = {"name": entry.text("name"), "fields": entry, "requant": requant, "update": None}
    node |= {"terms": [], "bias": None, "row_shifts": [0], "error_feedback": False}
    node |= {"segments": 1, "sum_frac_bits": 0, "format": requant.format, "table": None}
    node |= {"answers": None, "activation": False, "largest": requant.format.magnitude}
    if "update" in entry.values:
        update = entry.object("update")
        node |= {"segments": entry.integer("segments", 1, 1 << 20), "update": update}
        return Node(**node, rows=_order(update, tensors))
    node["sum_frac_bits"] = bits = entry.integer("sum_frac_bits", -1000, 4000)
    node |= _activation(entry, requant, tensors)
    if "products" in entry.values:
        return Node(**node, rows=entry.integer("rows", 1, 1 << 20))
    entries = entry.objects("terms")
    rows = len(codes_of(entries[0].object("weights"), tensors)[0]) if entries else 0
    if not rows:
        entry.refuse("terms", "a list of terms with rows")
    shifts = [0] * rows if entry.get("row_shifts") is None else entry.list("row_shifts")
    if len(shifts) != rows or not all(type(s) is int and 0 <= s <= _MAX_SHIFT for s in shifts):
        entry.refuse("row_shifts", f"null, or {rows} integers from 0 to {_MAX_SHIFT}")
    node |= {"row_shifts": shifts, "segments": entry.integer("segments", 1, 1 << 20)}
    node["terms"] = [_term(term, rows, shifts, tensors) for term in entries]
    if entry.get("bias") is not None:
        codes, fmt = codes_of(entry.object("bias"), tensors)
        if codes.shape != (rows,) or fmt.frac_bits != bits:
            entry.refuse("bias", f"{rows} codes with {bits} fraction bits")
        node["bias"] = _scaled(codes, bits)
    if "error_feedback" in entry.values:
        node["error_feedback"] = entry.flag("error_feedback")
    if node["error_feedback"] and (requant.rounding != "floor" or node["activation"]):
        entry.refuse("error_feedback", "on a node that rounds by floor, without activation")
    return Node(**node, rows=rows)


def _order(update: Fields, tensors: Tensors) -> int:
    if update.text("kind") == "semiseparable":
        return len(codes_of(update.object("decay"), tensors)[0])
    return update.integer("order", 1, MAX_ORDER)


def _activation(entry: Fields, requant: Narrowing, tensors: Tensors) -> dict[str, object]:
    if entry.get("activation") is None:
        return {}
    activation = entry.object("activation")
    if "relu" in activation.values:
        fmt = activation.format("relu")
        if fmt.frac_bits != requant.format.frac_bits:
            activation.refuse("relu", "a format with the fraction bits of what it is given")
        largest = min(requant.format.max_code, fmt.magnitude)
        return {"activation": True, "format": fmt, "largest": largest}
    fmt, answers = table_answers(activation, requant.format, tensors)
    largest = int(np.abs(answers).max())
    table = {"table": activation.text("table"), "answers": answers}
    return {"activation": True, "format": fmt, "largest": largest, **table}


def _term(entry: Fields, rows: int, shifts: list[int], tensors: Tensors) -> Term:
    codes, fmt = codes_of(entry.object("weights"), tensors)
    if codes.ndim != 2 or len(codes) != rows:
        entry.refuse("weights", f"a matrix of {rows} rows")
    most = max(shifts)
    factors = np.array([1 << (most - shift) for shift in shifts], dtype=object)
    return Term(
        source=entry.text("source"),
        delayed=entry.flag("delayed"),
        weights=_scaled(codes * factors[:, None], fmt.frac_bits + most),
        codes=codes,
        frac_bits=fmt.frac_bits,
    )


def _scaled(codes: np.ndarray, bits: int) -> Codes:
    return Codes(codes, bits) if bits >= 0 else Codes(codes << -bits, 0)
