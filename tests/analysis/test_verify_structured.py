# SPDX-License-Identifier: Apache-2.0
"""Certificates of structured memories: the checker needs the integers only, and sees every lie."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hw.analysis import certify, quantized_memories, write_certificate
from lmu_hw.analysis import verify as module
from lmu_hw.analysis.verify import verify
from lmu_hw.lmu import Network
from tests.running_sums import memory_network, scan, two_pass

ALL = [
    "stability",
    "rounding gain",
    "input gain",
    "range",
    "spread",
    "sweeps",
    "ideal stability",
    "coefficient gain",
]


@pytest.fixture
def written(built, tmp_path):
    """Write the certificate of a memory and return its path."""

    def write(order=6, *, rank=1, **options):
        network, reference = built(order, 3.0 * order, rank=rank, **options)
        path = tmp_path / "certificate.npz"
        write_certificate(certify(network, reference), path)
        return path

    return write


def changed(path, change, layer="lmu0"):
    """Rewrite a certificate; `change` gets its header's entry and arrays."""
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(arrays.pop("header").tobytes())
    own = {key.removeprefix(f"{layer}/"): array for key, array in arrays.items()}
    change(header["memories"][0], own)
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, header=text, **{f"{layer}/{key}": array for key, array in own.items()})
    return path


def failing(path):
    failed = [verdict for verdict in verify(path) if not verdict.holds]
    return [verdict.claim for verdict in failed], failed[0].detail if failed else ""


@pytest.mark.parametrize(("order", "rank"), [(1, 1), (2, 1), (6, 1), (16, 1), (6, 2), (8, 3)])
def test_every_claim_holds_and_no_matrix_is_in_the_file(written, order, rank):
    path = written(order, rank=rank)
    assert [(v.claim, v.holds) for v in verify(path)] == [(claim, True) for claim in ALL]
    with np.load(path) as file:
        assert not {"lmu0/A", "lmu0/B"} & set(file)


def test_the_checker_finds_the_same_system(written, built):
    network, _ = built(6, 18.0, rank=2)
    with np.load(written(rank=2)) as file:
        (held,) = module._certificates(file)
    (memory,) = quantized_memories(network)
    for mine, codes in ((memory.A, held.quantized.a), (memory.B, held.quantized.b)):
        assert np.array_equal(mine, codes.codes.astype(np.float64) * 2.0**-codes.bits)
    assert held.structure is not None
    assert np.array_equal(memory.paths, held.structure.paths)
    for mine, sweep in zip(memory.carried, held.structure.sweeps, strict=True):
        assert np.array_equal(mine.states, sweep.rows)
        assert np.array_equal(mine.source, sweep.through)
    assert 0.5 < held.error_ulp <= memory.rounding_error


@pytest.mark.parametrize(
    ("key", "claims"),
    [
        ("input_gain", ["input gain", "range", "sweeps"]),
        ("rounding_gain", ["rounding gain", "range", "sweeps"]),
        ("coefficient_gain", ["coefficient gain"]),
        ("bound", ["range", "sweeps"]),
        ("carried", ["sweeps"]),
    ],
)
def test_a_claim_a_thousandth_below_the_truth_fails(written, key, claims):
    def lower(entry, arrays):
        arrays[key] = (arrays[key] * 0.999).astype(np.int64)

    assert failing(changed(written(), lower))[0] == claims


@pytest.mark.parametrize("sweep", [0, 1])
def test_a_sweep_whose_bound_is_one_percent_lower_fails_by_name(written, sweep):
    def lower(entry, arrays):
        arrays["carried"][sweep] = int(arrays["carried"][sweep] * 0.99)

    claims, detail = failing(changed(written(), lower))
    assert claims == ["sweeps"]
    assert detail.startswith(("forward", "backward")[sweep])


def test_a_sweep_of_a_narrower_format_fails(written):
    def narrow(entry, arrays):
        entry["structure"]["forward"]["width"] -= 3

    claims, detail = failing(changed(written(16), narrow))
    assert claims == ["sweeps"]
    assert "forward: overflow is forbidden, but the bound is" in detail


def test_sweeps_that_floor_need_more_than_those_to_nearest(written):
    def floor(entry, arrays):
        entry["structure"]["backward"]["rounding"] = "floor"

    assert failing(changed(written(), floor))[0][0] == "rounding gain"


@pytest.mark.parametrize("key", ["decay", "coupling", "carry"])
def test_a_changed_coefficient_fails(written, key):
    def change(entry, arrays):
        arrays[key][1] = (arrays[key][1] * 1.1).astype(np.int64)

    assert failing(changed(written(), change))[0]


