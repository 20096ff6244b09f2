# SPDX-License-Identifier: Apache-2.0
"""The memory that proofs see: what its codes stand for, what u can reach, what a step drops."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Role
from lmu_hw.network import (
    Codes,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Signal,
    Table,
    Term,
)
from lmu_hw.proofs import prove_range, quantized_memories, values
from lmu_hw.proofs.ranges import node_ranges
from tests import networks, structured
from tests.running_sums import STATE, memory_network, scan

INPUT = FixedFormat(signed=True, int_bits=0, frac_bits=3)
WEIGHT = FixedFormat(signed=True, int_bits=0, frac_bits=3)
WIDE = FixedFormat(signed=True, int_bits=4, frac_bits=6)


def encoded(
    *,
    weights=((3, 5),),
    bias=None,
    shifts=None,
    fmt=WIDE,
    activation=None,
    rounding=Rounding.HALF_UP,
    overflow=Overflow.SATURATE,
    m_fmt=WIDE,
    **m_parts,
) -> QuantizedNetwork:
    """Return a memory of one state behind an encoder of two inputs, all of few bits."""
    weights = np.array(weights)
    sums = INPUT.frac_bits + WEIGHT.frac_bits + max(shifts or [0])
    u = Node(
        layer="lmu",
        role=Role.ENCODED,
        segments=1,
        terms=(Term(source="x", delayed=False, weights=Codes(codes=weights, format=WEIGHT)),),
        bias=bias and Codes(codes=np.array(bias), format=replace(WIDE, frac_bits=sums)),
        row_shifts=shifts,
        sum_frac_bits=sums,
        requant=Requant(format=fmt, rounding=rounding, overflow=overflow),
        activation=activation,
        last_only=False,
    )
    heard = FixedFormat(signed=True, int_bits=0, frac_bits=2)
    m = {
        "layer": "lmu",
        "role": Role.MEMORY,
        "segments": len(weights),
        "terms": tuple(
            Term(
                source=source,
                delayed=source == "lmu.m",
                weights=Codes(codes=np.array([[code]]), format=heard),
            )
            for source, code in (("lmu.m", 2), ("lmu.u", 1))
        ),
        "bias": None,
        "row_shifts": None,
        "sum_frac_bits": 2 + max(m_fmt.frac_bits, u.signal.format.frac_bits),
        "requant": Requant(format=m_fmt, rounding=rounding, overflow=Overflow.SATURATE),
        "activation": None,
        "last_only": False,
    }
    layer = QuantizedLayer(
        name="lmu",
        input=Signal(size=2, format=INPUT),
        nodes=(u, Node(**m | m_parts)),
        outputs=("lmu.m",),
        last_only=False,
    )
    return QuantizedNetwork(
        name="small",
        input=Requant(format=INPUT, rounding=Rounding.HALF_UP, overflow=Overflow.SATURATE),
        input_scale=Fraction(1),
        layers=(layer,),
        answers_once=False,
        softmax=False,
        model_digest="0" * 64,
    )


def reached(network) -> Fraction:
    """Return the largest |u| of all inputs there are."""
    codes = np.arange(INPUT.min_code, INPUT.max_code + 1)
    x = np.stack(np.meshgrid(codes, codes), axis=-1).reshape(-1, 1, 2)
    u = network.layers[0].nodes[0]
    largest = np.abs(GoldenModel(network).trace(x).codes["lmu.u"]).max()
    return int(largest) * Fraction(2) ** -u.signal.format.frac_bits


NARROW = FixedFormat(signed=True, int_bits=-2, frac_bits=6)
COARSE = FixedFormat(signed=True, int_bits=4, frac_bits=2)
FINER = FixedFormat(signed=True, int_bits=4, frac_bits=9)
FEW = FixedFormat(signed=True, int_bits=1, frac_bits=1)
SIGMOID = Table.full(
    "test",
    FEW,
    Codes(
        codes=np.array([3, 9, 10, 11, -11, -13, -14, 2]),
        format=FixedFormat(signed=True, int_bits=1, frac_bits=4),
    ),
)
LIMITS = [
    ({}, 0, False),
    ({"weights": ((3, 5), (7, 1))}, 0, False),
    ({"bias": [-9]}, 0, False),
    ({"shifts": (2, 0), "weights": ((7, 7), (2, 1))}, 0, False),
    ({"fmt": COARSE}, 1, False),
    ({"fmt": FINER}, 0, False),
    ({"fmt": NARROW}, 0, True),
    ({"fmt": NARROW, "overflow": Overflow.WRAP}, 0, True),
    ({"overflow": Overflow.WRAP}, None, True),
    (
        {"weights": ((-3, -5),), "activation": Rectifier(format=replace(WIDE, signed=False))},
        0,
        False,
    ),
    ({"activation": Rectifier(format=replace(NARROW, signed=False)), "fmt": NARROW}, 0, True),
    ({"activation": SIGMOID, "fmt": FEW}, 0, None),
]


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize(("kind", "slack", "saturates"), LIMITS)
def test_u_reaches_its_limit_and_never_exceeds_it(kind, slack, saturates, rounding):
    network = encoded(**kind, rounding=rounding)
    (memory,) = quantized_memories(network)
    most, fmt = reached(network), network.layers[0].nodes[0].signal.format
    assert most <= memory.u_limit
    if slack is not None:
        ulp = Fraction(2) ** -fmt.frac_bits
        assert memory.u_limit <= most + (slack + 1) * ulp
    if saturates is not None:
        assert memory.u_saturates == saturates


@pytest.mark.parametrize(
    ("rounding", "feedback", "largest", "drift"),
    [
        (Rounding.FLOOR, False, Fraction(1), -0.5),
        (Rounding.FLOOR, True, Fraction(1, 2), -0.5),
        (Rounding.HALF_UP, False, Fraction(1, 2), 0.0),
        (Rounding.HALF_EVEN, False, Fraction(1, 2), 0.0),
        (Rounding.TOWARD_ZERO, False, Fraction(1), 0.0),
    ],
)
def test_a_step_drops_no_more_than_its_largest_error(rounding, feedback, largest, drift):
    network = encoded(rounding=rounding, m_fmt=COARSE, error_feedback=feedback)
    (memory,) = quantized_memories(network)
    x = np.random.default_rng(0).integers(-8, 8, (50, 200, 2))
    codes = GoldenModel(network).trace(x).codes
    u, m = codes["lmu.u"] * WIDE.ulp / COARSE.ulp, codes["lmu.m"]
    error = (m[:, 1:] - m[:, :-1] * memory.A[0, 0] - u[:, 1:] * memory.B[0])[..., 0]
    dropped = np.abs(error)
    if feedback:  # what a residue changes by: their sum is the residue
        residues = np.cumsum(error, axis=1)
        dropped = np.ptp(residues, axis=1) / 2
    assert memory.rounding_error == largest and memory.drift == drift
    assert 0.9 * largest < dropped.max() <= largest


def test_matrices_are_codes_at_the_scale_of_their_rows():
    kind = {"hidden": "dense", "memory_to_memory": True, "bias": False}
    net = networks.network(order=3, memory_d=2, **kind)
    network = networks.quantized(net, memory_bits=5, weight_bits=5)
    u, m = network.layers[0].nodes[:2]
    shifts = {"u": (0, 2), "m": (1, 0, 3)}
    shifted = [
        replace(node, row_shifts=shifts[kind], sum_frac_bits=node.sum_frac_bits + 3)
        for kind, node in zip("um", (u, m), strict=True)
    ]
    layer = replace(network.layers[0], nodes=(*shifted, *network.layers[0].nodes[2:]))
    (memory,) = quantized_memories(replace(network, layers=(layer,)))
    for matrix, node, source, kind in (
        (memory.A, m, "lmu0.m", "m"),
        (memory.B[:, None], m, "lmu0.u", "m"),
        (memory.E_m, u, "lmu0.m", "u"),
    ):
        (term,) = (term for term in node.terms if term.source == source)
        for row, found, shift in zip(term.weights.codes, matrix, shifts[kind], strict=True):
            unit = Fraction(1, 2 ** (term.weights.format.frac_bits + shift))
            assert [Fraction(value) for value in found.tolist()] == [
                int(code) * unit for code in row
            ]


def test_a_closed_loop_is_one_step_of_all_memories():
    net = networks.network(order=3, memory_d=2, hidden="dense", memory_to_memory=True)
    (memory,) = quantized_memories(networks.quantized(net))
    states = np.random.default_rng(0).normal(size=(2, 3))
    u = memory.E_m @ states.ravel()
    expected = states @ memory.A.T + u[:, None] * memory.B
    assert memory.segments == 2
    assert np.allclose(memory.closed_loop @ states.ravel(), expected.ravel())  # float sums


def test_a_node_has_no_weights_of_what_it_does_not_read():
    network = structured.with_sweeps(networks.quantized(networks.network(hidden="dense")))
    u, m, h = network.layers[0].nodes
    for node, read in ((u, ("x", False)), (m, ("lmu0.m", True)), (m, ("lmu0.u", False))):
        assert values(node, read[0], delayed=read[1]) is not None
        assert values(node, read[0], delayed=not read[1]) is None
        assert values(node, "lmu0.h", delayed=True) is None
    assert values(m, "x", delayed=False) is None
    assert values(h, "lmu0.m", delayed=False) is not None


@pytest.mark.parametrize("feedback", [{}, {"hidden_to_memory": True}, {"memory_to_memory": True}])
def test_a_memory_is_open_if_nothing_feeds_back_into_u(feedback):
    net = networks.network(**feedback)
    if "memory_to_memory" in feedback:  # one state that feeds back closes the loop
        only = replace(net.layers[0], E_m=np.array([[0.0, 0.2, 0.0]]))
        net = replace(net, layers=(only, *net.layers[1:]))
    (memory,) = quantized_memories(networks.quantized(net))
    assert memory.open_loop == (not feedback)
    assert memory.E_h == ("hidden_to_memory" in feedback)


def test_every_memory_is_found_in_order():
    net = networks.network(layers=2, recurrent="lstm", dense=2)
    names = [memory.name for memory in quantized_memories(networks.quantized(net))]
    assert names == ["lmu0.m", "lmu1.m"]


def test_an_accumulator_is_as_wide_as_its_largest_sum():
    u, m = node_ranges(encoded(weights=((3, -5),), bias=[-9]), {})
    assert not u.by_gain and not m.by_gain
    assert u.accumulator_bits == 8  # (3 + 5) * 8 = 64 without the bias
    running = scan(6, 40.0)
    *_, sums = node_ranges(memory_network(running), {})
    assert sums.name == "only.m running sum" and not sums.by_gain
    largest = running.sum_bounds(STATE).running
    assert 2 ** (sums.accumulator_bits - 2) <= largest < 2 ** (sums.accumulator_bits - 1)


@pytest.mark.parametrize("rounding", Rounding)
def test_the_proof_of_one_state_by_hand(rounding):
    """m[t] = m[t-1] / 2 + u[t] / 4, so that g = 1/2 and T = 2, and |u| is at most 1."""
    (memory,) = quantized_memories(encoded(rounding=rounding, m_fmt=COARSE))
    proof, ulp = prove_range(memory), Fraction(1, 4)
    assert memory.u_limit == 1
    exact = memory.u_limit / 2 / ulp + 2 * memory.rounding_error
    (bound,) = proof.bound
    assert exact <= bound <= exact + 1
    for gain, least in ((proof.input_gain, 0.5), (proof.rounding_gain, 2.0)):
        assert least < gain[0] < least * 1.001
    assert proof.value == bound * float(ulp)
    assert proof.proved and proof.scale == 1.0


@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.HALF_UP])
@pytest.mark.parametrize("int_bits", [-3, -2, -1, 0, 2])
def test_the_fewest_bits_and_the_largest_scale_are_those_of_the_proof(rounding, int_bits):
    fmt = FixedFormat(signed=True, int_bits=int_bits, frac_bits=4)
    (memory,) = quantized_memories(encoded(rounding=rounding, m_fmt=fmt))
    proof = prove_range(memory)

    def proved(bits: int, scale: float = 1.0) -> bool:
        other = FixedFormat.of_width(bits, signed=True, int_bits=int_bits)
        requant = replace(memory.requant, format=other)
        return prove_range(
            replace(memory, requant=requant, u_limit=memory.u_limit * Fraction(scale))
        ).proved

    most = [bits for bits in range(max(2, int_bits + 1), 24) if proved(bits)]
    assert proof.bits == (min(most) if most else None)
    if proof.scale is None:
        assert not proved(fmt.width, 1e-6)
    else:
        assert proved(fmt.width, proof.scale * (1.0 - 1e-9))
        assert proof.scale == 1.0 or not proved(fmt.width, proof.scale * 1.01)
