# SPDX-License-Identifier: Apache-2.0
"""What is measured: one probe for each signal of the golden trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.fixed.ops import dequantize
from lmu_hw.lmu.activations import activation
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedNetwork,
    Rectifier,
    Table,
)

__all__ = ["Probe", "probes"]

_KINDS = {
    "u": "encoded input",
    "m": "memory state",
    "i": "input gate",
    "f": "forget gate",
    "o": "output gate",
    "z": "update gate",
    "r": "reset gate",
    "g": "candidate",
    "n": "candidate",
    "c": "cell state",
    "h": "hidden",
    "p": "input passed on",
    "y": "dense",
}
_FAR = 2.0**16  # beyond every table; where a bounded function has reached its limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One signal to compare.

    Parameters
    ----------
    name : str
        In the golden trace.
    reference : str
        In the float trace.
    kind : str
        What it is, in words.
    counter : str or None
        Node whose overflow count belongs to this signal; None if nothing can overflow here.
    flat_below, flat_above : bool
        The activation that reads the signal is constant beyond the format on that side: clamping
        loses nothing, and the reference is clamped alike before it is compared.
    """

    name: str
    reference: str
    kind: str
    format: FixedFormat
    rounding: str
    overflow: str
    counter: str | None
    last_only: bool
    is_memory: bool
    flat_below: bool = False
    flat_above: bool = False


def probes(network: QuantizedNetwork) -> tuple[Probe, ...]:
    """Return the signals of a network in evaluation order, the input first."""
    found = [
        Probe(
            name=INPUT,
            reference=INPUT,
            kind="network input",
            format=network.input.format,
            rounding=network.input.rounding.value,
            overflow=network.input.overflow.value,
            counter=INPUT,
            last_only=False,
            is_memory=False,
        )
    ]
    outputs = set(network.layers[-1].outputs)
    for node in network.nodes:
        if not isinstance(node, MemoryNode) and node.activation is not None:
            found.append(_pre_activation(node))
        found.append(_result(node, is_output=node.name in outputs))
    return tuple(found)


def _pre_activation(node: Node | ElementwiseNode) -> Probe:
    requant = node.requant
    clamps = requant.overflow is Overflow.SATURATE
    below, above = _flat_ends(node)
    return Probe(
        name=node.pre_activation,
        reference=node.pre_activation,
        kind="pre-activation",
        format=requant.format,
        rounding=requant.rounding.value,
        overflow=requant.overflow.value,
        counter=node.name,
        last_only=node.last_only,
        is_memory=False,
        flat_below=clamps and below,
        flat_above=clamps and above,
    )


def _result(node: AnyNode, *, is_output: bool) -> Probe:
    letter = node.name.rpartition(".")[2]
    kind = _KINDS.get(letter, "node")
    if is_output:
        kind = "output" if letter == "y" else f"{kind}, output"
    function = node.activation
    if isinstance(function, Table):
        rounding, overflow = f"table of {function.function}", "none"
    elif isinstance(function, Rectifier):
        rounding, overflow = "relu, exact", "none"
    else:
        rounding, overflow = node.requant.rounding.value, node.requant.overflow.value
    return Probe(
        name=node.name,
        reference=INPUT if letter == "p" else node.name,
        kind=kind,
        format=node.signal.format,
        rounding=rounding,
        overflow=overflow,
        counter=node.name if function is None else None,
        last_only=node.last_only,
        is_memory=letter == "m",
    )


def _flat_ends(node: Node | ElementwiseNode) -> tuple[bool, bool]:
    """Say whether the activation is constant beyond the lower and the upper end of its input.

    A table must end in two equal codes, within one ulp of what the function tends to.
    """
    if not isinstance(node.activation, Table):
        return True, False  # relu: every negative code gives zero
    table, source = node.activation, node.requant.format
    codes = table.codes.codes
    function = activation(table.function, where=node.name)
    with np.errstate(over="ignore"):
        far = function(np.array([-_FAR, _FAR]))
    flat = []
    for end, inner, limit in (
        (source.min_code, source.min_code + 1, far[0]),
        (source.max_code, source.max_code - 1, far[1]),
    ):
        value = dequantize(codes[end], table.format)
        flat.append(bool(codes[end] == codes[inner] and abs(value - limit) <= table.format.ulp))
    return flat[0], flat[1]
