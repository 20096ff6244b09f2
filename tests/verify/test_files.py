# SPDX-License-Identifier: Apache-2.0
"""Malformed files are refused by name, place and rule, before anything is computed with them."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from lmu_verify import BadFile, verify


def refused(folder) -> str:
    with pytest.raises(BadFile) as error:
        verify(folder.path)
    assert str(folder.path) in str(error.value)
    return str(error.value)


ENTRIES = {
    "no key": (lambda e, a: e.pop("gain_frac_bits"), "gain_frac_bits is missing"),
    "a key": (lambda e, a: e.update(dither=1), "must not have 'dither'"),
    "a key of the ideal": (lambda e, a: e["ideal"].update(a=1), "must not have 'a'"),
    "no ideal": (lambda e, a: e.pop("ideal"), "ideal is missing"),
    "true as a number": (lambda e, a: e.update(gain_frac_bits=True), "must be an integer from 0"),
    "a text as a number": (lambda e, a: e.update(p_frac_bits="12"), "must be an integer from 0"),
    "a float as a number": (lambda e, a: e.update(p_frac_bits=12.0), "must be an integer from 0"),
    "too fine": (lambda e, a: e.update(l_frac_bits=257), "from 0 to 256, not 257"),
    "a float rate": (lambda e, a: e.update(rate=0.5), "rate must be a list"),
    "a rate of one": (lambda e, a: e.update(rate=[1]), "rate must be [n, k]"),
    "a negative rate": (lambda e, a: e.update(rate=[-1, 0]), "rate must be [n, k]"),
    "true as a rate": (lambda e, a: e.update(rate=[True, 1]), "rate must be [n, k]"),
    "a huge rate": (lambda e, a: e.update(rate=[2**256, 0]), "rate must be [n, k]"),
    "a name": (lambda e, a: e.update(name=3), "name must be a text"),
    "no array": (lambda e, a: a.pop("L_M"), "the array lmu0/L_M is missing"),
    "one array more": (lambda e, a: a.update(A=a["P"]), "lmu0/A is no claim or witness"),
    "a shape": (lambda e, a: a.update(P=a["P"][:3]), "lmu0/P must have the shape (4, 4), not"),
    "an axis more": (lambda e, a: a.update(bound=a["bound"][None]), "must have the shape (4,)"),
    "nothing": (lambda e, a: a.update(bound=a["bound"][:0]), "must have the shape (4,), not (0,)"),
    "floats": (lambda e, a: a.update(P=a["P"] / 2), "lmu0/P must hold int, not float64"),
    "short": (lambda e, a: a.update(P=a["P"].astype(np.int32)), "must hold int64, float64 or"),
    "unsigned": (lambda e, a: a.update(P=a["P"].astype(np.uint64)), "must hold int64, float64 or"),
    "complex": (lambda e, a: a.update(P=a["P"].astype(complex)), "must hold int64, float64 or"),
    "big endian": (lambda e, a: a.update(P=a["P"].astype(">i8")), "must hold int64, float64 or"),
    "bytes": (lambda e, a: a.update(P=a["P"].astype(np.uint8)), "must hold int, not uint8"),
    "objects": (lambda e, a: a.update(P=a["P"].astype(object)), "cannot be read: Object arrays"),
    "the least integer": (
        lambda e, a: a["P"].__setitem__((0, 0), -(2**63)),
        "lmu0/P must hold integers above -2**63",
    ),
}


@pytest.mark.parametrize("what", ENTRIES)
def test_a_malformed_certificate_is_refused(folder, what):
    copy = folder()
    change, message = ENTRIES[what]
    copy.change(change)
    assert message in refused(copy)


def test_the_order_in_which_an_array_is_stored_does_not_matter(folder):
    copy = folder()
    copy.change(lambda entry, arrays: arrays.update(P=np.asfortranarray(arrays["P"])))
    copy.seal()
    assert copy.failing() == []


HEADERS = {
    "no object": ([1], "must be an object"),
    "version": ({"version": 1, "memories": []}, "must not have 'version'"),
    "NaN": (b'{"version": NaN}', "must be JSON, but it holds NaN"),
    "infinity": (b'{"version": Infinity}', "it holds Infinity"),
    "a huge number": (b'{"version": ' + b"9" * 5000 + b"}", "it holds an integer of 5000 digits"),
    "twice": (b'{"version": 2, "version": 2}', "it has 'version' twice"),
    "no text": (b"\xff", "must hold UTF-8"),
    "half": (b"{", "must be JSON"),
    "too deep": (b"[" * 100_000, "must be JSON"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_a_malformed_header_is_refused(folder, what):
    copy, (header, message) = folder(), HEADERS[what]
    copy.write_certificate(header, copy.certificate()[1])
    if what == "version":
        message = "version must be 3"
        copy.write_certificate({**copy_header(folder), "version": 1}, {})
    assert message in refused(copy)


def copy_header(folder):
    return folder(to="again").certificate()[0]


@pytest.mark.parametrize("name", ["certificate.json", "manifest.json"])
@pytest.mark.parametrize("text", ["[]", "{", '{"a": NaN}', '{"a": 1, "a": 1}', "\ufeff{}", ""])
def test_malformed_json_is_refused(folder, name, text):
    copy = folder()
    (copy.path / name).write_text(text)
    assert name in refused(copy)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, "1", [1.0], 10**400])
def test_a_bound_that_is_no_finite_number_is_refused(folder, value):
    copy = folder()
    text = json.dumps(value)
    copy.change_summary(lambda s: s["errors"][0]["error_bound"].__setitem__(0, "VALUE"))
    path = copy.path / "certificate.json"
    path.write_text(path.read_text().replace('"VALUE"', text))
    copy.seal()
    message = refused(copy)
    assert "finite numbers" in message or "it holds" in message


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1e-400", "-0", "-0.0"])
def test_numbers_that_floats_cannot_hold_bound_nothing(folder, text):
    copy = folder()
    copy.change_summary(lambda s: s["errors"][0]["error_bound"].__setitem__(0, "VALUE"))
    path = copy.path / "certificate.json"
    path.write_text(path.read_text().replace('"VALUE"', text))
    copy.seal()
    if "e400" in text:
        assert "must hold finite numbers" in refused(copy)
    else:
        assert "error bound" in copy.failing()


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x80\x04.", b"PK\x03\x04"])
def test_what_is_no_archive_is_refused(folder, content):
    copy = folder()
    (copy.path / "certificate.npz").write_bytes(content)
    assert "must be a whole archive of numpy.savez" in refused(copy)


@pytest.mark.parametrize("part", [0.2, 0.9, 0.999])
@pytest.mark.parametrize("name", ["certificate.npz", "design.safetensors", "reference.safetensors"])
def test_a_truncated_file_is_refused(folder, name, part):
    copy = folder()
    content = (copy.path / name).read_bytes()
    (copy.path / name).write_bytes(content[: int(len(content) * part)])
    assert name in refused(copy)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no array", "lmu0/P.npy must be an array of NumPy"),
        (b"\x93NUMPY\x01\x00\x04\x00{(1\n", "lmu0/P.npy cannot be read: "),
    ],
)
def test_a_member_that_is_no_array_is_refused(folder, content, message):
    copy = folder()
    path = copy.path / "certificate.npz"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, content if name == "lmu0/P.npy" else data)
    assert message in refused(copy)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(folder):
    copy = folder()
    with zipfile.ZipFile(copy.path / "certificate.npz", "a") as archive:
        archive.writestr("lmu0/P.npy", archive.read("lmu0/L_P.npy"))
    assert "must not have a member twice" in refused(copy)


def test_a_member_too_large_to_read_is_refused(folder):
    copy = folder()
    with zipfile.ZipFile(copy.path / "certificate.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.npy", bytes(8 * 4096**2 + 2000))
    assert "no array may have more than" in refused(copy)


TENSORS = {
    "a type": (b'"dtype":"I8"', b'"dtype":"U8"', "dtype must be one of"),
    "a place": (b'"data_offsets":[0,', b'"data_offsets":[1,', "data_offsets must be"),
    "a twin": (b'"__metadata__"', b'"head0.y/bias"', "head0.y/bias' twice"),
}


@pytest.mark.parametrize("what", TENSORS)
def test_a_malformed_header_of_tensors_is_refused(folder, what):
    copy, (old, new, message) = folder(), TENSORS[what]
    path = copy.path / "design.safetensors"
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    assert message in refused(copy)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_reference_that_is_not_finite_is_refused(folder, value):
    copy = folder()
    path = copy.path / "reference.safetensors"
    path.write_bytes(path.read_bytes()[:-8] + np.float64(value).tobytes())
    copy.seal()
    assert "must be finite" in refused(copy)


ENTRIES_OF_TENSORS = {
    "three places": ({"data_offsets": [0, 1, 2]}, "data_offsets must be two places"),
    "a place before all": ({"data_offsets": [-1, 1]}, "data_offsets must be two places"),
    "a float as a place": ({"data_offsets": [0, 1.0]}, "data_offsets must be two places"),
    "a negative size": ({"shape": [-1]}, "shape must be a short list of sizes"),
    "a huge size": ({"shape": [1 << 40]}, "shape must be a short list of sizes"),
    "true as a size": ({"shape": [True]}, "shape must be a short list of sizes"),
    "many axes": ({"shape": [1] * 9}, "shape must be a short list of sizes"),
    "another shape": ({"shape": [1]}, "data_offsets must be the bytes that follow"),
}


@pytest.mark.parametrize("what", ENTRIES_OF_TENSORS)
def test_a_malformed_entry_of_a_tensor_is_refused(folder, what):
    copy, (fields, message) = folder(), ENTRIES_OF_TENSORS[what]
    copy.change_tensors("design.safetensors", lambda h: h["lmu0.m/weights lmu0.u"].update(fields))
    assert message in refused(copy)


def test_tensors_that_leave_bytes_over_are_refused(folder):
    copy = folder()
    path = copy.path / "design.safetensors"
    path.write_bytes(path.read_bytes() + b"\0")
    assert "its tensors must have" in refused(copy)


@pytest.mark.parametrize("place", range(8))
def test_every_byte_of_the_length_of_a_header_counts(folder, place):
    copy = folder()
    path = copy.path / "design.safetensors"
    data = bytearray(path.read_bytes())
    data[place] ^= 0x80
    path.write_bytes(data)
    assert "design.safetensors" in refused(copy)


@pytest.mark.parametrize("header", [None, np.zeros(2, np.int64)])
def test_a_certificate_without_a_text_is_refused(folder, header):
    copy = folder()
    arrays = copy.certificate()[1] | ({} if header is None else {"header": header})
    np.savez(copy.path / "certificate.npz", **arrays)
    assert "header must hold the bytes of a text" in refused(copy)


def test_a_layer_of_the_reference_that_is_there_twice_is_refused(folder):
    copy = folder()

    def twice(header):
        text = json.loads(header["__metadata__"]["lmu_hw"])
        text["layers"].append(text["layers"][0])
        header["__metadata__"]["lmu_hw"] = json.dumps(text)

    copy.change_tensors("reference.safetensors", twice)
    assert "every layer must have a name of its own" in refused(copy)
