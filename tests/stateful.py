# SPDX-License-Identifier: Apache-2.0
"""Small networks of every kind of state, and the hardware that lets them be read and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lmu_hw.golden import GoldenModel
from lmu_hw.network import QuantizedNetwork, State
from lmu_hw.plan import Plan
from tests import networks, structured
from tests.gated import gated_network
from tests.plans import fastest_plan
from tests.random_networks import random_input
from tests.residues import with_feedback
from tests.running_sums import memory_network, scan, two_pass

__all__ = ["KINDS", "inputs_of", "plan_of", "state_after"]

_WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 9, "activation_bits": 6}


def _dense(**options: Any) -> QuantizedNetwork:
    return networks.quantized(networks.network(**options), **_WORDS)


def _sweeps(**options: Any) -> QuantizedNetwork:
    plain = networks.quantized(networks.network(theta=6.0, **options), memory_bits=10, **_WORDS)
    return structured.with_sweeps(plain, theta=6.0)


KINDS: dict[str, tuple[Callable[[], QuantizedNetwork], int | None]] = {
    "dense, read back": (
        lambda: _dense(order=5, units=6, hidden_to_memory=True, memory_to_memory=True),
        8,
    ),
    "dense, one multiplier": (lambda: _dense(order=3, units=3), 1),
    "dense, two memories, unrolled": (
        lambda: _dense(order=3, memory_d=2, inputs=2, memory_to_memory=True),
        None,
    ),
    "error feedback": (
        lambda: with_feedback(_dense(order=5, units=3, memory_d=2, inputs=2), everywhere=True),
        8,
    ),
    "two layers, then dense": (lambda: _dense(layers=2, dense=2), 4),
    "two layers, answers once": (
        lambda: _dense(layers=2, return_sequences=False, order=2, units=2),
        4,
    ),
    "sweeps, read back": (lambda: _sweeps(order=5, units=3, memory_to_memory=True), 4),
    "sweeps, two memories": (lambda: _sweeps(order=3, memory_d=2, inputs=2), None),
    "scan": (lambda: memory_network(scan(5, 20.0)), 1),
    "scan, two memories": (lambda: memory_network(scan(5, 20.0), segments=2), 8),
    "two passes": (lambda: memory_network(two_pass(5, 20.0)), 1),
    "two passes, two memories": (lambda: memory_network(two_pass(5, 20.0), segments=2), 4),
    "lstm": (lambda: gated_network("lstm", units=5, order=3, seed=1), 4),
    "gru": (lambda: gated_network("gru", units=5, seed=1), 16),
    "gru, reset before": (lambda: gated_network("gru, reset before", units=3, layers=2, seed=1), 4),
}
"""Network and multipliers of each kind."""


def plan_of(network: QuantizedNetwork, lanes: int | None, **options: Any) -> Plan:
    """Return a plan with access to states."""
    return replace(fastest_plan(network, lanes, **options), state_access=True)


def inputs_of(network: QuantizedNetwork, steps: int, *, seed: int = 3) -> np.ndarray:
    """Return (1, steps, inputs) random input codes."""
    return random_input(np.random.default_rng(seed), network, 1, steps)


def state_after(network: QuantizedNetwork, x_codes: np.ndarray) -> State:
    """Return the golden model's state after some steps."""
    return GoldenModel(network).trace(x_codes).state
