# SPDX-License-Identifier: Apache-2.0
"""`lmu-hw verify`: 0 if every claim holds, 1 if one does not, 2 if a file is malformed."""

from __future__ import annotations

import io

import numpy as np
import pytest

from lmu_hw.verification import ESTABLISHES
from tests.cli.formats import FORMATS
from tests.resealed import change_manifest, forge, rewrite


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
    for claim in ("stability", "rounding gain", "input gain", "range", "read-out of"):
        assert claim in answer.out
    for claim in ("files", "digests", "memories", "summary", "error bound", "ranges", "emission"):
        assert claim in answer.out
    assert "NO" not in answer.out
    words = " ".join(answer.out.split())
    assert f"verified: {ESTABLISHES}" in words
    assert "not checked in certificate.json: spectral_radius;" in words


@pytest.mark.parametrize(
    "options", [("--registers", "--state-access", "--reloadable"), ("--registers", "--streams=2")]
)
def test_the_files_of_a_design_with_more_around_it_are_made_again(here, run, options):
    answer = run("generate", "model.safetensors", "-o", "more", *FORMATS, *options)
    assert answer.status == 0, answer.err
    answer = run("verify", "more")
    assert answer.status == 0 and "NO" not in answer.out, answer.out


FORGED = {
    "Verilog without its modules": lambda text: text[: text.index(b"module")],
    "one sign": lambda text: text.replace(b" + ", b" - ", 1),
    "a comment": lambda text: text + b"// better\n",
}


@pytest.mark.parametrize("what", FORGED)
def test_verilog_that_is_not_emitted_for_the_design_is_found(here, run, what):
    forge(
        here / "out",
        next((here / "out" / "rtl").glob("*.v")).relative_to(here / "out").as_posix(),
        FORGED[what],
    )
    answer = run("verify", "out")
    assert answer.status == 1
    assert "is not what is emitted for this design" in " ".join(answer.out.split())


def test_a_rom_that_is_not_emitted_for_the_design_is_found(here, run):
    rom = sorted((here / "out" / "rtl").glob("*.hex"))[0]
    forge(here / "out", f"rtl/{rom.name}", lambda text: text.replace(b"0", b"1", 1))
    assert run("verify", "out").status == 1


def test_a_manifest_that_says_other_costs_is_found(here, run):
    change_manifest(here / "out", lambda manifest: manifest.update(rom_bits=1))
    answer = run("verify", "out")
    assert answer.status == 1
    assert "manifest.json: rom_bits is not" in " ".join(answer.out.split())


def test_a_manifest_that_says_another_choice_is_found(here, run):
    change_manifest(
        here / "out", lambda manifest: manifest["choice"]["options"][0].update(cycles=1)
    )
    answer = run("verify", "out")
    assert answer.status == 1
    assert "manifest.json: choice is not" in " ".join(answer.out.split())


def test_what_is_emitted_is_not_compared_where_files_were_changed(here, run):
    (here / "out" / "config.toml").write_text("")
    answer = run("verify", "out")
    assert answer.status == 1
    assert "not compared: files do not hold" in " ".join(answer.out.split())


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
