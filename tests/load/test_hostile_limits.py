# SPDX-License-Identifier: Apache-2.0
"""What was made to exhaust a machine is refused in bounded time and memory, as measured."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tests.load.refusals import archive, refused

SECONDS, MEGABYTES = 2.0, 200
MEASURE = r"""
import re, sys, time
from pathlib import Path
import numpy
from lmu_hw.errors import LoadError
from lmu_hw.load import load, native, torch
def peak():  # not getrusage, which starts from the peak of the process that forked
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])
before, start = peak(), time.process_time()
try:
    load(sys.argv[1])
except LoadError as error:
    print(error)
print(time.process_time() - start)
print((peak() - before) / 1024)
"""


def npy(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array)
    return stream.getvalue()


def own(layers):
    return json.dumps({"format": 1, "name": "n", "layers": layers})


def packed(path):
    """Just below what may be unpacked."""
    members = {"lmu_hw.npy": npy(np.array("{}")), "a.npy": npy(np.zeros((1 << 20) - 100))}
    return archive(path, members, compression=zipfile.ZIP_DEFLATED)


def bomb(path):
    return archive(path, {"lmu_hw.npy": bytes(64 << 20)}, compression=zipfile.ZIP_DEFLATED)


def layers(path):
    dense = [{"kind": "dense", "name": f"d{i}", "activation": "relu"} for i in range(12_000)]
    return safetensors(path, {"__metadata__": {"lmu_hw": own(dense)}}, 8_000)


def tensors(path):
    return safetensors(path, {}, 25_000)


def safetensors(path, header, count):
    for i in range(count):
        places = [4 * i, 4 * i + 4]
        header[f"d{i}.W"] = {"dtype": "F32", "shape": [1, 1], "data_offsets": places}
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + np.ones(count, "<f4").tobytes())
    return path


def pickled(path):
    return archive(path, {"m/data.pkl": b"\x80\x02]" + b"\x85" * 524_000 + b"."})


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (packed, "m.npz", "format must be 1"),
        (bomb, "m.npz", "must not grow more than 20 times"),
        (layers, "m.safetensors", "layer 'd8000': tensor 'W' must be in the file"),
        (tensors, "m.safetensors", "there must be a header 'lmu_hw'"),
        (pickled, "m.pt", "the content must be a state dict"),
    ],
)
def test_exhausting_files_end_in_time_and_memory(tmp_path, make, name, message):
    path = make(tmp_path / name)
    command = [sys.executable, "-c", MEASURE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    error, seconds, megabytes = done.stdout.splitlines()
    assert message in error
    assert float(seconds) < SECONDS
    assert float(megabytes) < MEGABYTES


def test_a_hole_of_a_terabyte_is_not_read(tmp_path):
    with (tmp_path / "m.safetensors").open("wb") as file:
        file.truncate(1 << 40)
    refused(tmp_path / "m.safetensors", "the file must be at most 2147483648 bytes, not 1099511627")


def test_memories_that_take_too_long_together_are_refused(tmp_path):
    node = {
        "kind": "lmu", "order": 1024, "theta": 9.0, "memory_d": 1, "discretizer": "zoh",
        "hidden": "none", "return_sequences": True,
    }  # fmt: skip
    header = {"__metadata__": {"lmu_hw": own([{**node, "name": f"l{i}"} for i in range(2)])}}
    path = safetensors(tmp_path / "m.safetensors", header, 0)
    refused(
        path, r"the sum of order\*\*3 over all memories must be at most 1073741824, not 2147483648"
    )
