# SPDX-License-Identifier: Apache-2.0
"""The coefficients that reloadable hardware holds in a simulation, one set after the other."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum

from lmu_hw.design import Design
from lmu_hw.errors import LmuHwError
from lmu_hw.folder import DesignFolder
from lmu_hw.hdl.reload import AddressMap, reload_words
from lmu_hw.lmu import LmuLayer, Role, window
from lmu_hw.network import AnyNode, Codes, MemoryNode, Node, QuantizedNetwork, Table
from lmu_hw.plan import Plan
from lmu_hw.reload import Reloaded, reload

__all__ = ["CoefficientSet", "Since", "calm_network", "coefficient_sets_of"]

_OTHER_WINDOWS = (0.75, 1.5, 0.5, 2.0, 3.0)


class Since(Enum):
    """When coefficients come."""

    POWER_UP = "power-up"
    CALM = "calm"
    """Before the sequences that no reset cuts."""
    STORM = "storm"
    """In the middle of those that resets cut."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CoefficientSet:
    """Coefficients that the hardware holds for a while.

    Parameters
    ----------
    network : QuantizedNetwork
        What it computes then.
    words : list of (address, word)
        What is written; nothing at power-up.
    since : Since
    """

    network: QuantizedNetwork
    words: list[tuple[int, int]]
    since: Since


def coefficient_sets_of(
    folder: DesignFolder, design: Design, plan: Plan, other: Reloaded | None
) -> list[CoefficientSet]:
    """Return the coefficients that the stimuli are for, and others that the storm writes.

    Parameters
    ----------
    folder : DesignFolder
    design : Design
    plan : Plan
    other : Reloaded or None
        What is written first.
    """
    own = CoefficientSet(network=design.network, words=[], since=Since.POWER_UP)
    if other is not None:
        back = reload_words(plan, design.network)
        return [
            own,
            CoefficientSet(network=other.design.network, words=other.writes, since=Since.CALM),
            CoefficientSet(network=design.network, words=back, since=Since.STORM),
        ]
    if not AddressMap(plan).blocks:
        return [own]
    network = _other_window(folder, design)
    if all(layer.writable for layer in plan.layers):
        network = _reversed(network or design.network)
    if network is None:
        return [own]
    words = reload_words(plan, network)
    return [own, CoefficientSet(network=network, words=words, since=Since.STORM)]


def calm_network(sets: list[CoefficientSet]) -> QuantizedNetwork:
    """Return what the hardware computes while no reset comes."""
    return next(
        coefficients.network
        for coefficients in reversed(sets)
        if coefficients.since is not Since.STORM
    )


def _other_window(folder: DesignFolder, design: Design) -> QuantizedNetwork | None:
    """Return the network with another window, if the hardware can have one."""
    windows = [
        theta
        for layer in design.reference.layers
        if isinstance(layer, LmuLayer) and (theta := window(layer.memory))
    ]
    for factor in _OTHER_WINDOWS if windows else ():
        with suppress(LmuHwError):
            return reload(folder.path, theta=factor * max(windows)).design.network
    return None


def _reversed(network: QuantizedNetwork) -> QuantizedNetwork:
    """Return a network with the rows and the tables of its nodes in the reverse order.

    Its sums are as large as before, so that nothing overflows that did not. Rows of memories stay.
    """
    layers = [
        replace(layer, nodes=tuple(_reversed_node(node) for node in layer.nodes))
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


def _reversed_node(node: AnyNode) -> AnyNode:
    if isinstance(node, MemoryNode) or node.role is Role.MEMORY:
        return node
    table = node.activation
    if isinstance(table, Table):
        node = replace(node, activation=replace(table, values=_backwards(table.values)))
    if not isinstance(node, Node):
        return node
    return replace(
        node,
        terms=tuple(replace(term, weights=_backwards(term.weights)) for term in node.terms),
        bias=None if node.bias is None else _backwards(node.bias),
        row_shifts=None if node.row_shifts is None else node.row_shifts[::-1],
    )


def _backwards(codes: Codes) -> Codes:
    return Codes(codes=codes.codes[::-1], format=codes.format)
