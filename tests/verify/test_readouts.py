# SPDX-License-Identifier: Apache-2.0
"""Read-outs as the checker finds them: those of the prover, and bounds from its own sums."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lmu_verify.claims import Judge, read_claims
from lmu_verify.design import read_design
from lmu_verify.errors import NotShown
from lmu_verify.fields import Fields
from lmu_verify.files import read_npz
from lmu_verify.memory import read_memories
from lmu_verify.readouts import _likely, _peak, _rounding, readouts
from lmu_verify.reference import read_reference


@pytest.fixture
def judged(originals):
    """Return the design, the reference and the judges of a folder."""

    def read(kind):
        path = originals(kind)
        design = read_design(path / "design.safetensors")
        reference = read_reference(path / "reference.safetensors")
        header, arrays = read_npz(path / "certificate.npz")
        entries = Fields("c", header).objects("memories")
        judges = [
            Judge(memory, reference[design.layers.index(memory.layer)], claims, lambda line: None)
            for memory, entry in zip(read_memories(design), entries, strict=True)
            for claims in [read_claims(entry, arrays, memory)]
        ]
        return design, reference, judges

    return read


@pytest.mark.parametrize("kind", ["dense", "two layers", "cell", "loop", "sweeps", "gated"])
def test_what_reads_a_memory_is_what_the_certificate_lists(judged, originals, kind):
    design, reference, judges = judged(kind)
    summary = json.loads((originals(kind) / "certificate.json").read_text())
    listed = [(r["name"], r["memory"], r["delayed"]) for r in summary["readouts"]]
    found = [one for judge in judges for one in readouts(design, reference, judge)]
    assert [(r.name, r.judge.memory.name, r.delayed) for r in found] == listed


def test_rounding_is_closer_power_by_power(judged):
    design, reference, (judge,) = judged("sweeps")
    (readout,) = readouts(design, reference, judge)
    first, second = (np.array(_rounding(readout, level), float) for level in (0, 1))
    assert np.all(second <= first * 1.001) and np.all(first <= 3 * second)
    assert np.all(np.array(_likely(readout, _rounding(readout, 1)), float) <= second)


def test_rounding_by_floor_has_no_likely_bound(judged):
    design, reference, (judge,) = judged("dense")
    (readout,) = readouts(design, reference, judge)
    judge.memory = replace(judge.memory, nearest=False)
    with pytest.raises(NotShown, match="only errors of rounding to nearest"):
        _likely(readout, [])


def test_a_peak_adds_up_over_all_memories(judged):
    design, reference, (judge,) = judged("dense")
    (readout,) = readouts(design, reference, judge)
    peaks = np.array(_peak(readout, 0), float)
    assert len(readout.ideal) == 2
    total = np.array(readout.ideal, float).sum(axis=0) * float(judge.memory.u_limit)
    assert peaks == pytest.approx(total)


def test_a_memory_that_is_not_the_first_output_is_refused(judged):
    design, reference, (judge,) = judged("dense")
    layer = replace(judge.memory.layer, outputs=["lmu0.p", "lmu0.m"])
    judge.memory = replace(judge.memory, layer=layer)
    design.layers[0] = layer
    with pytest.raises(NotShown, match="must answer with its memory first"):
        readouts(design, reference, judge)
