# SPDX-License-Identifier: Apache-2.0
"""HDF5 models that are damaged or mean harm: each ends in one `LoadError` that names the file."""

from __future__ import annotations

import io
import json
import os
import time

import h5py
import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load
from lmu_hw.load.containers.hdf5 import require_no_loops

DENSE = {"name": "d", "units": 3, "activation": "linear", "batch_input_shape": [None, 7, 2]}
MODEL = {"class_name": "Sequential", "config": {"layers": [
    {"class_name": "Dense", "config": DENSE | {"use_bias": False}}
]}}  # fmt: skip


def refused(path, message):
    start = time.monotonic()
    with pytest.raises(LoadError, match=message) as caught:
        load(path)
    assert time.monotonic() - start < 10.0
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 1000


def model(path, fill):
    """Write a model of one dense layer; `fill` writes its variables."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(MODEL)
        file.attrs["keras_version"] = "2.3.0"
        fill(file)
    return path


def good(file):
    file["model_weights/d/d/kernel:0"] = np.ones((2, 3), np.float32)


def test_the_good_one_loads(tmp_path):
    assert load(model(tmp_path / "m.h5", good)).outputs == 3


def test_every_truncation_is_refused(tmp_path):
    raw = model(tmp_path / "m.h5", good).read_bytes()
    path = tmp_path / "cut.h5"
    for cut in np.linspace(9, len(raw) - 1, 60).astype(int):
        path.write_bytes(raw[:cut])
        refused(path, "must be ")


def test_damaged_bytes_load_or_are_refused(tmp_path):
    raw = model(tmp_path / "m.h5", good).read_bytes()
    path, rng, refusals = tmp_path / "bad.h5", np.random.default_rng(13), 0
    for _ in range(100):
        damaged = bytearray(raw)
        for place in rng.integers(0, len(raw), 6):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load(path)
        except LoadError as error:
            assert str(error).startswith(str(path))
            refusals += 1
    assert refusals > 20


def attributes(name, value):
    def fill(file):
        good(file)
        file.attrs[name] = value

    return fill


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("model_config", np.zeros(3), "attribute model_config must be a text of at most 16777216"),
        ("model_config", [b"{}", b"{}"], "attribute model_config must be a text"),
        ("model_config", 5, "attribute model_config must be a text"),
        ("model_config", h5py.Empty("S3"), "attribute model_config must be a text"),
        ("model_config", "{", "model_config must be JSON: "),
        ("model_config", b"\xff\xfe", "model_config must be JSON: "),
        ("model_config", "[" * 50_000, "model_config must be JSON: "),
        ("model_config", "{}", "the model must be Functional or Sequential, not None"),
        ("keras_version", "1.2.2", "keras_version must be 2.x or 3.x, not '1.2.2'"),
        ("keras_version", 3.0, "attribute keras_version must be a text"),
    ],
)
def test_attributes_that_lie_are_refused(tmp_path, name, value, message):
    refused(model(tmp_path / "m.h5", attributes(name, value)), message)


def test_a_config_that_is_too_long_is_refused(tmp_path):
    fill = attributes("model_config", " " * (17 << 20))
    refused(model(tmp_path / "m.h5", fill), "model_config must be a text of at most 16777216 bytes")


def test_no_version_is_refused(tmp_path):
    def fill(file):
        good(file)
        del file.attrs["keras_version"]

    refused(model(tmp_path / "m.h5", fill), "keras_version must be 2.x or 3.x, not None")


def soft(file):
    file["model_weights/d/d/kernel:0"] = h5py.SoftLink("/elsewhere")


def external_link(file):
    file["model_weights/d/d/kernel:0"] = h5py.ExternalLink("/etc/hostname", "/x")


def external_group(file):
    file["model_weights"] = h5py.ExternalLink("/etc/hostname", "/x")


def external_data(file):
    place = [("/etc/hostname", 0, 24)]
    file.create_dataset("model_weights/d/d/kernel:0", (2, 3), "f4", external=place)


def virtual(file):
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (2, 3))
    file.create_virtual_dataset("model_weights/d/d/kernel:0", layout)


def chunked(file):
    file.create_dataset(
        "model_weights/d/d/kernel:0", (2, 3), "f4", chunks=(2, 3), data=np.ones((2, 3))
    )


def huge(file):
    file.create_dataset("model_weights/d/d/kernel:0", (1 << 40, 1 << 20), "f4", chunks=(1, 1))


def unwritten(file):
    file.create_dataset("model_weights/d/d/kernel:0", (2, 3), "f4")


def loop(file):
    group = file.create_group("model_weights/d")
    group["d"], group["e"] = group, group


def text(file):
    file["model_weights/d/d/kernel:0"] = "a kernel"


def nan(file):
    file["model_weights/d/d/kernel:0"] = np.array([[0.0, 1, 2], [3, np.nan, 5]], np.float32)


def twice(file):
    good(file)
    file["model_weights/d/e/kernel:0"] = np.ones((2, 3), np.float32)


def no_group(file):
    file["model_weights"] = np.ones((2, 3))


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (soft, "'d/d/kernel:0' must be in the file, not a link elsewhere"),
        (external_link, "'d/d/kernel:0' must be in the file, not a link elsewhere"),
        (external_group, "'model_weights' must be a group in the file, not a link elsewhere"),
        (external_data, "must be stored whole in the file, without compression"),
        (virtual, "must be stored whole in the file, without compression"),
        (chunked, "must be stored whole in the file, without compression"),
        (unwritten, "must be stored whole in the file, without compression"),
        (huge, r"the shape of kernel .* must be \(2, 3\), not \(1099511627776, 1048576\)"),
        (loop, "must hold at most 100000 objects, 16 deep"),
        (text, r"the shape of kernel .* must be \(2, 3\), not \(\)"),
        (nan, r"layer 'd' \(Dense\): d: W must be finite, but W\[1, 1\] is nan"),
        (twice, "nothing reads .'d/e/kernel:0'"),
        (no_group, "'model_weights' must be a group in the file"),
    ],
)
def test_variables_that_lie_are_refused(tmp_path, fill, message):
    refused(model(tmp_path / "m.h5", fill), message)


def test_a_config_beside_weights_must_be_a_file(tmp_path):
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones((2, 3), np.float32)
    os.mkfifo(tmp_path / "m.json")
    refused(tmp_path / "m.weights.h5", "put model.to_json.. beside them as m.json")


def test_a_ring_is_refused(tmp_path):
    """libhdf5 would follow it for good."""
    raw = bytearray(model(tmp_path / "m.h5", good).read_bytes())
    node = raw.index(b"TREE")
    raw[node + 16 : node + 24] = node.to_bytes(8, "little")
    (tmp_path / "m.h5").write_bytes(raw)
    refused(tmp_path / "m.h5", f"a list at byte {node} is a ring")


@pytest.mark.parametrize("name", ["model_config", "keras_version"])
def test_a_text_that_says_it_is_huge_is_refused(tmp_path, name):
    """libhdf5 would make room for 4 GiB before it looks."""
    raw = bytearray(model(tmp_path / "m.h5", good).read_bytes())
    start = raw.index(name.encode() + b"\0")
    length = start + 16 + 24 + 8  # name, datatype and dataspace, each padded to 8 bytes
    assert int.from_bytes(raw[length : length + 4], "little") in (5, len(json.dumps(MODEL)))
    raw[length : length + 4] = b"\xf0\xff\xff\xff"
    (tmp_path / "m.h5").write_bytes(raw)
    refused(tmp_path / "m.h5", f"the length of attribute {name} must be at most")


def test_attributes_of_a_newer_format_are_refused(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        file.attrs["model_config"] = json.dumps(MODEL)
    refused(tmp_path / "m.h5", "model_config must be a message of version 1, not")


def test_nothing_of_the_file_is_kept_open(tmp_path):
    path = model(tmp_path / "m.h5", good)
    load(path)
    assert h5py.File(io.BytesIO(path.read_bytes()), "r").attrs["keras_version"] == "2.3.0"
    path.unlink()


def test_an_object_of_a_heap_that_does_not_end_is_refused(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("text", data=["a", "b"], dtype=h5py.string_dtype())
    raw = bytearray((tmp_path / "m.h5").read_bytes())
    require_no_loops("m.h5", bytes(raw))
    heap = raw.index(b"GCOL")
    free = next(at for at in range(heap + 16, heap + 200, 8) if raw[at : at + 8] == bytes(8))
    raw[free + 8 : free + 16] = bytes(8)
    with pytest.raises(LoadError, match=r"but an object of the heap at byte \d+ does not end"):
        require_no_loops("m.h5", bytes(raw))
