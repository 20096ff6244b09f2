# SPDX-License-Identifier: Apache-2.0
"""What is measured keeps within what is proved; where it does not, the report says so."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.fixed import Rounding
from lmu_hw.measure import measure
from lmu_hw.measure.words import Level
from lmu_hw.proofs import impulse_response, settling_steps, sign_matched
from lmu_hw.quantize import MemoryRange
from lmu_hw.report.checks import check
from lmu_hw.report.verdict import verdict
from tests import networks
from tests.reports import certified, memory_design

MEMORIES = {
    "dense head": {"hidden": "none", "order": 4, "theta": 8.0, "dense": 2},
    "two memories": {"hidden": "none", "order": 6, "theta": 12.0, "memory_d": 2, "dense": 1},
    "linear cell": {"hidden": "dense", "activation": "linear", "order": 4, "theta": 9.0},
    "feedback": {"hidden_to_memory": True, "memory_to_memory": True, "order": 5, "theta": 10.0},
    "two layers": {"layers": 2, "return_sequences": False, "dense": 2},
}
WORDS = {
    "default": {},
    "short": {"state_bits": 8, "weight_bits": 8},
    "error feedback": {"state_bits": 10, "error_feedback": True},
}


def largest_input(design):
    """For every state of the first memory, the input that drives it as far as any can."""
    memory = design.reference.layers[0].memory
    responses = impulse_response(memory.A, memory.B, settling_steps(memory.A))
    signs = [sign * sign_matched(responses, i) for i in range(memory.order) for sign in (1, -1)]
    fmt = design.network.input.format
    return np.stack(signs)[:, :, None] * fmt.max_value


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("kind", MEMORIES)
def test_nothing_measured_exceeds_its_certificate(kind, words):
    design, x = memory_design(WORDS[words], **MEMORIES[kind])
    for data in (x, largest_input(design), np.full_like(x, x.max())):
        report = certified(design, data)
        found = check(report)
        assert found.wrong == ()
        elements = sum(len(memory.noise.max_ulp) for memory in report.memories)
        assert found.ranges == len(report.signals) - 1
        assert found.errors >= elements


@pytest.mark.parametrize("rounding", list(Rounding))
def test_every_rounding_keeps_within_its_certificate(rounding):
    net = networks.network(hidden="none", dense=2)
    config = networks.configured(net, rounding=rounding, state_bits=10)
    x = 0.9 * networks.noise(net, sequences=10, steps=60)
    design = Design.build(net, config, x)
    for data in (x, largest_input(design)):
        found = check(certified(design, data))
        assert (found.wrong, found.errors > 0) == ((), True)


def shrink_readouts(claims):
    for claim in claims["readouts"]:
        for name in ("error", "error_within", "rounding"):
            claim[name] = [value / 1000 for value in claim[name]]


def shrink_rounding(claims):
    for claim in claims["memories"]:
        claim["rounding"] = [value / 1000 for value in claim["rounding"]]


def shrink_errors(claims):
    for claim in claims["errors"]:
        for name in ("error_bound", "error_within"):
            claim[name] = [value / 1000 for value in claim[name]]


def shrink_ranges(claims):
    for node in claims["nodes"]:
        node["bound"] = 1


@pytest.mark.parametrize(
    ("tamper", "exceeded"),
    [
        (shrink_rounding, "the rounding error of lmu0.m reached"),
        (shrink_readouts, "the error of what dense.y reads of lmu0.m reached"),
        (shrink_readouts, "the rounding of what dense.y reads of lmu0.m reached"),
        (shrink_errors, "the error of dense.y reached"),
        (shrink_ranges, "lmu0.m reached 0."),
    ],
)
def test_a_measurement_beyond_its_proof_condemns_the_proof(tamper, exceeded):
    design, x = memory_design({}, hidden="none", dense=2)
    found = verdict(certified(design, x, tamper))
    assert found.level is Level.BAD
    assert found.reasons[0].startswith("A proof is wrong, report this: ")
    assert exceeded in found.reasons[0]


def test_an_overflow_that_is_proved_impossible_condemns_the_proof(design, x):
    report = certified(design, x)
    signals = [replace(s, saturations=1) if s.name == "lmu.m" else s for s in report.signals]
    found = check(replace(report, signals=tuple(signals)))
    assert found.wrong == ("lmu.m left its format 1 time, though this is proved impossible",)


def test_inputs_outside_their_format_set_error_bounds_aside():
    design, x = memory_design({}, hidden="none", dense=2)
    inside, outside = (check(certified(design, scale * x)) for scale in (1, 3))
    assert (inside.set_aside, outside.wrong) == ((), ())
    assert outside.set_aside == (
        "x left the format in this data, to which the error bounds of x, lmu0.u, lmu0.p and "
        "dense.y therefore do not apply.",
    )
    assert outside.errors < inside.errors


def narrow(name):
    """Return a design, and input, in which a node's format is too small and saturates."""
    net = networks.network(hidden="none", dense=2)
    config = networks.configured(net, memory_range=MemoryRange.SATURATE)
    node = config.nodes[name]
    fmt = replace(node.requant.format, int_bits=node.requant.format.int_bits - 2)
    nodes = {**config.nodes, name: replace(node, requant=replace(node.requant, format=fmt))}
    x = 0.9 * networks.noise(net, sequences=10, steps=60)
    return Design.build(net, replace(config, nodes=nodes), x), x


def test_a_saturating_u_sets_bounds_against_float_aside_and_no_other():
    design, x = narrow("lmu0.u")
    found = check(certified(design, x))
    assert found.wrong == ()
    assert found.set_aside == (
        "lmu0.u left the format in this data, to which the error bounds of lmu0.u, lmu0.p and "
        "dense.y therefore do not apply.",
    )
    assert found.errors == 1 + 3 + 2 * 2  # the input, the states, what two rows read of them


def test_saturating_states_have_no_error_bound():
    design, x = narrow("lmu0.m")
    found = check(certified(design, x))
    assert found.wrong == ()
    assert "lmu0.m left its format, where its error has no bound." in found.set_aside
    assert found.errors == 2  # the input and u


def test_without_certificates_nothing_is_compared(design, x):
    found = check(measure(design, x))
    assert (found.ranges, found.errors, found.wrong) == (0, 0, ())
