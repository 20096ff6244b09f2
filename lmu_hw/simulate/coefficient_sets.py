# SPDX-License-Identifier: Apache-2.0
"""The coefficients that reloadable hardware holds in a simulation, one set after the other."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from lmu_hw.design import Design
from lmu_hw.errors import LmuHwError
from lmu_hw.folder import DesignFolder
from lmu_hw.hdl.reload import blocks, reload_words
from lmu_hw.lmu import LmuLayer, window
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.reload import reload

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
    folder: DesignFolder, design: Design, plan: Plan, theta: float | None
) -> list[CoefficientSet]:
    """Return the coefficients that the stimuli are for, and others that the storm writes.

    Parameters
    ----------
    folder : DesignFolder
    design : Design
    plan : Plan
    theta : float or None
        Window that is written first, in steps.
    """
    design_image = CoefficientSet(network=design.network, words=[], since=Since.POWER_UP)
    if theta is not None:
        network, words = reload(folder.path, theta)
        back = reload_words(plan, design.network)
        return [
            design_image,
            CoefficientSet(network=network, words=words, since=Since.CALM),
            CoefficientSet(network=design.network, words=back, since=Since.STORM),
        ]
    return [design_image, *_other_window(folder, design)] if blocks(plan) else [design_image]


def calm_network(sets: list[CoefficientSet]) -> QuantizedNetwork:
    """Return what the hardware computes while no reset comes."""
    return next(
        coefficients.network
        for coefficients in reversed(sets)
        if coefficients.since is not Since.STORM
    )


def _other_window(folder: DesignFolder, design: Design) -> list[CoefficientSet]:
    """Return the coefficients of another window, if the hardware can have one."""
    windows = [
        theta
        for layer in design.reference.layers
        if isinstance(layer, LmuLayer) and (theta := window(layer.memory))
    ]
    for factor in _OTHER_WINDOWS if windows else ():
        with suppress(LmuHwError):
            network, words = reload(folder.path, factor * max(windows))
            return [CoefficientSet(network=network, words=words, since=Since.STORM)]
    return []
