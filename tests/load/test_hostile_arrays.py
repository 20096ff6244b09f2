# SPDX-License-Identifier: Apache-2.0
"""Arrays and headers of the own form that lie: each ends in one `LoadError`."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct

import numpy as np
import pytest

from lmu_hw.load import load, network_digest, save
from tests.load.refusals import archive, refused


def npy(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


def npy_header(descr, shape, data=b""):
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("name", ["lmu_hw", "a.W"])
def test_pickled_array_is_refused_and_not_run(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    header = npy(np.array("{}"))
    raw = npy_header("|O", (), pickle.dumps(Harm()))
    path = archive(tmp_path / "m.npz", {"lmu_hw.npy": header, f"{name}.npy": raw}
                   if name != "lmu_hw" else {"lmu_hw.npy": raw})  # fmt: skip
    refused(path, "the data must be (text|float16, float32 or float64), not '.O'")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "must be a .npy array, but"),
        (b"\x93NUMPY\x09\x00", r"the npy version must be 1.0 or 2.0, not \(9, 0\)"),
        (npy_header("<f8", (2, 2)), r"the shape must be .* of its 0 bytes .* not \(2, 2\)"),
        (npy_header("<f8", (1 << 60, 1 << 60)), "the shape must be"),
        (npy_header("<f8", (0, 10**30)), "the shape must be"),
        (npy_header("<f8", (-1,)), "must be a .npy array, but its header is"),
        (npy_header("<f8", (10**70,)), "must be a .npy array, but its header is"),
        (npy_header("<f8", (1,) * 9, b"\0" * 8), "the shape must be .* 2 axes at most"),
        (npy_header("<f8", (1,) * 70, b"\0" * 8), "must be a .npy array, but its header is"),
        (npy_header("<f16", (1,), b"\0" * 16), "the data must be float16, float32 or float64"),
        (npy_header("<i8", (1,), b"\0" * 8), "the data must be float16, float32 or float64"),
        (npy_header("<zz", (1,)), "the data must be float16, .* not '<zz'"),
        (npy_header([("a", "<f8")], (1,), b"\0" * 8), "the data must be float16"),
        (b"\x93NUMPY\x01\x00\x04\x00((((", "must be a .npy array, but"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "header must be at most 0 bytes, not 4294967295"),
        (b"\x93NUMPY\x02\x00\x20\x4e\0\0" + b"(" * 20_000, "at most 10000 bytes, not 20000"),
    ],
)
def test_arrays_that_lie_are_refused(tmp_path, raw, message):
    path = archive(tmp_path / "m.npz", {"lmu_hw.npy": npy(np.array("{}")), "a.W.npy": raw})
    refused(path, message)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (npy(np.array(["{}"])), r"'lmu_hw': the shape must be that of a single string, \(\), not"),
        (npy(np.array(1.0)), "the data must be text, not '<f8'"),
        (npy_header("<U0", ()), "header 'lmu_hw' must be JSON"),
        (npy_header("<U9", ()), "the data must be '?9 characters, not '0 bytes'"),
        (npy_header("<U1", (), b"\xff\xff\xff\xff"), "array 'lmu_hw' must be text, but"),
        (npy(np.array("[1]")), "header 'lmu_hw' must be a JSON object"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, raw, message):
    refused(archive(tmp_path / "m.npz", {"lmu_hw.npy": raw}), message)


def test_a_member_that_is_no_array_is_refused(tmp_path):
    path = archive(tmp_path / "m.npz", {"lmu_hw.npy": npy(np.array("{}")), "a.txt": "b"})
    refused(path, "every member of the archive must be a .npy array, not 'a.txt'")


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(**changes):
    return {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | changes}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\1\2\3", "its header has 197121 bytes where 0 can be"),
        (struct.pack("<Q", 1 << 60) + b"{}", f"its header has {1 << 60} bytes where 2 can be"),
        (struct.pack("<Q", 1 << 63) + b"{}", f"its header has {1 << 63} bytes where 2 can be"),
        (safetensors(b"{" * 1000), "the header must be JSON"),
        (safetensors(b"{" + b'"a":[' * 200_000), "the header must be JSON"),
        (safetensors(b'{"a":1,"a":2}'), "the header must be JSON: .*'a' is there twice"),
        (safetensors(b"{" + b" " * (5 << 20) + b"}"), "its header has 5242882 bytes where 2097152"),
        (safetensors({"__metadata__": {"lmu_hw": 1}}), "__metadata__ is .* object of strings"),
        (safetensors(entry(shape=[1 << 40]), b"0000"), "of shape .* has 4 bytes"),
        (safetensors(entry(shape=[1 << 61, 1 << 61]), b"0000"), "of shape .* has 4 bytes"),
        (safetensors(entry(shape=[1 << 64]), b"0000"), "tensor 'a' is"),
        (safetensors(entry(shape=[-1]), b"0000"), "tensor 'a' is"),
        (safetensors(entry(shape=[1.0]), b"0000"), "tensor 'a' is"),
        (safetensors(entry(shape=[True]), b"0000"), "tensor 'a' is"),
        (safetensors(entry(shape=[1] * 1000), b"0000"), "tensor 'a' is"),
        (safetensors(entry(dtype="X9"), b"0000"), "tensor 'a' must be one of F64, .* not 'X9'"),
        (safetensors(entry(data_offsets=[0, 1 << 50]), b"0000"), "has 1125899906842624 bytes"),
        (safetensors(entry(data_offsets=[4, 0]), b"0000"), "of shape .* has -4 bytes"),
        (safetensors(entry(data_offsets=[4, 8]), b"0" * 8), "starts at 4 and not at 0"),
        (safetensors(entry(more=1), b"0000"), "tensor 'a' is"),
        (safetensors(entry() | {"b": entry()["a"]}, b"0000"), "'b' starts at 0 and not at 4"),
        (safetensors(entry(), b"00000"), "its tensors have 4 bytes where there are 5"),
        (safetensors(entry(), b"000"), "its tensors have 4 bytes where there are 3"),
    ],
)
def test_safetensors_that_lie_are_refused(tmp_path, raw, message):
    path = tmp_path / "m.safetensors"
    path.write_bytes(raw)
    refused(path, f"must be a whole safetensors file, but (.*){message}")


def test_a_length_that_looks_like_a_zip_archive_is_a_length(tmp_path, network):
    save(network, tmp_path / "m.safetensors")
    raw = (tmp_path / "m.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    wanted = int.from_bytes(b"PK", "little")
    header = raw[8 : 8 + length] + b" " * (wanted - length)
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", wanted) + header + raw[8 + length :])
    assert network_digest(load(tmp_path / "m.safetensors")) == network_digest(network)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f8"])
def test_what_is_not_finite_is_refused(tmp_path, value, kind):
    header = {
        "format": 1, "name": "n", "layers": [{"kind": "dense", "name": "d", "activation": "relu"}]
    }  # fmt: skip
    members = {
        "lmu_hw.npy": npy(np.array(json.dumps(header))),
        "d.W.npy": npy(np.array([[value]], kind)),
    }
    refused(archive(tmp_path / "m.npz", members), r"layer 'd': d: W must be finite, but W\[0, 0\]")
