# SPDX-License-Identifier: Apache-2.0
"""Headers of safetensors files that lie: each ends in one `LoadError`."""

from __future__ import annotations

import json
import struct

import pytest

from lmu_hw.load import load, network_digest, save
from tests.load.refusals import refused


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
