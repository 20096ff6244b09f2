# SPDX-License-Identifier: Apache-2.0
"""`lmu-hw verify`: 0 if every claim holds, 1 if one does not, 2 if the file is damaged."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tests.resealed import rewrite


def changed(folder, change):
    path = folder / "out" / "certificate.npz"
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    rewrite(folder / "out", path.name, stream.getvalue())


@pytest.mark.usefixtures("here")
def test_the_certificates_of_a_design_hold(run):
    answer = run("verify", "out")
    assert answer.status == 0, answer.out
    for claim in ("stability", "rounding gain", "input gain", "range", "coefficient gain"):
        assert claim in answer.out
    assert "NO" not in answer.out


def test_a_claim_that_is_too_good_is_found(here, run):
    def better(arrays):
        arrays["lmu0/input_gain"] = arrays["lmu0/input_gain"] // 2

    changed(here, better)
    answer = run("verify", "out")
    assert answer.status == 1
    assert "NO" in answer.out


def test_a_damaged_certificate_is_refused(here, refused):
    changed(here, lambda arrays: arrays.pop("lmu0/P"))
    error = refused("verify", "out")
    assert "certificate.npz" in error and "generate the design again" in error


def test_a_folder_without_certificate_is_refused(here, refused):
    (here / "out" / "certificate.npz").unlink()
    assert "certificate.npz" in refused("verify", "out")


@pytest.mark.usefixtures("here")
def test_generate_says_what_is_proved(run):
    answer = run("generate", "model.safetensors", "-o", "new", "--calibrate", "x.npy")
    assert "proved for all inputs and all time" in answer.out
    assert "impossible" in answer.out
