# SPDX-License-Identifier: Apache-2.0
"""What a file is that is not read here, and what to do with it, where it was trained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["MODELS", "stranger", "stranger_folder"]

_EXPORT = "python -m lmu_hw.export_keras"
_KERAS = (
    f"where it was trained, '{_EXPORT} {{name}} -o model.keras' saves it so that it is read here, "
    "or load it in Keras and model.save('model.keras')"
)
_ARRAYS = (
    f"where it was trained, '{_EXPORT} {{name}} -o weights.npz' writes its variables by name, "
    "which a mapping makes a network of"
)
_STATE = (
    "where it was trained, load it, and write model.state_dict() with safetensors.torch.save_file"
)
_PICKLED = (
    f"{_STATE}, or a Keras model with model.save('model.keras'); a list such as "
    "model.get_weights() with numpy.savez, which a mapping makes a network of"
)
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
_CHECKPOINT = re.compile(r".*\.(index|data-\d+-of-\d+|meta)|checkpoint")
_UNPACK = "unpack it, and name what is in it"
_COMPRESSED = (b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")
_LFS = "'git lfs pull' where it was cloned brings it, or download it from the project's page"
_PICKLES = (*(bytes((0x80, protocol)) for protocol in range(2, 6)), b"(dp", b"(lp")
_MARKS = (
    (b"TFL3", 4, "a TFLite model, which is quantized already and has lost its layers", "{source}"),
    (_LEGACY_TORCH, 0, "a file of torch.save before version 1.6", _STATE),
    *((mark, 0, "a bare pickle, which could run code", _PICKLED) for mark in _PICKLES),
    (b"\x93NUMPY", 0, "a single array", "{one}"),
    *((mark, 0, "a compressed file", _UNPACK) for mark in _COMPRESSED),
    (b"ustar", 257, "an archive of tar", _UNPACK),
    (b"version https://git-lfs", 0, "a pointer of Git LFS, and the file is elsewhere", _LFS),
    *((mark, 0, "a web page", "download the file itself") for mark in (b"<!DOCTYPE", b"<html")),
    (b"GGUF", 0, "a GGUF file, whose weights are rounded already", "{source}"),
    (b"MATLAB 5.0", 0, "a MATLAB file", "write its arrays with numpy.savez, and map them"),
)
_SUFFIXES = {
    ".pb": ("a frozen TensorFlow graph, which has lost its layers", "{source}"),
    ".json": ("a description of layers without weights", "{json}"),
    ".msgpack": ("a Flax state, which needs Flax to be read", "{flax}"),
    ".mlmodel": ("a Core ML model, which has lost its layers", "{source}"),
    ".engine": ("a TensorRT engine, which has lost its layers", "{source}"),
}
_ADVICE = {
    "source": "save the network it was made of: model.save('model.keras'), or model.state_dict() "
    "of PyTorch",
    "one": "name the file of the trained network; arrays by name (.npz) load with a mapping",
    "json": "put it beside the weights, as NAME.json beside NAME.weights.h5, and name the weights",
    "shards": "where it was trained, load all of them, and save model.state_dict() as one file",
    "flax": "write its flattened parameters with numpy.savez, and load them with a mapping",
}
MODELS = (".keras", ".h5", ".hdf5", ".safetensors", ".pt", ".pth", ".npz")
"""How trained files that are read may be called."""


def stranger(path: Path, start: bytes) -> str:
    """Return what a file is, by its first bytes and its name, and what to do; empty: unknown."""
    if _CHECKPOINT.fullmatch(path.name):
        prefix = path.name.partition(".index")[0].partition(".data-")[0].partition(".meta")[0]
        return f"part of a TensorFlow checkpoint; {_ARRAYS.format(name=path.with_name(prefix))}"
    if path.name.endswith(".index.json"):
        return f"a list of the files that weights are in; {_ADVICE['shards']}"
    for mark, place, what, advice in _MARKS:
        if start[place : place + len(mark)] == mark:
            return f"{what}; {advice.format(**_ADVICE)}"
    if path.suffix in _SUFFIXES:
        what, advice = _SUFFIXES[path.suffix]
        return f"{what}; {advice.format(**_ADVICE)}"
    return ""


def stranger_folder(path: Path) -> str:
    """Return what a folder is, and what to do; empty: nobody knows."""
    names = sorted(entry.name for entry in _entries(path))
    if "saved_model.pb" in names or "saved_model.pbtxt" in names:
        return f"a TensorFlow SavedModel; {_KERAS.format(name=path)}"
    indices = [name for name in names if name.endswith(".index")]
    if indices:
        prefix = path / indices[-1].removesuffix(".index")
        return f"a folder of TensorFlow checkpoints; {_ARRAYS.format(name=prefix)}"
    if any(name.endswith(".distcp") for name in names):
        return (
            "a distributed checkpoint of PyTorch; where it was trained, make it one file: "
            f"python -m torch.distributed.checkpoint.format_utils dcp_to_torch {path} model.pt"
        )
    if "_METADATA" in names or "manifest.ocdbt" in names:
        return f"an Orbax checkpoint of JAX; restore it there, and {_ADVICE['flax']}"
    if "data.pkl" in names:
        return "an unpacked file of torch.save; name the file itself"
    if "manifest.json" in names and "rtl" in names:
        return "the folder of a design, which is hardware already; name the trained file"
    models = [name for name in names if name.endswith(MODELS)]
    if models and "rtl" not in names:  # what is left of a design has no trained network
        return f"a folder; name a file in it, such as {path / models[0]}"
    return ""


def _entries(path: Path) -> Iterator[Path]:
    """Yield what is in a folder, if that may be known."""
    try:
        yield from path.iterdir()
    except OSError:
        return
