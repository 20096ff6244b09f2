# SPDX-License-Identifier: Apache-2.0
"""Files that are damaged or mean harm: each ends in one `LoadError` that names the file."""

from __future__ import annotations

import os
import sys
import zipfile

import numpy as np
import pytest

from tests.load import keras_files
from tests.load.refusals import archive, refused

SUFFIXES = (".keras", ".npz", ".safetensors", ".pt")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_file(tmp_path, suffix):
    refused(tmp_path / f"no{suffix}", "the file must be readable, but: No such file")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_folder(tmp_path, suffix):
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    refused(folder, "must be a .keras, .h5, .npz, .safetensors, .pt or .onnx file, not a directory")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_file(tmp_path, suffix):
    path = tmp_path / f"empty{suffix}"
    path.touch()
    refused(path, "must be a .keras, .h5, .npz, .safetensors, .pt or .onnx file, not an empty one")


def test_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    refused(tmp_path / "pipe.npz", "not a device or a pipe")


def test_path_with_a_null_byte():
    refused("a\0.npz", "the file must be readable, but: embedded null byte")


def test_text_file(tmp_path):
    path = tmp_path / "a.keras"
    path.write_text("hello, hello")
    refused(path, "must be a .keras, .* or .onnx file, not one that starts with b'hello")


def test_archive_of_something_else(tmp_path):
    path = archive(tmp_path / "m.zip", {"a.txt": "b"})
    refused(path, r"must hold config.json .* not \['a.txt'\]")


def test_archive_with_one_name_twice(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "m", "w") as file:
        file.writestr("config.json", "{}")
        file.writestr("config.json", "{}")
    refused(tmp_path / "m", "members of the archive must have different names")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_truncation_is_refused(files, suffix, tmp_path):
    raw = files[suffix].read_bytes()
    path = tmp_path / f"cut{suffix}"
    cuts = sorted({*range(1, 40), *np.linspace(40, len(raw) - 1, 40).astype(int).tolist()})
    for cut in cuts:
        path.write_bytes(raw[:cut])
        refused(path, "must be")


@pytest.mark.parametrize("member", ["metadata.json", "config.json", "model.weights.h5"])
def test_missing_member(files, tmp_path, member):
    with zipfile.ZipFile(files[".keras"]) as file:
        held = {name: file.read(name) for name in file.namelist() if name != member}
    refused(archive(tmp_path / "m.keras", held), "must be in the archive|must hold config.json")


def test_sharded_weights(tmp_path, rng):
    layer, members = keras_files.dense(rng, 1, 2), {"model.weights.json": "{}"}
    path = keras_files.write(tmp_path / "m.keras", [layer], members=members)
    refused(path, r"must be in one file \(model.weights.h5\), not in shards")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json must be JSON: "),
        (b"\xff\xfe\xfd", "config.json must be JSON: "),
        ("[1]", r"config.json must be a JSON object, not \[1\]"),
        ("[" * 100_000, "config.json must be JSON: "),
        ('{"class_name": ' + "9" * 5000 + "}", "config.json must be JSON: "),
        ("{}", "the model must be Functional or Sequential, not None"),
        ('{"class_name": "Sequential", "config": {"layers": {}}}', "must be a list of layers"),
        ('{"class_name": "Sequential", "config": {"layers": [5]}}', "a layer must be an object"),
        (
            '{"class_name": "Sequential", "config": {"layers": [{"class_name": 5, "config": {}}]}}',
            "class_name must be a string, not 5",
        ),
    ],
)
def test_config_that_is_nonsense(tmp_path, rng, text, message):
    members = {"config.json": text}
    path = keras_files.write(tmp_path / "m.keras", [keras_files.dense(rng, 1, 2)], members=members)
    refused(path, message)


def test_config_that_is_too_long(tmp_path):
    members = {"config.json": b" " * (17 << 20)}
    path = archive(tmp_path / "m.keras", members)
    refused(path, r"'config.json' must be at most 16777216 bytes, not 17825792")


def test_encrypted_member(files, tmp_path):
    raw = bytearray(files[".keras"].read_bytes())
    for start in (b"PK\x01\x02", b"PK\x03\x04"):
        place, offset = 0, 8 if start[2] == 1 else 6
        while (place := raw.find(start, place)) >= 0:
            raw[place + offset] |= 1
            place += 4
    (tmp_path / "m.keras").write_bytes(raw)
    refused(tmp_path / "m.keras", "must be readable, but .* encrypted")


def test_a_missing_package_is_named(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    refused(files[".keras"], "the Python package 'h5py' must be installed for this kind of file")
