# SPDX-License-Identifier: Apache-2.0
"""HDF5 weights that are damaged or mean harm: each ends in one `LoadError`."""

from __future__ import annotations

import io
import struct
import zipfile

import h5py
import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import load, save
from tests.load import keras_files
from tests.load.refusals import archive, model_refused, refused


@pytest.fixture
def files(network, tmp_path, rng):
    """Return a good file of each kind by suffix."""
    keras = tmp_path / "good.keras"
    keras_files.write(keras, [keras_files.lmu(rng, 1), keras_files.dense(rng, 3, 2)])
    save(network, tmp_path / "good.npz")
    save(network, tmp_path / "good.safetensors")
    return {p.suffix: p for p in (keras, tmp_path / "good.npz", tmp_path / "good.safetensors")}


def hdf5(fill):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


def keras_with(path, raw):
    """Write a model of one dense layer with the weights file `raw`."""
    layer = keras_files.dense(np.random.default_rng(0), 1, 2)
    return keras_files.write(path, [layer], members={"model.weights.h5": raw})


def test_damaged_weights_inside_a_whole_archive(files, tmp_path):
    with zipfile.ZipFile(files[".keras"]) as file:
        held = {name: file.read(name) for name in file.namelist()}
    raw = held["model.weights.h5"]
    rng = np.random.default_rng(12)
    refusals = 0
    for _ in range(60):
        damaged = bytearray(raw)
        for place in rng.integers(0, len(raw), 4):
            damaged[place] = rng.integers(256)
        path = archive(tmp_path / "bad.keras", held | {"model.weights.h5": bytes(damaged)})
        try:
            load(path)
        except LoadError as error:
            assert str(error).startswith(str(path))
            refusals += 1
    assert refusals > 8


def test_truncated_weights_inside_a_whole_archive(tmp_path):
    raw = hdf5(lambda file: file.create_dataset("layers/dense/vars/0", data=np.zeros((1, 2))))
    for cut in (0, 10, 600, len(raw) - 8):
        path = keras_with(tmp_path / "m.keras", raw[:cut])
        refused(path, "weights.* must be ")


def test_weights_in_another_file_are_refused(tmp_path):
    def external(file):
        file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/hostname", "/x")

    path = keras_with(tmp_path / "m.keras", hdf5(external))
    refused(path, "'layers/dense/vars/0' must be in the file, not a link elsewhere")


def test_data_in_another_file_is_refused(tmp_path):
    other = tmp_path / "secret"
    other.write_bytes(b"\0" * 64)

    def external(file):
        place = [(str(other), 0, 16)]
        file.create_dataset("layers/dense/vars/0", (1, 2), "f8", external=place)

    path = keras_with(tmp_path / "m.keras", hdf5(external))
    refused(path, "must be stored whole in the file, without compression")


@pytest.mark.parametrize("options", [{"compression": "gzip", "chunks": (1, 2)}, {}])
def test_data_that_inflates_is_refused(tmp_path, options):
    def inflated(file):
        file.create_dataset("layers/dense/vars/0", (1, 2), "f8", **options)

    path = keras_with(tmp_path / "m.keras", hdf5(inflated))
    refused(path, "must be stored whole in the file, without compression")


def test_huge_data_of_fill_values_is_refused(tmp_path):
    units = 1 << 23

    def inflated(file):
        file.create_dataset("layers/dense/vars/0", (10_000, units), "f8")

    layer = keras_files.dense(np.random.default_rng(0), 1, 2)
    layer.config["units"] = units
    path = keras_files.write(
        tmp_path / "m.keras",
        [layer],
        kind="Sequential",
        members={"model.weights.h5": hdf5(inflated)},
    )
    refused(path, "must be stored whole in the file, without compression")


def test_a_ring_of_free_blocks_is_refused(tmp_path):
    """libhdf5 would follow it for good."""
    raw = bytearray(hdf5(lambda file: file.create_group("layers")))
    heap = raw.index(b"HEAP")
    (data,) = struct.unpack_from("<Q", raw, heap + 24)
    struct.pack_into("<Q", raw, heap + 16, 8)
    struct.pack_into("<Q", raw, data + 8, 8)
    path = keras_with(tmp_path / "m.keras", bytes(raw))
    refused(path, "weights must be a whole HDF5 file, but a list at byte 8 is a ring")


def test_a_ring_of_siblings_is_refused(tmp_path):
    raw = bytearray(hdf5(lambda file: file.create_group("layers")))
    node = raw.index(b"TREE")
    struct.pack_into("<Q", raw, node + 16, node)
    path = keras_with(tmp_path / "m.keras", bytes(raw))
    refused(path, f"weights must be a whole HDF5 file, but a list at byte {node} is a ring")


def test_weights_of_another_format_are_refused(tmp_path):
    path = keras_with(tmp_path / "m.keras", b"not HDF5 at all")
    refused(path, "weights: the file must be an HDF5 file, not b'not HDF5'")


def test_addresses_of_another_size_are_refused(tmp_path):
    raw = bytearray(hdf5(lambda file: None))
    raw[13] = 4
    path = keras_with(tmp_path / "m.keras", bytes(raw))
    refused(path, r"addresses and lengths must be 8 bytes long, not \[4, 8\]")


def test_loops_of_groups_are_refused(tmp_path):
    def loop(file):
        group = file.create_group("layers")
        group["layers"] = group

    path = keras_with(tmp_path / "m.keras", hdf5(loop))
    refused(path, "must hold at most 100000 objects, 16 deep, but go on at")


def test_a_named_type_among_the_weights_is_refused(tmp_path):
    def named(file):
        file["layers"] = np.dtype("f8")

    path = keras_with(tmp_path / "m.keras", hdf5(named))
    refused(path, "'layers' must be a group or a dataset")


def test_a_variable_that_nobody_reads_is_refused(tmp_path, rng):
    more = {"layers/dense/vars/2": np.zeros(3)}
    message = r"nothing reads \['layers/dense/vars/2'\]"
    model_refused(tmp_path, [keras_files.dense(rng, 1, 2)], message, more=more)


def test_two_places_for_one_cell_are_refused(tmp_path, rng):
    more = {"layers/lmu/layer/cell/vars/0": np.zeros((1, 1))}
    message = "its variables must be in one group of the weights, not"
    model_refused(tmp_path, [keras_files.lmu(rng, 1)], message, more=more)


@pytest.mark.parametrize("data", [np.array([[1, 2]], np.int8), np.zeros((1, 2), bool)])
def test_weights_that_are_no_floats_are_refused(tmp_path, rng, data):
    layer = keras_files.dense(rng, 1, 2)
    layer.variables["vars/0"] = data
    model_refused(tmp_path, [layer], "the data must be float16, float32 or float64, not")


def test_weights_that_are_not_finite_are_refused(tmp_path, rng):
    layer = keras_files.lmu(rng, 1)
    layer.variables["layer/vars/0"][0, 0] = np.nan
    model_refused(tmp_path, [layer], r"'lmu' \(LMU\): lmu: E_x must be finite")
