# SPDX-License-Identifier: Apache-2.0
"""What is measured: one probe for each signal of the golden trace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import Trace
from lmu_hw.lmu import Role
from lmu_hw.lmu.activations import activation
from lmu_hw.lmu.roles import pre_activation_symbol
from lmu_hw.network import (
    INPUT,
    Activation,
    AnyNode,
    LayerNode,
    QuantizedNetwork,
    Rectifier,
    Table,
    activation_of,
)
from lmu_hw.quantize.tables import table_error

__all__ = ["Probe", "inside_formats", "probes"]

_FAR = 2.0**16  # beyond every table; where a bounded function has reached its limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One signal to look at, and to compare unless it is `fitted`.

    Parameters
    ----------
    name : str
        In the golden trace.
    layer, symbol : str
        What its name is made of; no layer for the input.
    role : Role or None
        Of the node whose value it is; None for the input and for what enters an activation.
    reference : str
        In the float trace.
    kind : str
        What it is, in words.
    reads : tuple of str
        Signals that it is computed from; those of the step before end in ``[t-1]``.
    counter : str or None
        Node whose overflow count belongs to this signal; None if nothing can overflow here.
    fitted : bool
        The states of a memory that what reads it is fitted to: they are not those of float.
    flat_below, flat_above : bool
        The activation that reads the signal is constant beyond the format on that side: clamping
        loses nothing, and the reference is clamped alike before it is compared.
    """

    name: str
    layer: str
    symbol: str
    role: Role | None
    reference: str
    kind: str
    reads: tuple[str, ...]
    format: FixedFormat
    rounding: str
    overflow: str
    counter: str | None
    last_only: bool
    fitted: bool = False
    flat_below: bool = False
    flat_above: bool = False

    @property
    def is_memory(self) -> bool:
        """Each of its elements is reported on its own."""
        return self.role is Role.MEMORY


def probes(network: QuantizedNetwork, fitted: frozenset[str] = frozenset()) -> tuple[Probe, ...]:
    """Return the signals of a network in evaluation order, the input first.

    Parameters
    ----------
    network : QuantizedNetwork
    fitted : set of str
        Names of the memories that what reads them is fitted to.
    """
    signals = [
        Probe(
            name=INPUT,
            layer="",
            symbol=INPUT,
            role=None,
            reference=INPUT,
            kind="network input",
            reads=(),
            format=network.input.format,
            rounding=network.input.rounding.value,
            overflow=network.input.overflow.value,
            counter=INPUT,
            last_only=False,
        )
    ]
    outputs, source = set(network.layers[-1].outputs), (INPUT,)
    for layer in network.layers:
        for node in layer.nodes:
            reads, function = _reads(node, source), activation_of(node)
            if node.pre_activation is not None and function is not None:
                entering = _entering(node, node.pre_activation, function)
                signals.append(replace(entering, reads=reads))
                reads = (node.pre_activation,)
            probe = _result(node, function, is_output=node.name in outputs)
            signals.append(replace(probe, reads=reads, fitted=node.name in fitted))
        source = tuple(layer.outputs)
    return tuple(signals)


def _reads(node: AnyNode, source: tuple[str, ...]) -> tuple[str, ...]:
    """Return the signals that a node reads, in a layer whose input is `source`."""
    names: list[str] = []
    for factor in node.reads:
        before = "[t-1]" if factor.delayed else ""
        parts = source if factor.source == INPUT else (factor.source,)
        names += [f"{name}{before}" for name in parts]
    return tuple(dict.fromkeys(names))


def inside_formats(trace: Trace, signals: tuple[Probe, ...]) -> NDArray[np.bool_]:
    """Say of which sequences of a trace no code lies at an end of its format that loses something.

    A code at the end may just fit; that the sequence is not counted then is on the safe side.
    """
    inside = np.ones(len(trace.codes[signals[0].name]), bool)
    for probe in signals:
        if probe.counter is None:
            continue
        codes, fmt = trace.codes[probe.name], probe.format
        if not probe.flat_above:
            inside &= (codes < fmt.max_code).all(axis=(1, 2))
        if not probe.flat_below and fmt.signed:
            inside &= (codes > fmt.min_code).all(axis=(1, 2))
    return inside


def _entering(node: LayerNode, name: str, function: Activation) -> Probe:
    """Return the probe of what enters the activation of a node."""
    requant = node.requant
    clamps = requant.overflow is Overflow.SATURATE
    below, above = _flat_ends(node, function)
    return Probe(
        name=name,
        layer=node.layer,
        symbol=pre_activation_symbol(node.role),
        role=None,
        reference=name,
        kind="pre-activation",
        reads=(),
        format=requant.format,
        rounding=requant.rounding.value,
        overflow=requant.overflow.value,
        counter=node.name,
        last_only=node.last_only,
        flat_below=clamps and below,
        flat_above=clamps and above,
    )


def _result(node: LayerNode, function: Activation | None, *, is_output: bool) -> Probe:
    kind = node.role.words
    if is_output:
        kind = "output" if node.role is Role.DENSE else f"{kind}, output"
    match function:
        case None:
            rounding, overflow = node.requant.rounding.value, node.requant.overflow.value
        case Table():
            error, _ = table_error(function, where=node.name)
            rounding = f"{function.function} of {function.form}, within {error:.3g} ulp"
            overflow = "none"
        case Rectifier():
            rounding, overflow = "relu, exact", "none"
        case _:
            assert_never(function)
    return Probe(
        name=node.name,
        layer=node.layer,
        symbol=node.role.value,
        role=node.role,
        reference=node.name,
        kind=kind,
        reads=(),
        format=node.signal.format,
        rounding=rounding,
        overflow=overflow,
        counter=node.name if function is None else None,
        last_only=node.last_only,
    )


def _flat_ends(node: LayerNode, function: Activation) -> tuple[bool, bool]:
    """Say whether an activation is constant beyond the lower and the upper end of its input."""
    match function:
        case Rectifier():
            return True, False  # every negative code gives zero
        case Table():
            return _flat_table_ends(node, function)
    assert_never(function)


def _flat_table_ends(node: LayerNode, table: Table) -> tuple[bool, bool]:
    """Say which ends of a table are two equal codes, within an ulp of where it tends to."""
    source = node.requant.format
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
