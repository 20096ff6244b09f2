# SPDX-License-Identifier: Apache-2.0
"""Windows of memories whose file holds their matrices: stated by the user, or transposed."""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.checked import real
from lmu_hw.errors import LoadError
from lmu_hw.lmu import (
    Discretizer,
    LmuLayer,
    Network,
    find_window,
    measured_window,
    transposed_window,
)
from lmu_hw.load.native.form import THETA

__all__ = ["with_theta", "with_warnings"]

_SAME = 1e-3
"""Share of a window that a stated one may be off the one that is found."""

_WARNING = "warning: "


def with_theta(network: Network, theta: float, *, where: str) -> Network:
    """Return a network whose memories of unknown window have the one that is stated.

    Parameters
    ----------
    network : Network
    theta : float
        Steps.
    where : str
        The file, for messages.

    Raises
    ------
    ConfigError
        If theta is no number of steps.
    LoadError
        If the file says another window, or its matrices have another one.
    """
    low, high = THETA
    theta = real(theta, "`theta`", least=low, most=high, rule=f"from {low:g} to {high:g} steps")
    layers, notes = [], []
    for layer in network.layers:
        if isinstance(layer, LmuLayer):
            layer, note = _stated(layer, theta, f"{where}: layer {layer.name!r}")
            notes += [note] if note else []
        layers.append(layer)
    if not any(isinstance(layer, LmuLayer) for layer in layers):
        raise LoadError(f"{where}: `theta` must be left out: there is no memory")
    return replace(network, layers=tuple(layers), notes=(*network.notes, *notes))


def with_warnings(network: Network) -> Network:
    """Return a network with a note on each memory whose A looks transposed."""
    notes = []
    for layer in network.layers:
        if not isinstance(layer, LmuLayer) or layer.memory.discretizer is not Discretizer.STORED:
            continue
        window = transposed_window(layer.memory) if layer.memory.order > 1 else None
        if window is not None:
            notes.append(
                f"{_WARNING}{layer.name}: A looks transposed: it is taken as stored, for "
                "m = A m + B u, but its transpose is that of a Legendre memory of "
                f"{window.theta:g} steps; if the network was trained with rows (m A), write A.T "
                "into the file"
            )
    return replace(network, notes=(*network.notes, *notes)) if notes else network


def _stated(layer: LmuLayer, theta: float, where: str) -> tuple[LmuLayer, str]:
    """Return the layer with the window, and what the user should know."""
    memory = layer.memory
    window = memory.theta
    origin = "the file says"
    if window is None and (fitted := find_window(memory)) is not None:
        window, origin = fitted.theta, "its A and B have"
    if window is not None and not abs(window - theta) <= _SAME * window:
        raise LoadError(f"{where}: `theta` must be what {origin}, {window:g} steps, not {theta:g}")
    if memory.theta is not None:
        return layer, ""
    layer = replace(layer, memory=replace(memory, theta=theta))
    if window is not None:
        return layer, ""
    fit = measured_window(layer.memory)
    deviation = 0.0 if fit is None else fit.deviation
    return layer, (
        f"{_WARNING}{layer.name}: its window is the {theta:g} steps that were stated; its A and B "
        f"are off by {deviation:.2g} of the largest change that a step of such a memory makes"
    )
