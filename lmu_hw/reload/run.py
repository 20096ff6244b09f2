# SPDX-License-Identifier: Apache-2.0
"""Other coefficients for hardware that exists: the writes, and the design that it then is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lmu_hw.checked import instance
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError
from lmu_hw.folder import DesignFolder
from lmu_hw.lmu import Network
from lmu_hw.manifest import read_plan
from lmu_hw.plan import Plan, Reloadable
from lmu_hw.reload.network import in_formats_of
from lmu_hw.reload.window import at_window, checked_window

__all__ = ["Reloaded", "reload"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reloaded:
    """What hardware is after its coefficients were written.

    Attributes
    ----------
    design : Design
        With `predict`; under another window, its float reference is still that of the files.
    writes : list of (address, data)
        What makes it so, in this order.
    data_bits : int
        Bits of the data of a write.
    """

    design: Design
    writes: list[tuple[int, int]]
    data_bits: int


def reload(
    directory: str | Path, network: Network | None = None, *, theta: float | None = None
) -> Reloaded:
    """Return what to write into a design so that it computes another network, or another window.

    Parameters
    ----------
    directory : str or Path
        A design that was generated as reloadable.
    network : Network, optional
        Trained, of the same shape: it is quantized into the formats of the design, and its ranges
        are proved in them. All coefficients of the design must be reloadable.
    theta : float, optional
        In its place, the window in steps of every memory: a network that was trained at one rate
        runs at another, as the paper claims, with the same weights.

    Raises
    ------
    ConfigError, NetworkError, StabilityError
        If the design is not reloadable, or its shape or formats cannot hold the network; names the
        node, the rule and the value.
    """
    if (network is None) == (theta is None):
        raise ConfigError("`network` or `theta` must be given, one of them and not both")
    window = None if theta is None else checked_window(theta)
    design, folder = Design.read(directory), DesignFolder(directory)
    plan = read_plan(folder, design.network)
    written = plan.layers[0].reloadable
    if written is Reloadable.NONE:
        raise ConfigError(
            f"{directory}: its coefficients cannot be written; generate it with `reloadable`"
        )
    if window is not None:
        return _with(plan, replace(design, network=at_window(design, window), settled=None))
    if written is not Reloadable.ALL:
        raise ConfigError(
            f"{directory}: only the coefficients of its memories can be written, so that it takes "
            "another window (`theta`) but no other network; generate it with `reloadable` all"
        )
    return _with(plan, in_formats_of(design, instance(network, "`network`", Network)))


def _with(plan: Plan, design: Design) -> Reloaded:
    from lmu_hw.hdl.reload import AddressMap, reload_words  # which need Amaranth

    writes = reload_words(plan, design.network)
    return Reloaded(design=design, writes=writes, data_bits=AddressMap(plan).data_bits)
