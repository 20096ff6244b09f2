# SPDX-License-Identifier: Apache-2.0
"""Files of others are refused with what they are, what to do, and where."""

from __future__ import annotations

import zipfile

import pytest

from tests.load import torch_files
from tests.load.refusals import archive, refused

FILES = {
    "m.tflite": (b"\x1c\0\0\0TFL3", "a TFLite model, .*; save the network it was made of"),
    "m.pb": (b"\x0a\x0b", "a frozen TensorFlow graph"),
    "w.index": (b"\0\0", r"part of a TensorFlow checkpoint; .*export_keras \S*/w -o weights.npz"),
    "w.data-00000-of-00001": (b"\0", r"part of a TensorFlow checkpoint; .*export_keras \S*/w -o"),
    "checkpoint": (b"model", "part of a TensorFlow checkpoint"),
    "old.pt": (
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19",
        "a file of torch.save before version 1.6; where",
    ),
    "net.pkl": (b"\x80\x04\x95", "a bare pickle, which could run code; where it was trained"),
    "x.npy": (b"\x93NUMPY\x01\0", "a single array; name the file of the trained network"),
    "m.json": (b"{}", "a description of layers without weights; put it beside the weights"),
    "m.tar.gz": (b"\x1f\x8b", "a compressed file; unpack it"),
    "m.pt.xz": (b"\xfd7zXZ\0", "a compressed file; unpack it"),
    "m.tar": (b"m.pt".ljust(257, b"\0") + b"ustar", "an archive of tar; unpack it"),
    "lfs.pt": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        "a pointer of Git LFS, and the file is elsewhere; 'git lfs pull'",
    ),
    "lfs.safetensors": (b"version https://git-lfs", "a pointer of Git LFS, and the file is"),
    "page.pt": (b"<!DOCTYPE html>", "a web page; download the file itself"),
    "m.gguf": (b"GGUF\3", "a GGUF file, whose weights are rounded already"),
    "m.mat": (b"MATLAB 5.0 MAT-file", "a MATLAB file; write its arrays with numpy.savez"),
    "text.pkl": (b"(dp0\nV", "a bare pickle, which could run code"),
    "model.safetensors.index.json": (b"{}", "a list of the files that weights are in; where"),
    "m.msgpack": (b"\x82", "a Flax state"),
    "m.bin": (b"what", "one that starts with b'what'"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_kind_is_called_by_its_name(tmp_path, name):
    content, message = FILES[name]
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, f"the file must be a .keras, .* or .onnx file, not {message}")


FOLDERS = {
    "saved_model.pb": r"a TensorFlow SavedModel; .*'python -m lmu_hw.export_keras \S+ -o model.k",
    "ckpt-3.index": r"a folder of TensorFlow checkpoints; .*export_keras \S*/ckpt-3 -o weights",
    "data.pkl": "an unpacked file of torch.save; name the file itself",
    "model.safetensors": r"a folder; name a file in it, such as \S*/model.safetensors",
    "__0_0.distcp": r"a distributed checkpoint of PyTorch; .* dcp_to_torch \S+ model.pt",
    "_METADATA": "an Orbax checkpoint of JAX; restore it there, and write its flattened",
    "notes.txt": "a directory",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_called_by_what_is_in_it(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_bytes(b"x")
    refused(folder, f"not {FOLDERS[name]}")


def test_programs_of_pytorch_are_refused_by_name(tmp_path):
    script = {"m/data.pkl": b"", "m/constants.pkl": b"", "m/code/a.py": b"x" * 99}
    path = archive(tmp_path / "m.pt", script, compression=zipfile.ZIP_DEFLATED)
    refused(path, "must be a state dict, not a TorchScript program; where PyTorch is, write")
    path = archive(tmp_path / "m.pt2", {"m/models/model.json": b"{}"})
    refused(path, "must be a state dict, not a program of torch.export; write")


def test_an_archive_around_a_saved_model_is_called_one(tmp_path):
    path = archive(tmp_path / "m.zip", {"sm/saved_model.pb": b"x", "sm/variables/a.index": b"x"})
    refused(path, "not one around a TensorFlow SavedModel, 'sm/saved_model.pb'; unpack it")


@pytest.mark.parametrize("module", ["__main__", "torch.nn.modules.linear"])
def test_a_whole_module_is_called_one(tmp_path, module):
    path = torch_files.write(tmp_path / "m.pt", torch_files.name(module, "Net") + b")\x81}b")
    refused(path, rf"'{module}.Net', which is never run; this is a whole pickled module: where")


def test_a_file_within_an_archive_is_to_be_unpacked(tmp_path):
    path = archive(tmp_path / "m.zip", {"net/model.pt": b"x"})
    refused(path, r"not one around 'net/model\.pt'; unpack it, and name what is in it")


def test_quantized_weights_are_called_so(tmp_path):
    path = torch_files.write(
        tmp_path / "m.pt", torch_files.name("torch._utils", "_rebuild_qtensor")
    )
    refused(path, "these are quantized weights, which are rounded already: save the float model")


def test_a_design_is_no_trained_network(tmp_path):
    (tmp_path / "rtl").mkdir()
    (tmp_path / "manifest.json").write_bytes(b"{}")
    refused(tmp_path, "not the folder of a design, which is hardware already")
