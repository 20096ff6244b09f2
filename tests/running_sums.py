# SPDX-License-Identifier: Apache-2.0
"""Networks of one memory that is computed by running sums."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu import Role
from lmu_hw.network import (
    INPUT,
    Codes,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Signal,
    Term,
)
from lmu_hw.network.scan import Scan
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.realize.scan import scan_update
from lmu_hw.realize.two_pass import two_pass_update

__all__ = [
    "dense_twin",
    "full_scale",
    "memory_network",
    "memory_node",
    "saturating",
    "scan",
    "two_pass",
]

SOURCE = FixedFormat(signed=True, int_bits=0, frac_bits=11)
STATE = FixedFormat(signed=True, int_bits=3, frac_bits=10)


def saturating(fmt: FixedFormat, rounding: Rounding = Rounding.HALF_UP) -> Requant:
    """Return the narrowing to a format."""
    return Requant(format=fmt, rounding=rounding, overflow=Overflow.SATURATE)


def scan(
    order: int,
    theta: float,
    *,
    rate_bits: int = 6,
    state: FixedFormat = STATE,
    overflow: Overflow = Overflow.SATURATE,
    source: FixedFormat = SOURCE,
) -> Scan:
    """Return a forward Euler update."""
    return scan_update(
        order,
        theta,
        rate_bits=rate_bits,
        state=replace(saturating(state), overflow=overflow),
        source=source,
        where="only.m",
    )


def two_pass(
    order: int,
    theta: float,
    *,
    rate_bits: int = 6,
    state: FixedFormat = STATE,
    overflow: Overflow = Overflow.SATURATE,
    source: FixedFormat = SOURCE,
) -> TwoPass:
    """Return a bilinear update."""
    return two_pass_update(
        order,
        theta,
        rate_bits=rate_bits,
        state=replace(saturating(state), overflow=overflow),
        source=source,
        where="only.m",
    )


def memory_network(
    update: Scan | TwoPass,
    *,
    segments: int = 1,
    source: FixedFormat = SOURCE,
    requant: Requant | None = None,
) -> QuantizedNetwork:
    """Return the network whose u is its input and whose output is the memory."""
    memory = MemoryNode(
        layer="only",
        segments=segments,
        source="only.u",
        update=update,
        requant=requant or saturating(STATE),
    )
    return _network(memory, segments, source)


def dense_twin(network: QuantizedNetwork) -> QuantizedNetwork:
    """Return the network whose memory is an ordinary node with the matrices of a scan."""
    memory = network.layers[0].memories[0]
    assert isinstance(memory.update, Scan)
    A, B = memory.update.integers()
    largest = int(max(np.abs(A).max(), np.abs(B).max()))
    fmt = FixedFormat.spanning(-largest, largest, frac_bits=memory.update.rate.format.frac_bits)
    node = Node(
        layer=memory.layer,
        role=Role.MEMORY,
        segments=memory.segments,
        terms=(
            Term(source=memory.name, delayed=True, weights=Codes(codes=A, format=fmt)),
            Term(source=memory.source, delayed=False, weights=Codes(codes=B[:, None], format=fmt)),
        ),
        bias=None,
        row_shifts=None,
        sum_frac_bits=memory.sum_frac_bits,
        requant=memory.requant,
        activation=None,
        last_only=False,
    )
    return _network(node, memory.segments, network.input.format)


def _network(memory: MemoryNode | Node, segments: int, source: FixedFormat) -> QuantizedNetwork:
    one = FixedFormat(signed=True, int_bits=1, frac_bits=0)
    identity = Codes(codes=np.eye(segments, dtype=np.int64), format=one)
    u = Node(
        layer="only",
        role=Role.ENCODED,
        segments=1,
        terms=(Term(source=INPUT, delayed=False, weights=identity),),
        bias=None,
        row_shifts=None,
        sum_frac_bits=source.frac_bits,
        requant=saturating(source),
        activation=None,
        last_only=False,
    )
    layer = QuantizedLayer(
        name="only",
        input=Signal(size=segments, format=source),
        nodes=(u, memory),
        outputs=(memory.name,),
        last_only=False,
    )
    return QuantizedNetwork(
        name="only",
        input=saturating(source),
        input_scale=Fraction(1),
        layers=(layer,),
        answers_once=False,
        softmax=False,
        model_digest="0" * 64,
    )


def memory_node(update) -> MemoryNode:
    """Return the memory of `memory_network`."""
    return memory_network(update).layers[0].memories[0]


def full_scale(sequences: int, steps: int, size: int, seed: int = 0) -> np.ndarray:
    """Return random input codes, among them constant and alternating full scale."""
    x = np.random.default_rng(seed).integers(
        SOURCE.min_code, SOURCE.max_code, (sequences, steps, size), endpoint=True
    )
    x[0] = SOURCE.min_code
    x[1] = np.where(np.arange(steps)[:, None] % 2, SOURCE.min_code, SOURCE.max_code)
    return x
