# SPDX-License-Identifier: Apache-2.0
"""A folder that was tampered with does not verify, whether or not its digests agree."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from lmu_verify import BadFile, verify
from tests.verify.rejections import rejected


def replaced(name, old, new):
    def change(folder):
        path = folder.path / name
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new, 1))

    return change


def renamed(name, old, new):
    def change(folder):
        path = folder.path / name
        path.write_bytes(path.read_bytes().replace(old, new))

    return change


def flipped(name, place):
    def change(folder):
        data = bytearray((folder.path / name).read_bytes())
        data[place] ^= 1
        (folder.path / name).write_bytes(data)

    return change


def swapped(folder):
    first, second = (folder.path / "rtl" / name for name in ("a.hex", "b.hex"))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def removed(name):
    return lambda folder: (folder.path / name).unlink()


def written(name, text):
    return lambda folder: (folder.path / name).write_text(text)


UNSEALED = {
    "a ROM of ones": written("rtl/a.hex", "f\n"),
    "two ROMs swapped": swapped,
    "a ROM removed": removed("rtl/a.hex"),
    "another file in rtl": written("rtl/c.hex", "0\n"),
    "an empty module": written("rtl/small.v", "module small(); endmodule\n"),
    "a comment in the Verilog": replaced("rtl/small.v", b"module", b"// better\nmodule"),
    "another design's digest in the Verilog": replaced("rtl/small.v", b"sha256 ", b"sha256 0"),
    "a bit of the design": flipped("design.safetensors", -5),
    "a bit of the design's header": flipped("design.safetensors", 400),
    "a bit of the reference": flipped("reference.safetensors", -5),
    "a bit of the calibration": flipped("calibration.npy", -5),
    "the configuration": replaced("config.toml", b"\n", b"\n# edited\n"),
    "the refit": written("refit.json", "[]  \n"),
    "a bit of the certificate": flipped("certificate.npz", 700),
    "the summary": replaced("certificate.json", b"true", b"false"),
    "the manifest": replaced("manifest.json", b'"beat": ', b'"beat": 1'),
    "no certificate": removed("certificate.npz"),
    "no summary": removed("certificate.json"),
    "no manifest": removed("manifest.json"),
    "no reference": removed("reference.safetensors"),
    "no design": removed("design.safetensors"),
}


@pytest.mark.parametrize("what", UNSEALED)
def test_a_changed_file_is_found(folder, what):
    copy = folder()
    UNSEALED[what](copy)
    assert rejected(copy)


FILES = ["certificate.npz", "certificate.json", "design.safetensors", "reference.safetensors"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("sealed", [False, True])
def test_a_file_of_another_design_is_found(folder, name, sealed):
    copy, other = folder(), folder("feedback", to="other")
    shutil.copy(other.path / name, copy.path / name)
    if sealed:
        copy.seal()
    assert rejected(copy)


SEALED = {
    "an empty module": (written("rtl/small.v", "module small(); endmodule\n"), "rtl/small.v is of"),
    "another digest in the Verilog": (
        replaced("rtl/small.v", b"sha256 ", b"sha256 0"),
        "rtl/small.v is of another design",
    ),
    "two digests in the Verilog": (
        replaced("rtl/small.v", b"// design", b"// design sha256 " + b"0" * 64 + b"\n// design"),
        "rtl/small.v is of another design",
    ),
    "no Verilog": (removed("rtl/small.v"), "there is no Verilog"),
    "a bit of the design": (flipped("design.safetensors", -2), "is of another design"),
    "a renamed node": (renamed("design.safetensors", b"head0.y", b"head0.z"), "of another design"),
    "a node renamed in one place": (
        replaced("design.safetensors", b"head0.y", b"head0.z"),
        "the array head0.",
    ),
}


@pytest.mark.parametrize("what", SEALED)
def test_a_change_is_found_where_all_digests_of_files_agree(folder, what):
    copy = folder()
    change, reason = SEALED[what]
    change(copy)
    copy.seal()
    assert reason in rejected(copy)


def test_every_memory_must_be_certified(folder):
    copy = folder("two layers")
    header, arrays = copy.certificate()
    header["memories"] = header["memories"][:1]
    kept = {key: array for key, array in arrays.items() if key.startswith("lmu0/")}
    copy.write_certificate(header, kept)
    copy.seal()
    assert "memories: the certificate must be about ['lmu0', 'lmu1']" in rejected(copy)


@pytest.mark.parametrize("name", ["lmu0", "lmu7"])
def test_a_memory_that_is_not_there_must_not_be_certified(folder, name):
    copy = folder()
    header, arrays = copy.certificate()
    header["memories"].append({**header["memories"][0], "name": name})
    copy.write_certificate(header, arrays)
    copy.seal()
    assert "memories: the certificate must be about ['lmu0'], not" in rejected(copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "rtl/../../secret", ""])
def test_a_file_outside_the_folder_is_refused(folder, name):
    copy = folder()
    (copy.path.parent / "secret").write_text("x")
    header, arrays = copy.certificate()
    header["files"][name] = "0" * 64
    copy.write_certificate(header, arrays)
    with pytest.raises(BadFile, match="must be a file in the folder"):
        verify(copy.path)


def test_a_file_that_only_the_manifest_lists_is_found(folder):
    copy = folder()
    header, arrays = copy.certificate()
    del header["files"]["config.toml"]
    copy.write_certificate(header, arrays)
    copy.seal_manifest()
    assert "config.toml must be listed by certificate and manifest" in rejected(copy)


@pytest.mark.parametrize("name", ["design.safetensors", "reference.safetensors"])
def test_what_everything_rests_on_must_be_listed(folder, name):
    copy = folder()
    header, arrays = copy.certificate()
    del header["files"][name]
    copy.write_certificate(header, arrays)
    copy.seal_manifest(without=name)
    assert f"{name} must be listed by certificate and manifest" in rejected(copy)


def test_an_ideal_memory_cannot_be_claimed(folder):
    """It is that of the reference: neither replaced by the quantized one, nor left out."""
    copy = folder()
    copy.change(lambda entry, arrays: arrays.update(ideal_A=np.zeros((4, 4))))
    copy.seal()
    assert "lmu0/ideal_A is no claim or witness" in rejected(copy)
    copy = folder(to="second")
    copy.change(lambda entry, arrays: entry.update(ideal=None))
    copy.seal()
    assert "ideal must be an object" in rejected(copy)


CLAIMED = ["u_limit", "state_width", "state_frac_bits", "rounding", "error_feedback", "overflow"]


@pytest.mark.parametrize("key", [*CLAIMED, "structure", "order", "a_frac_bits"])
def test_what_the_design_says_cannot_be_claimed(folder, key):
    copy = folder()
    copy.change(lambda entry, arrays: entry.update({key: 40}))
    copy.seal()
    assert f"must not have {key!r}" in rejected(copy)
