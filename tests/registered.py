# SPDX-License-Identifier: Apache-2.0
"""A small design with registers: packets, and coefficients that can be written."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from lmu_hw.hdl import emit_verilog
from lmu_hw.network import QuantizedNetwork, stream_of
from lmu_hw.plan import Plan, Reloadable
from lmu_hw.quantize import Realization
from tests import networks
from tests.plans import fastest_plan

__all__ = ["DIGEST", "emitted", "small"]

DIGEST = "0123456789abcdeffedcba9876543210" * 2


@cache
def small() -> tuple[QuantizedNetwork, Plan]:
    """Return its network and its plan."""
    float_network = networks.network(order=3, units=2, dense=2)
    realization = Realization.SEMISEPARABLE
    network = networks.quantized(float_network, weight_bits=6, realization=realization)
    plan = fastest_plan(network, 3, reloadable=Reloadable.MEMORY, stream=stream_of(8))
    return network, replace(plan, registers=True)


@cache
def emitted() -> dict[str, str]:
    """Return its Verilog and the contents of its ROMs."""
    network, plan = small()
    return emit_verilog(network, plan, digest=DIGEST)
