# SPDX-License-Identifier: Apache-2.0
"""The golden model in PyTorch computes the same words."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Role
from lmu_hw.network import (
    Codes,
    ElementwiseNode,
    Factor,
    Node,
    Product,
    QuantizedLayer,
    QuantizedNetwork,
    Signal,
    Term,
)
from tests import networks, random_networks, structured

torch = pytest.importorskip("torch", reason="quantization-aware training needs PyTorch")

from lmu_hw.train import CodeModel  # noqa: E402

STATE = FixedFormat(signed=True, int_bits=0, frac_bits=7)


def words(network: QuantizedNetwork, x_codes: np.ndarray) -> int:
    """Compare all answers, and return how many words there were."""
    expected, _ = GoldenModel(network).run(x_codes)
    with torch.no_grad():
        actual = CodeModel(network).run({"x": torch.tensor(x_codes).double()})
    assert np.array_equal(actual.numpy(), expected)
    return expected.size


def test_random_networks():
    compared = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        net = random_networks.random_network(random)
        compared += words(net, random_networks.random_input(random, net, 3, 7))
    assert compared > 2_000


@pytest.mark.parametrize("rank", [1, 2])
def test_memories_of_two_sweeps(rank):
    net = networks.network(memory_d=2, memory_to_memory=True, hidden_to_memory=True, dense=2)
    quantized = structured.with_sweeps(networks.quantized(net), rank=rank)
    x = networks.noise(net, sequences=3, steps=20)
    assert words(quantized, GoldenModel(quantized).quantize_input(x)) == 120


@pytest.mark.parametrize("kind", ["scan", "two-pass"])
def test_memories_of_running_sums(kind):
    from lmu_hw.quantize import Realization

    net = networks.network(theta=64.0, memory_to_memory=True)
    quantized = networks.quantized(net, realization=Realization(kind))
    x = networks.noise(net, sequences=3, steps=20)
    assert words(quantized, GoldenModel(quantized).quantize_input(x)) == 180


def gated() -> QuantizedNetwork:
    """Return a layer ``h = narrow(g h[t-1] + v - g v)``, where g and v read x."""
    weights = np.random.default_rng(0).integers(-128, 128, (2, 4, 3))
    requant = Requant(format=STATE, rounding=Rounding.HALF_UP, overflow=Overflow.SATURATE)

    def read(role: Role, codes: np.ndarray) -> Node:
        term = Term(source="x", delayed=False, weights=Codes(codes=codes, format=STATE))
        return Node(
            layer="l",
            role=role,
            segments=1,
            terms=(term,),
            bias=None,
            row_shifts=None,
            sum_frac_bits=14,
            requant=requant,
            activation=None,
            last_only=False,
        )

    g, v = Factor(source="l.g", delayed=False), Factor(source="l.v", delayed=False)
    h = ElementwiseNode(
        layer="l",
        role=Role.HIDDEN,
        rows=4,
        products=(
            Product(factors=(g, Factor(source="l.h", delayed=True))),
            Product(factors=(v,)),
            Product(factors=(g, v), negative=True),
        ),
        sum_frac_bits=14,
        requant=requant,
        activation=None,
    )
    layer = QuantizedLayer(
        name="l",
        input=Signal(size=3, format=STATE),
        nodes=(read(Role.CELL_CANDIDATE, weights[0]), read(Role.RECURRENT_PART, weights[1]), h),
        outputs=("l.h",),
        last_only=False,
    )
    return QuantizedNetwork(
        name="gated",
        input=requant,
        input_scale=Fraction(1),
        layers=(layer,),
        answers_once=False,
        softmax=False,
        model_digest="0" * 64,
    )


def test_elementwise_nodes():
    x_codes = np.random.default_rng(1).integers(-128, 128, (3, 20, 3))
    assert words(gated(), x_codes) == 240


def test_long_sums_are_refused():
    net = networks.network(order=8)
    quantized = networks.quantized(net, weight_bits=28, memory_bits=28, state_bits=28)
    with pytest.raises(RangeError, match="to be trained, sums must stay below 2\\*\\*53"):
        CodeModel(quantized)
