# SPDX-License-Identifier: Apache-2.0
"""The quantized network on disk: one safetensors file, integers and a JSON header, no pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import fraction
from lmu_hw.errors import LoadError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.network import (
    AnyNode,
    Codes,
    ElementwiseNode,
    Factor,
    MemoryNode,
    Node,
    Product,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Scan,
    Semiseparable,
    Signal,
    Table,
    Term,
    TwoPass,
    Update,
)

__all__ = ["design_digest", "network_bytes", "read_network"]

VERSION = 1
_KEY = "lmu_hw_design"

Arrays = dict[str, NDArray[np.int64]]
Put = Callable[[Codes, str], dict[str, str]]
Get = Callable[[dict[str, str]], Codes]


def network_bytes(network: QuantizedNetwork) -> bytes:
    """Return the file of a quantized network; the same network gives the same bytes."""
    from safetensors.numpy import save

    header, arrays = _describe(network)
    compact = {name: _compact(codes) for name, codes in arrays.items()}
    return save(compact, metadata={_KEY: json.dumps(header, sort_keys=True)})


def read_network(path: Path) -> QuantizedNetwork:
    """Read a file of `network_bytes`.

    Raises
    ------
    LoadError
        If the file cannot be read or does not hold a quantized network of this version.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(_KEY, "null"))
            names = file.keys()
            arrays = {name: _integers(file.get_tensor(name)) for name in names}
    except (OSError, SafetensorError, TypeError, ValueError, RecursionError) as error:
        raise LoadError(f"{path}: cannot be read as a quantized network: {error}") from None
    if not isinstance(header, dict) or header.get("version") != VERSION:
        raise LoadError(f"{path}: must hold a quantized network of version {VERSION}")
    try:
        return _build(header, arrays)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise LoadError(f"{path}: is damaged: {error!r}") from None


def design_digest(network: QuantizedNetwork) -> str:
    """Return the SHA-256 of everything a quantized network says."""
    header, arrays = _describe(network)
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].astype("<i8").tobytes())
    return digest.hexdigest()


def _integers(array: NDArray[Any]) -> NDArray[np.int64]:
    if array.dtype.kind != "i":
        raise TypeError(f"an array must hold signed integers, not {array.dtype}")
    return array.astype(np.int64)


def _compact(codes: NDArray[np.int64]) -> NDArray[np.signedinteger[Any]]:
    for kind in (np.int8, np.int16, np.int32):
        info = np.iinfo(kind)
        if codes.size == 0 or (codes.min() >= info.min and codes.max() <= info.max):
            return np.ascontiguousarray(codes.astype(kind))
    return np.ascontiguousarray(codes)


def _describe(network: QuantizedNetwork) -> tuple[dict[str, Any], Arrays]:
    arrays: Arrays = {}
    header = {
        "version": VERSION,
        "name": network.name,
        "input": _requant_to(network.input),
        "input_scale": str(network.input_scale),
        "answers_once": network.answers_once,
        "softmax": network.softmax,
        "model_digest": network.model_digest,
        "layers": [
            {
                "name": layer.name,
                "input": {"size": layer.input.size, "format": layer.input.format.notation()},
                "outputs": list(layer.outputs),
                "last_only": layer.last_only,
                "nodes": [_node_to(node, arrays) for node in layer.nodes],
            }
            for layer in network.layers
        ],
    }
    return header, arrays


def _node_to(node: AnyNode, arrays: Arrays) -> dict[str, Any]:
    def put(codes: Codes, what: str) -> dict[str, str]:
        key = f"{node.name}/{what}"
        arrays[key] = codes.codes
        return {"array": key, "format": codes.format.notation()}

    if isinstance(node, MemoryNode):
        return {
            "name": node.name,
            "segments": node.segments,
            "source": node.source,
            "update": _update_to(node.update, put),
            "requant": _requant_to(node.requant),
        }
    if isinstance(node, ElementwiseNode):
        return {
            "name": node.name,
            "rows": node.rows,
            "products": [_product_to(product) for product in node.products],
            "sum_frac_bits": node.sum_frac_bits,
            "requant": _requant_to(node.requant),
            "activation": _activation_to(node.activation, put),
        }
    entry: dict[str, Any] = {
        "name": node.name,
        "segments": node.segments,
        "terms": [
            {
                "source": term.source,
                "delayed": term.delayed,
                "weights": put(term.weights, f"weights {term.label}"),
            }
            for term in node.terms
        ],
        "bias": None if node.bias is None else put(node.bias, "bias"),
        "row_shifts": None if node.row_shifts is None else list(node.row_shifts),
        "sum_frac_bits": node.sum_frac_bits,
        "requant": _requant_to(node.requant),
        "last_only": node.last_only,
        "activation": _activation_to(node.activation, put),
    }
    if node.error_feedback:  # only then: a design without it keeps its digest
        entry["error_feedback"] = True
    return entry


