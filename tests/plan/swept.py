# SPDX-License-Identifier: Apache-2.0
"""Networks to plan whose memories are computed by two recursions."""

from __future__ import annotations

from typing import Any

from lmu_hw.network import QuantizedNetwork
from tests import networks, structured


def swept(order: int, rank: int = 1, **shape: Any) -> QuantizedNetwork:
    """Return a network whose memory is computed by two recursions."""
    net = networks.network(order=order, theta=4.0 * order, **shape)
    words = {"weight_bits": 6, "memory_bits": 16, "state_bits": 16, "activation_bits": 6}
    return structured.with_sweeps(networks.quantized(net, **words), theta=4.0 * order, rank=rank)