def test_a_changed_shift_fails(written):
    def change(entry, arrays):
        arrays["shifts"][3] += 1

    assert failing(changed(written(), change))[0]


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("L_Q", "Q is not shown to be positive"),
        ("L_S", "rate Q - AQA' - S is not shown to be positive"),
        ("Q", "Q must be symmetric"),
    ],
)
def test_a_changed_witness_fails(written, key, what):
    def change(entry, arrays):
        arrays[key][1, 0] += 2 * arrays[key].max()

    claims, detail = failing(changed(written(), change))
    assert claims == ["spread", "sweeps"]
    assert what in detail


def test_a_rate_that_does_not_decrease_fails(written):
    def change(entry, arrays):
        entry["structure"]["q_rate"] = [1, 0]

    claims, detail = failing(changed(written(), change))
    assert claims == ["spread", "sweeps"]
    assert "the rate must be below 1" in detail


def test_scales_that_make_the_bound_too_small_fail(written):
    def change(entry, arrays):
        arrays["scales"] *= 8

    assert failing(changed(written(), change))[0] == ["spread", "sweeps"]


def test_states_that_may_saturate_have_sweeps_bounded_by_formats(written):
    path = written(heard=1.1)
    claims = {verdict.claim: verdict.holds for verdict in verify(path)}
    assert not claims["range"]  # overflow is forbidden in this file

    def saturate(entry, arrays):
        entry["overflow"] = "saturate"

    assert failing(changed(path, saturate)) == ([], "")


MALFORMED = {
    "no object": (lambda e, a: e.update(structure=3), "lmu0: structure must be an object"),
    "a kind": (lambda e, a: e["structure"].update(kind="lattice"), "kind must be one of"),
    "a key": (lambda e, a: e["structure"].update(rounds=2), "the header must not have 'rounds'"),
    "a sweep's key": (
        lambda e, a: e["structure"]["forward"].update(gain=2),
        "lmu0 (structure): forward: the header must not have 'gain'",
    ),
    "a sweep": (lambda e, a: e["structure"].update(forward=1), "forward must be an object"),
    "a rank": (lambda e, a: e["structure"].update(rank=0), "rank must be an integer from 1"),
    "a shape": (lambda e, a: a.update(carry=a["carry"][1:]), "lmu0/carry must be int64 of the"),
    "shifts": (lambda e, a: a["shifts"].__setitem__(0, -1), "shifts must be from 0 to"),
    "scales": (lambda e, a: a["scales"].__setitem__(0, 0), "lmu0/scales must be positive"),
    "feedback": (
        lambda e, a: e.update(rounding="floor", error_feedback=True),
        "false unless the rounding is floor and the memory dense",
    ),
    "both": (lambda e, a: e.update(a_frac_bits=8), "the header must not have 'a_frac_bits'"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_structure_is_refused(written, name):
    change, message = MALFORMED[name]
    path = changed(written(), change)
    with pytest.raises(ValueError) as error:
        verify(path)
    assert message in str(error.value)


def test_the_file_runs_without_the_package(written, tmp_path):
    copy = tmp_path / "checker.py"
    copy.write_text(Path(module.__file__).read_text())
    command = [sys.executable, "-I", str(copy), str(written())]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.splitlines()) == len(ALL)


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_memories_by_running_sums_are_checked_too(memories, kind, tmp_path):
    network = memory_network(kind(6, 32.0))
    first = memories.memory_network(6, 32.0).layers[0]
    reference = Network(name="only", layers=(replace(first, name="only"),))
    write_certificate(certify(network, reference), tmp_path / "c.npz")
    verdicts = verify(tmp_path / "c.npz")
    assert [(v.claim, v.holds) for v in verdicts] == [(claim, True) for claim in ALL]
    with np.load(tmp_path / "c.npz") as file:
        (held,) = module._certificates(file)
    (memory,) = quantized_memories(network)
    assert held.structure is not None
    for mine, codes in ((memory.A, held.quantized.a), (memory.B, held.quantized.b)):
        assert np.array_equal(mine, codes.codes.astype(np.float64) * 2.0**-codes.bits)
    for mine, sweep in zip(memory.carried, held.structure.sweeps, strict=True):
        assert np.array_equal(mine.states, sweep.rows)
        assert np.array_equal(mine.source, sweep.through)

    def lower(entry, arrays):
        arrays["carried"][-1] = int(arrays["carried"][-1] * 0.99)

    assert failing(changed(tmp_path / "c.npz", lower, "only"))[0] == ["sweeps"]
