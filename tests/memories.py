# SPDX-License-Identifier: Apache-2.0
"""Memories for the tests of proofs: a float one and its rounded self, driven by the input alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.linalg

import lmu_hw
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, orthonormal_scale
from lmu_hw.lmu.system import legendre_system
from tests import structured


def zoh(order: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the orthonormal memory by zero-order hold."""
    memory = Memory.legendre(order, theta, Discretizer.ZOH)
    scale = orthonormal_scale(order)
    return memory.A * scale / scale[:, None], memory.B / scale


def bilinear(order: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the orthonormal memory by Tustin's method."""
    A, B = legendre_system(order)
    scale = orthonormal_scale(order)
    A, B = A * scale / scale[:, None] / theta, B / scale / theta
    left = np.eye(order) - A / 2
    return scipy.linalg.solve(left, np.eye(order) + A / 2), scipy.linalg.solve(left, B)


def rounded(matrix: np.ndarray, frac_bits: int) -> np.ndarray:
    return np.rint(matrix * 2.0**frac_bits) / 2.0**frac_bits


def memory_network(
    order: int, theta: float, *, A=None, B=None, outputs: int = 2, memory_d: int = 1
) -> Network:
    """Return memories that hear the input directly, before a linear dense layer."""
    memory = Memory.legendre(order, theta, Discretizer.ZOH)
    if A is not None:
        memory = Memory(A=A, B=B, theta=theta, discretizer=Discretizer.STORED)
    layer = LmuLayer(
        name="lmu0",
        memory=memory,
        E_x=np.eye(memory_d),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=False,
        return_sequences=True,
    )
    W = np.random.default_rng(5).normal(size=(outputs, memory_d * order))
    return Network(
        name="memory", layers=(layer, DenseLayer(name="head", W=W, b=None, activation="linear"))
    )


def built(order, theta, *, rank=1, bits=10, heard=0.96, **options):
    """Return a network of two recursions before a linear head, and its float reference (ZOH)."""
    net = memory_network(order, theta)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 1))
    design = lmu_hw.quantize(net, x, margin=1.0, **options)
    network = structured.with_sweeps(design.network, theta=theta, rank=rank, bits=bits, heard=heard)
    A, B = structured.signed_memory(order, theta, Discretizer.ZOH)
    memory = Memory(A=A, B=heard * B, theta=theta, discretizer=Discretizer.STORED)
    first, *rest = design.reference.layers
    layers = (replace(first, memory=memory), *rest)
    return network, Network(name="reference", layers=layers)
