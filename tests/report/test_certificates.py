# SPDX-License-Identifier: Apache-2.0

import re
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.errors import LoadError
from lmu_hw.fixed import Rounding
from lmu_hw.proofs import summary_json
from lmu_hw.report.certificates import VACUOUS
from tests import networks
from tests.reports import certified, memory_design


def signal(report, name):
    return next(entry for entry in report.signals if entry.name == name)


def test_a_memory_has_its_certificate_in_ulp(feedback):
    design, x = feedback
    (claim,) = summary_json(design.certify(), "")["memories"]
    report = certified(design, x)
    entry, (memory,) = signal(report, "lmu0.m"), report.memories
    assert entry.certified.total == pytest.approx(np.array(claim["error_bound"]) / entry.ulp)
    for cause, values in claim["by_cause"].items():
        assert getattr(entry.certified.by_cause, cause) == pytest.approx(
            np.array(values) / entry.ulp
        )
    assert entry.certified.conditional
    assert (entry.range.bound, entry.range.proved, entry.range.how) == (
        claim["bound"],
        claim["proved"],
        "gain",
    )
    assert memory.proof.provable_bits == claim["provable_bits"]
    assert memory.proof.loop.spectral_radius == claim["loop"]["spectral_radius"]
    assert memory.proof.residue.silence == claim["residue"]["silence"]
    assert memory.feedback == "m and h"


def test_the_bound_given_u_leaves_out_the_input(feedback):
    error = signal(certified(*feedback), "lmu0.m").certified
    without = np.array(error.total) - np.array(error.by_cause.input)
    assert error.given_u == pytest.approx(without)
    assert error.total[error.worst] == max(error.total)


def test_memories_that_share_coefficients_share_their_certificate():
    design, x = memory_design({}, hidden="none", memory_d=2, order=3)
    report = certified(design, x)
    total = signal(report, "lmu0.m").certified.total
    assert total[:3] == total[3:]
    assert (report.memories[0].segments, len(total)) == (2, 6)


def test_a_linear_head_is_certified():
    report = certified(*memory_design({}, hidden="none", dense=2))
    head = signal(report, "dense.y")
    assert len(head.certified.total) == 2
    assert not head.certified.conditional


def test_nonlinear_layers_say_that_a_worst_case_is_vacuous(feedback):
    report = certified(*feedback)
    for name in ("lmu0.z", "lmu0.h", "dense.y"):
        assert (signal(report, name).certified, signal(report, name).certified_note) == (
            None,
            VACUOUS,
        )
    assert "counted in the memory" in signal(report, "lmu0.u").certified_note


def test_what_is_neither_memory_nor_linear_head_says_so():
    passed = certified(*memory_design({}, hidden="none", input_to_hidden=True))
    assert "passed on" in signal(passed, "lmu0.p").certified_note
    recurrent = certified(*memory_design({}, hidden="rnn", activation="linear"))
    assert "only memories" in signal(recurrent, "lmu0.h").certified_note


def test_ranges_of_activations_are_those_of_table_and_rectifier():
    for activation, how in (("tanh", "table"), ("relu", "formats")):
        report = certified(*memory_design({}, activation=activation))
        z, h = signal(report, "lmu0.z"), signal(report, "lmu0.h")
        assert (h.range.proved, h.range.how) == (True, how)
        assert h.range.bound <= h.format_max
        assert z.range.bound > h.range.bound


@pytest.mark.parametrize(("rounding", "ulp"), [(Rounding.HALF_UP, 0.5), (Rounding.FLOOR, 1.0)])
def test_an_input_is_off_by_its_rounding(rounding, ulp):
    net = networks.network(hidden="none")
    config = networks.configured(net)
    config = replace(config, input=replace(config.input, rounding=rounding))
    x = networks.noise(net, sequences=2, steps=9)
    entry = signal(certified(Design.build(net, config, x), x), "x")
    assert (entry.certified.total, entry.certified.by_cause.rounding) == ((ulp,), (ulp,))
    assert entry.range is None


def rename_node(claims):
    claims["nodes"][0]["name"] = "other"


def drop_memory(claims):
    claims["memories"].clear()


def lengthen(claims):
    for memory in claims["memories"]:
        memory["error_bound"] += [1.0] * 2
        for values in memory["by_cause"].values():
            values += [1.0] * 2


@pytest.mark.parametrize("tamper", [rename_node, drop_memory, lengthen])
def test_a_certificate_of_another_design_is_refused(tamper):
    design, x = memory_design({}, hidden="none", order=3)
    message = re.escape("the certificate describes another design than design.safetensors")
    with pytest.raises(LoadError, match=message):
        certified(design, x, tamper)
