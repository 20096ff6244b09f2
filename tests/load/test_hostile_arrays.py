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
        (npy_header("<f8", (2, 2)), r"the shape must be of its 0 bytes, not \(2, 2\)"),
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
