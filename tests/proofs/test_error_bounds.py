# SPDX-License-Identifier: Apache-2.0
"""Error bounds of networks whose every part rounds: reached by the worst input, never exceeded."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lmu_hw
from lmu_hw.fixed import Requant, Rounding
from lmu_hw.fixed.ops import dequantize
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.quantize import Basis
from tests import networks

FINE = {"weight_bits": 24, "memory_bits": 24, "state_bits": 22, "input_bits": 18, "refit": False}
STEPS = 160
SCALE = 0.9999  # of the largest input: no code saturates


def network(*, cell=False, passed=True, bias=True, memory_d=1, order=4, **parts) -> Network:
    """Return a layer of two inputs before a linear cell or a linear dense layer of two outputs."""
    random = np.random.default_rng(11)
    states, inputs = memory_d * order, 2
    W = random.uniform(-1.0, 1.0, (2, states + inputs))
    b = random.uniform(-1.0, 1.0, 2) if bias else None
    hidden = SimpleCell(
        W_m=W[:, :states],
        W_x=W[:, states:] if passed else None,
        W_h=None,
        b=b,
        activation="linear",
    )
    fields = {
        "name": "lmu0",
        "memory": Memory.legendre(order, 12.0, Discretizer.ZOH),
        "E_x": random.uniform(-1.0, 1.0, (memory_d, inputs)),
        "E_h": None,
        "E_m": None,
        "b_u": random.uniform(-0.3, 0.3, memory_d) if bias else None,
        "hidden": hidden if cell else None,
        "input_to_hidden": passed,
        "return_sequences": True,
    }
    layer = LmuLayer(**fields | parts)
    read = W if passed else W[:, :states]
    head = DenseLayer(name="head", W=read, b=b, activation="linear")
    return Network(name="rounds", layers=(layer,) if cell else (layer, head))


def designed(net, *, coarse=None, rounding=None, **options):
    """Return a design of fine formats, but for `coarse`: a part and its fraction bits."""
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 200, 2))
    config = lmu_hw.configure(net, x, **FINE | {"margin": 2.0} | options)
    nodes = dict(config.nodes)
    for name, node in nodes.items():
        requant = replace(node.requant, rounding=rounding or node.requant.rounding)
        nodes[name] = replace(node, requant=requant)
    entry = replace(config.input, rounding=rounding or config.input.rounding)
    for (name, label), frac_bits in (coarse or {}).items():
        if name == "input":
            entry = coarser(entry, frac_bits)
        elif not label:
            nodes[name] = replace(nodes[name], requant=coarser(nodes[name].requant, frac_bits))
        else:
            fmt = replace(nodes[name].weights[label], frac_bits=frac_bits)
            nodes[name] = replace(nodes[name], weights={**nodes[name].weights, label: fmt})
    return lmu_hw.quantize(net, x, config=replace(config, nodes=nodes, input=entry))


def coarser(requant: Requant, frac_bits: int) -> Requant:
    return replace(requant, format=replace(requant.format, frac_bits=frac_bits))


def last(design):
    """Return the bound of the last node."""
    return design.certify().errors[-1]


def real(node, source: str, *, delayed: bool = False) -> np.ndarray:
    """Return the weights of a sum of products as real numbers."""
    (term,) = [t for t in node.terms if (t.source, t.delayed) == (source, delayed)]
    shifts = np.array(node.row_shifts or [0] * node.rows)
    return term.weights.codes * 2.0 ** -(term.weights.format.frac_bits + shifts)[:, None]


def both(design):
    """Return (C, A, B, E_x, W_x) of the integers and of the float network; W_x may be None."""
    u, m, *_ = design.network.layers[0].nodes
    layer = design.reference.layers[0]
    states = layer.memory_d * layer.memory.order
    head = design.network.nodes[-1]
    quantized = real(m, m.name, delayed=True), real(m, u.name)[:, 0], real(u, "x")
    ideal = layer.memory.A, layer.memory.B, layer.E_x
    if layer.hidden is None:
        W, float_W = real(head, "x"), design.reference.layers[1].W
        pair = (W[:, :states], W[:, states:]), (float_W[:, :states], float_W[:, states:])
    else:
        direct = real(head, "x") if layer.hidden.W_x is not None else None
        pair = (real(head, m.name), direct), (layer.hidden.W_m, layer.hidden.W_x)
    return [(C, *own, W_x) for (C, W_x), own in zip(pair, (quantized, ideal), strict=True)]


def responses(C, A, B, E, W_x) -> np.ndarray:
    """Return what each output answers to an impulse of each input, (steps, outputs, inputs)."""
    states, found = B[:, None] * E, np.empty((STEPS, len(C), E.shape[1]))
    for step in range(STEPS):
        found[step] = C @ states
        states = A @ states
    if W_x is not None and W_x.size:
        found[0] += W_x
    return found


def off(design, x) -> np.ndarray:
    """Return |golden - float| of the last node at the last step, (sequences, outputs)."""
    node = design.network.nodes[-1]
    trace = design.trace(x)
    assert not any(trace.overflows.values())
    codes = trace.codes[node.name][:, -1]
    ideal = design.reference.trace(design.reference_input(x))[node.name][:, -1]
    return np.abs(dequantize(codes, node.requant.format) - ideal)


def narrowed(design, name, x) -> np.ndarray:
    """Return what the narrowing of a node adds to its exact sum, for inputs (n, 2)."""
    node = next(node for node in design.network.nodes if node.name == name)
    fmt = design.network.input.format
    sums = np.rint(x / fmt.ulp) * fmt.ulp @ real(node, "x").T
    if node.bias is not None:
        sums = sums + node.bias.codes * 2.0**-node.sum_frac_bits
    own = dequantize(design.trace(x[:, None]).codes[name][:, 0], node.requant.format)
    return own - sums


COARSE = {
    "encoders": {("lmu0.u", "x"): 2},
    "memory": {("lmu0.m", "lmu0.m[t-1]"): 7, ("lmu0.m", "lmu0.u"): 7},
    "dense head": {("head.y", "x"): 2},
    "dense head with input": {("head.y", "x"): 2},
    "read-out of a cell": {("lmu0.h", "lmu0.m"): 3},
    "input weights of a cell": {("lmu0.h", "x"): 2},
}


@pytest.mark.parametrize("part", COARSE)
def test_an_input_reaches_what_rounded_weights_can_do(part):
    net = network(cell="cell" in part, passed="input" in part, bias=False)
    design = designed(net, coarse=COARSE[part])
    head = last(design)
    quantized, ideal = both(design)
    difference = responses(*quantized) - responses(*ideal)
    signs = np.sign(difference[::-1]).swapaxes(0, 1)
    found = off(design, SCALE * np.where(signs == 0.0, 1.0, signs))
    assert np.all(found.max(axis=0) <= head.error.total)
    assert np.all(found.diagonal() >= 0.9 * np.array(head.error.total))


@pytest.mark.parametrize("cell", [True, False])
def test_inputs_between_two_codes_reach_what_their_rounding_can_do(cell):
    design = designed(network(cell=cell), coarse={("input", ""): 3})
    head = last(design)
    signs = np.sign(responses(*both(design)[1])[::-1]).swapaxes(0, 1)
    codes = np.random.default_rng(2).integers(-6, 7, signs.shape)
    found = off(design, (codes + 0.4999 * signs) * 2.0**-3)
    assert np.all(found.max(axis=0) <= head.error.total)
    assert np.all(found.diagonal() >= 0.99 * np.array(head.error.total))


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize(("name", "column"), [("lmu0.u", 0), ("lmu0.p", 1)])
def test_inputs_reach_what_the_narrowing_between_memory_and_input_can_do(rounding, name, column):
    design = designed(network(), coarse={(name, ""): 3}, rounding=rounding)
    head = last(design)
    C, A, B, _, W_x = both(design)[1]
    pool = np.random.default_rng(3).uniform(-0.9, 0.9, (4000, 2))
    added = narrowed(design, name, pool)
    if column == 0:
        weight = responses(C, A, B, np.eye(1), None)[::-1, :, 0]
        ends = pool[added[:, 0].argmin()], pool[added[:, 0].argmax()]
        signs = [weight[:, output] > 0 for output in range(2)]
        x = np.stack([np.where(up[:, None], ends[1], ends[0]) for up in signs])
    else:
        best = [np.abs(added @ row).argmax() for row in W_x]
        x = np.repeat(pool[best][:, None], STEPS, axis=1)
    found = off(design, np.concatenate([x, -x]))
    assert np.all(found.max(axis=0) <= head.error.total)
    if rounding is not Rounding.FLOOR:  # whose errors have one sign
        assert np.all(found.max(axis=0) >= 0.9 * np.array(head.error.total))


def summed(C, A, B=None) -> np.ndarray:
    """Return the summed magnitudes of ``C A**k B``, or of all elements of ``C A**k``, by row."""
    total = np.zeros(len(C))
    for _ in range(STEPS):
        total += np.abs(C if B is None else C @ B[:, None]).sum(axis=1)
        C = C @ A
    return total


def apart(first, second) -> np.ndarray:
    """Return the summed magnitudes of ``C A**k B`` less that of another memory."""
    total, (C, A, B), (D, F, G) = np.zeros(len(first[0])), first, second
    for _ in range(STEPS):
        total += np.abs(C @ B - D @ G)
        B, G = A @ B, F @ G
    return total


def error_of_u(design, ideal_E, largest: float) -> np.ndarray:
    """Return by how much each u can be off: its weights, the input, its bias, its narrowing."""
    u, entry = design.network.layers[0].nodes[0], design.network.input
    found = np.abs(real(u, "x") - ideal_E).sum(axis=1) * entry.format.max_magnitude
    found = found * entry.format.ulp + np.abs(ideal_E).sum(axis=1) * largest * entry.format.ulp
    found += bias_error(u, design.reference.layers[0].b_u)
    return found + largest * u.requant.format.ulp


def bias_error(node, ideal) -> np.ndarray:
    """Return by how much rounding changed the bias of a node."""
    own = np.zeros(node.rows) if node.bias is None else node.bias.codes * 2.0**-node.sum_frac_bits
    return np.abs(own - (0.0 if ideal is None else ideal))


ROUGH = {"weight_bits": 6, "memory_bits": 8, "state_bits": 9, "input_bits": 7}
CASES = [
    (Rounding.HALF_UP, {}, {}),
    (Rounding.FLOOR, {"cell": True}, {}),
    (Rounding.HALF_EVEN, {"passed": False}, {}),
    (Rounding.TOWARD_ZERO, {"memory_d": 3, "bias": False}, {}),
    (Rounding.FLOOR, {"memory_d": 2, "cell": True}, {"error_feedback": True}),
    (Rounding.HALF_UP, {"cell": True, "passed": False}, {"basis": Basis.TRAINED}),
]


def largest_of(rounding) -> float:
    return 0.5 if rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN) else 1.0


def dropped(rows, A, node) -> np.ndarray:
    """Return what the narrowing of the states adds to rows, summed over all steps."""
    ulp = node.requant.format.ulp
    if not node.error_feedback:
        return summed(rows, A) * largest_of(node.requant.rounding) * ulp
    return (np.abs(rows).sum(axis=1) + summed(rows - rows @ A, A)) * ulp / 2  # of the residues


@pytest.mark.parametrize(("rounding", "kind", "options"), CASES)
def test_states_that_the_host_reads_are_bounded_by_their_sums(rounding, kind, options):
    kind = {**kind, "passed": False, "cell": False}
    (layer, _), order = network(**kind).layers, 4
    net = Network(name="open", layers=(layer,))
    design = designed(net, rounding=rounding, **ROUGH, **{**options, "basis": Basis.TRAINED})
    certificate = design.certify()
    u, m = design.network.layers[0].nodes
    ideal, E = design.reference.layers[0].memory, design.reference.layers[0].E_x
    own = real(m, m.name, delayed=True), real(m, u.name)[:, 0]
    states, u_limit = np.eye(order), float(certificate.memories[0].pair.memory.u_limit)
    u_off = np.repeat(error_of_u(design, E, largest_of(rounding)), order)
    differs = apart((states, *own), (states, ideal.A, ideal.B)) * u_limit
    differs += dropped(states, own[0], m)
    heard = np.tile(summed(states, ideal.A, ideal.B), len(E)) * u_off
    assert close(certificate.errors[-1].error.total, np.tile(differs, len(E)) + heard)
    (readout,) = certificate.readouts
    assert close(np.array(readout.error) + readout.rounding, np.tile(differs, len(E)))


@pytest.mark.parametrize(("rounding", "kind", "options"), CASES)
def test_a_bound_is_the_sum_over_all_steps(rounding, kind, options):
    design = designed(network(**kind), rounding=rounding, **ROUGH, **options)
    certificate = design.certify()
    (memory,), head = certificate.memories, certificate.errors[-1]
    (Cq, Aq, Bq, *_, Wq), (C, A, B, E, W) = both(design)
    node, largest, fmt = design.network.nodes[-1], largest_of(rounding), design.network.input.format
    parts = [slice(4 * k, 4 * k + 4) for k in range(len(E))]
    u_limit = float(memory.pair.memory.u_limit)
    coefficients = sum(apart((Cq[:, s], Aq, Bq), (C[:, s], A, B)) for s in parts) * u_limit
    layer = design.reference.layers[-1]
    coefficients += bias_error(node, layer.b if layer.name == "head" else layer.hidden.b)
    u_off = error_of_u(design, E, largest)
    reached = sum(summed(C[:, s], A, B) * u for s, u in zip(parts, u_off, strict=True))
    if kind.get("passed", True):
        coefficients += np.abs(Wq - W).sum(axis=1) * fmt.max_magnitude * fmt.ulp
        reached += np.abs(W).sum(axis=1) * largest * fmt.ulp
    rounded = sum(dropped(Cq[:, s], Aq, design.network.layers[0].nodes[1]) for s in parts)
    own = largest * node.requant.format.ulp
    assert close(head.error.total, coefficients + reached + rounded + own)
    causes = head.error.by_cause
    parts = [causes.coefficients, causes.rounding, causes.input]
    assert close(head.error.total, np.sum(parts, axis=0))


def close(found, expected) -> bool:
    """Say whether bounds are at most a thousandth above what they bound."""
    found = np.array(found)
    return bool(np.all(expected <= found * (1 + 1e-9)) and np.all(found <= 1.001 * expected + 1e-9))


@pytest.mark.parametrize(("rounding", "kind", "options"), CASES)
def test_no_error_of_rough_networks_exceeds_its_bound(rounding, kind, options):
    design = designed(network(**kind), rounding=rounding, **ROUGH, **options)
    certificate = design.certify()
    bounds = {entry.name: entry.error.total for entry in certificate.errors}
    assert {"lmu0.u", design.network.nodes[-1].name} <= set(bounds)
    x = np.random.default_rng(4).uniform(-0.98, 0.98, (40, STEPS, 2))
    x[:10] = np.sign(x[:10, :1]) * 0.98
    x[10:20] *= 0.01
    trace, ideal = design.trace(x), design.reference.trace(design.reference_input(x))
    assert not any(trace.overflows.values())
    for node in design.network.nodes:
        if node.name in ideal and node.name in bounds:
            error = dequantize(trace.codes[node.name], node.requant.format) - ideal[node.name]
            reached = np.abs(error).max(axis=(0, 1)).reshape(-1, len(bounds[node.name]))
            assert np.all(reached <= bounds[node.name])
            assert np.all(reached.max(axis=0) >= 0.05 * np.array(bounds[node.name]))


def test_inputs_that_are_integers_are_exact():
    net = network(cell=True)
    pixels = np.random.default_rng(1).integers(-8, 9, (4, 60, 2)).astype(float)
    fine = {"refit": False, "weight_bits": 24, "memory_bits": 24, "state_bits": 22}
    exact, between, unscaled = (
        min(lmu_hw.quantize(net, x, **fine, **options).certify().errors[-1].error.by_cause.input)
        for x, options in (
            (pixels / 8, {"input_scale": Fraction(1, 8)}),
            (pixels / 9, {"input_scale": Fraction(1, 8), "input_bits": 6}),
            (pixels, {"input_bits": 5}),
        )
    )
    assert exact < 1e-4 and between > 0.01 and unscaled > 0.1


def bounded(net, **options) -> list[str]:
    """Return which nodes of a network have a bound against float."""
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 60, net.inputs))
    return [entry.name for entry in lmu_hw.quantize(net, x, **options).certify().errors]


def test_what_feeds_back_has_no_bound_nor_what_follows():
    states, units = np.full((1, 4), 0.1), np.full((1, 2), 0.1)
    assert bounded(network(cell=True)) == ["lmu0.u", "lmu0.h"]
    for fed in ({"E_h": units}, {"E_m": states}):
        assert bounded(network(cell=True, **fed)) == []
    hidden = SimpleCell(W_m=np.ones((2, 4)), W_x=None, W_h=np.eye(2), b=None, activation="linear")
    recurrent = network(cell=True, hidden=hidden, input_to_hidden=False)
    assert bounded(recurrent) == ["lmu0.u"]
    head = DenseLayer(name="head", W=np.ones((2, 2)), b=None, activation="linear")
    assert bounded(replace(recurrent, layers=(*recurrent.layers, head))) == ["lmu0.u"]


def test_functions_of_bounded_slope_pass_a_bound_on():
    names = ["lmu0.u_pre", "lmu0.u", "lmu0.p", "head.y"]
    assert bounded(network(encoder="tanh")) == bounded(network(encoder="relu")) == names
    assert bounded(network(encoder="exponential")) == ["lmu0.u_pre", "lmu0.p"]
    stack = networks.network(layers=2, hidden="dense", activation="tanh", order=4, dense=2)
    assert bounded(stack)[-4:] == ["lmu1.u", "lmu1.z", "lmu1.h", "dense.y"]


@pytest.mark.parametrize("silent", ["W_m", "W_x"])
def test_what_a_cell_does_not_read_adds_nothing(silent):
    (layer,) = network(cell=True).layers
    hidden = replace(layer.hidden, **{silent: np.zeros_like(getattr(layer.hidden, silent))})
    design = designed(network(cell=True, hidden=hidden))
    head = last(design)
    assert max(head.error.total) < 1e-4