def _product_to(product: Product) -> dict[str, Any]:
    factors = [{"source": one.source, "delayed": one.delayed} for one in product.factors]
    return {"factors": factors, "negative": product.negative}


def _activation_to(activation: Table | Rectifier | None, put: Put) -> dict[str, Any] | None:
    if activation is None:
        return None
    if isinstance(activation, Table):
        return {"table": activation.function, "codes": put(activation.codes, "table")}
    return {"relu": activation.format.notation()}


def _activation_from(entry: dict[str, Any] | None, get: Get) -> Table | Rectifier | None:
    if entry is None:
        return None
    if "relu" in entry:
        return Rectifier(format=FixedFormat.parse(entry["relu"]))
    return Table(function=entry["table"], codes=get(entry["codes"]))


def _update_to(update: Update, put: Put) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": update.realization}
    entry |= {name: put(codes, name) for name, codes in update.coefficients}
    if isinstance(update, Semiseparable):
        entry["shifts"] = list(update.shifts)
        entry["forward"] = _requant_to(update.forward)
        entry["backward"] = _requant_to(update.backward)
    elif isinstance(update, Scan):
        entry["order"] = update.order
        entry["running"] = update.running.notation()
    else:
        entry["order"] = update.order
        entry["running"] = _requant_to(update.running)
    return entry


def _update_from(entry: dict[str, Any], get: Get) -> Update:
    match entry["kind"]:
        case "semiseparable":
            return Semiseparable(
                decay=get(entry["decay"]),
                coupling=get(entry["coupling"]),
                carry=get(entry["carry"]),
                shifts=tuple(entry["shifts"]),
                forward=_requant_from(entry["forward"]),
                backward=_requant_from(entry["backward"]),
            )
        case "scan":
            return Scan(
                order=entry["order"],
                rate=get(entry["rate"]),
                running=FixedFormat.parse(entry["running"]),
            )
        case "two-pass":
            return TwoPass(
                order=entry["order"],
                rate=get(entry["rate"]),
                closing=get(entry["closing"]),
                running=_requant_from(entry["running"]),
            )
        case kind:
            raise ValueError(f"an update must be of a known kind, not {kind!r}")


def _requant_to(requant: Requant) -> list[str]:
    return [requant.format.notation(), requant.rounding.value, requant.overflow.value]


def _requant_from(entry: list[str]) -> Requant:
    fmt, rounding, overflow = entry
    return Requant(
        format=FixedFormat.parse(fmt), rounding=Rounding(rounding), overflow=Overflow(overflow)
    )


def _build(header: dict[str, Any], arrays: Arrays) -> QuantizedNetwork:
    return QuantizedNetwork(
        name=header["name"],
        input=_requant_from(header["input"]),
        input_scale=fraction(header["input_scale"], "input_scale"),
        answers_once=header["answers_once"],
        softmax=header["softmax"],
        model_digest=header["model_digest"],
        layers=tuple(
            QuantizedLayer(
                name=layer["name"],
                input=Signal(
                    size=layer["input"]["size"],
                    format=FixedFormat.parse(layer["input"]["format"]),
                ),
                outputs=tuple(layer["outputs"]),
                last_only=layer["last_only"],
                nodes=tuple(_node_from(node, arrays) for node in layer["nodes"]),
            )
            for layer in header["layers"]
        ),
    )


def _node_from(entry: dict[str, Any], arrays: Arrays) -> AnyNode:
    def get(item: dict[str, str]) -> Codes:
        return Codes(codes=arrays[item["array"]], format=FixedFormat.parse(item["format"]))

    if "update" in entry:
        return MemoryNode(
            name=entry["name"],
            segments=entry["segments"],
            source=entry["source"],
            update=_update_from(entry["update"], get),
            requant=_requant_from(entry["requant"]),
        )
    if "products" in entry:
        return ElementwiseNode(
            name=entry["name"],
            rows=entry["rows"],
            products=tuple(
                Product(
                    factors=tuple(
                        Factor(source=one["source"], delayed=one["delayed"])
                        for one in product["factors"]
                    ),
                    negative=product["negative"],
                )
                for product in entry["products"]
            ),
            sum_frac_bits=entry["sum_frac_bits"],
            requant=_requant_from(entry["requant"]),
            activation=_activation_from(entry["activation"], get),
        )
    shifts = entry["row_shifts"]
    return Node(
        name=entry["name"],
        segments=entry["segments"],
        terms=tuple(
            Term(source=t["source"], delayed=t["delayed"], weights=get(t["weights"]))
            for t in entry["terms"]
        ),
        bias=None if entry["bias"] is None else get(entry["bias"]),
        row_shifts=None if shifts is None else tuple(shifts),
        sum_frac_bits=entry["sum_frac_bits"],
        requant=_requant_from(entry["requant"]),
        activation=_activation_from(entry["activation"], get),
        last_only=entry["last_only"],
        error_feedback=entry.get("error_feedback", False),
    )
