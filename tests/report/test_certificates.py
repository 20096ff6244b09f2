# SPDX-License-Identifier: Apache-2.0

import re
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.errors import LoadError
from lmu_hw.fixed import Rounding
from lmu_hw.proofs import summary_json
from lmu_hw.report.certificates import FED_BACK
from tests import networks
from tests.reports import certified, memory_design


def signal(report, name):
    return next(entry for entry in report.signals if entry.name == name)


def test_a_memory_has_its_proof_and_what_reads_it(feedback):
    design, x = feedback
    summary = summary_json(design.certify(), "")
    (claim,), readouts = summary["memories"], summary["readouts"]
    report = certified(design, x)
    entry, (memory,) = signal(report, "lmu0.m"), report.memories
    assert (entry.range.bound, entry.range.proved, entry.range.how) == (
        claim["bound"],
        claim["proved"],
        "gain",
    )
    assert memory.proof.provable_bits == claim["provable_bits"]
    assert memory.proof.loop.spectral_radius == claim["loop"]["spectral_radius"]
    assert memory.proof.residue.silence == claim["residue"]["silence"]
    assert memory.feedback == "m and h"
    assert [r.label for r in memory.readouts] == ["lmu0.u[t-1]", "lmu0.h"]
    assert [list(r.proof.error) for r in memory.readouts] == [r["error"] for r in readouts]
    assert report.certified_steps == summary["steps"] == x.shape[1]


def test_a_node_without_feedback_has_its_bound_in_ulp():
    design, x = memory_design({}, hidden="none", dense=2)
    claims = {entry["name"]: entry for entry in summary_json(design.certify(), "")["errors"]}
    head, claim = signal(certified(design, x), "dense.y"), claims["dense.y"]
    assert head.certified.total == pytest.approx(np.array(claim["error_bound"]) / head.ulp)
    assert head.certified.within == pytest.approx(np.array(claim["error_within"]) / head.ulp)
    for cause, values in claim["by_cause"].items():
        assert getattr(head.certified.by_cause, cause) == pytest.approx(np.array(values) / head.ulp)


def test_what_feeds_back_says_that_nothing_bounds_it(feedback):
    report = certified(*feedback)
    for name in ("lmu0.u", "lmu0.z", "lmu0.h", "dense.y"):
        entry = signal(report, name)
        assert (entry.certified, entry.certified_note) == (None, FED_BACK)
    assert "what is read of it is" in signal(report, "lmu0.m").certified_note


def test_a_function_that_passes_no_bound_on_says_so():
    report = certified(*memory_design({}, hidden="dense", activation="elu"))
    assert signal(report, "lmu0.z").certified is not None
    assert "no bound passes through" in signal(report, "lmu0.h").certified_note


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
    for entry in claims["errors"]:
        for values in (*entry["by_cause"].values(), entry["error_bound"], entry["error_within"]):
            values += [1.0] * 2


def drop_readout(claims):
    claims["readouts"].pop()


def shorten_readout(claims):
    claims["readouts"][0]["error"].pop()


@pytest.mark.parametrize(
    "tamper", [rename_node, drop_memory, lengthen, drop_readout, shorten_readout]
)
def test_a_certificate_of_another_design_is_refused(tamper):
    design, x = memory_design({}, hidden="none", order=3)
    message = re.escape("the certificate describes another design than design.safetensors")
    with pytest.raises(LoadError, match=message):
        certified(design, x, tamper)
