# SPDX-License-Identifier: Apache-2.0
"""State dicts in `.pt` files: from PyTorch itself (fixtures), and put together by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest

from lmu_hw.load import load
from tests.load import torch_files
from tests.load.refusals import archive, refused

FIXTURES = Path(__file__).parents[1] / "fixtures" / "torch"
SHAPES = {
    "e_x": (1, 2), "e_h": (1, 5), "e_m": (1, 3), "W_x": (5, 2), "W_h": (5, 5), "W_m": (5, 3),
    "A": (3, 3), "B": (3, 1),
}  # fmt: skip


@pytest.fixture
def cell(rng):
    """The tensors of one cell by name, in float32."""
    return {
        f"lmu.cell.{key}": (rng.normal(size=shape) / 3).astype(np.float32)
        for key, shape in SHAPES.items()
    }


def layer(path) -> Any:
    return load(path).layers[0]


@pytest.mark.parametrize("name", ["checkpoint", "lmufft"])
def test_files_of_pytorch_answer_what_pytorch_answers(name):
    held = np.load(FIXTURES / "answers.npz")
    answers = load(FIXTURES / f"{name}.pt").run(held["x"])
    # float64 against PyTorch's float32
    np.testing.assert_allclose(answers, held[name], rtol=1e-5, atol=1e-6)


def test_files_before_pytorch_1_6_are_refused_with_advice():
    refused(
        FIXTURES / "old.pt", "not a file of torch.save before version 1.6; where it was trained"
    )


def test_a_pickled_module_is_refused_with_the_name_of_its_class():
    message = "must name nothing but PyTorch's tensors, not the global 'torch.nn.modules.linear.Li"
    refused(FIXTURES / "module.pt", message)


def test_torchscript_is_refused_by_name(tmp_path, cell):
    path = torch_files.write(tmp_path / "m.pt", b"}", {"constants.pkl": b"\x80\x02)."})
    refused(path, "must be a state dict, not a TorchScript program")


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_floats_of_every_width_and_byte_order_are_exact(tmp_path, cell, kind, order):
    held = {key: data.astype(order + kind) for key, data in cell.items()}
    byteorder = b"little" if order == "<" else b"big"
    path = torch_files.write_state(tmp_path / "m.pt", held, byteorder=byteorder)
    for key in ("W_x", "W_h", "W_m"):
        assert np.array_equal(getattr(layer(path).hidden, key), held[f"lmu.cell.{key}"])


def test_bfloat16_is_the_upper_half_of_float32(tmp_path, cell):
    halves = {key: (data.view(np.uint32) >> 16).astype("<u2") for key, data in cell.items()}
    path = torch_files.write_state(tmp_path / "m.pt", halves)
    expected = (halves["lmu.cell.W_x"].astype(np.uint32) << 16).view(np.float32)
    assert np.array_equal(layer(path).hidden.W_x, expected)


def test_a_file_without_byte_order_is_little_endian(tmp_path, cell):
    path = torch_files.write_state(tmp_path / "m.pt", cell, byteorder=None)
    assert np.array_equal(layer(path).E_x, cell["lmu.cell.e_x"])


def test_strides_and_offsets_are_honoured(tmp_path, cell):
    """All tensors lie in one storage, from its end to its start, and column by column."""
    pairs, data, place = [], np.concatenate([held.T.ravel() for held in cell.values()]), 0
    for key, held in cell.items():
        storage = torch_files.storage("FloatStorage", "0", data.size)
        body = torch_files.tensor(storage, place, held.shape, (1, len(held)))
        pairs.insert(0, (torch_files.text(key), body))
        place += held.size
    members = {"data/0": data.tobytes()}
    path = torch_files.write(tmp_path / "m.pt", torch_files.entries(pairs), members)
    for key in ("W_x", "W_h", "W_m"):
        assert np.array_equal(getattr(layer(path).hidden, key), cell[f"lmu.cell.{key}"])


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_gives_its_state_dict(tmp_path, cell, key):
    body, members = torch_files.state(cell)
    others = {"optimizer": b"}", "epoch": b"K\x03", "losses": b"](G" + b"\0" * 8 + b"N\x88e"}
    path = torch_files.write(
        tmp_path / "m.pt", torch_files.mapping(**others, **{key: body}), members
    )
    assert np.array_equal(layer(path).E_x, cell["lmu.cell.e_x"])


def test_a_parameter_is_its_tensor(tmp_path, cell):
    body, members = torch_files.state(cell)
    start = torch_files.name("torch._utils", "_rebuild_tensor_v2")
    end = b"\x89" + torch_files.NO_HOOKS + b"tR"
    parameter = torch_files.name("torch._utils", "_rebuild_parameter") + b"("
    body = body.replace(start, parameter + start).replace(
        end, end + b"\x88" + torch_files.NO_HOOKS + b"tR"
    )
    path = torch_files.write(tmp_path / "m.pt", body, members)
    assert np.array_equal(layer(path).E_x, cell["lmu.cell.e_x"])


def test_two_state_dicts_in_a_checkpoint_are_refused(tmp_path, cell):
    body, members = torch_files.state(cell)
    both = torch_files.mapping(model=body, state_dict=body)
    path = torch_files.write(tmp_path / "m.pt", both, members)
    refused(path, "the state dict must be one, not 2: 'model' or 'state_dict'; the key `state`")


def test_integer_weights_are_refused(tmp_path, cell):
    cell["lmu.cell.A"] = np.zeros((3, 3), np.int64)
    path = torch_files.write_state(tmp_path / "m.pt", cell)
    refused(path, "tensor 'lmu.cell.A': the elements must be float16 or .*, not 'int64'")


def test_a_missing_storage_is_refused(tmp_path, cell):
    body, members = torch_files.state(cell)
    del members["data/3"]
    refused(torch_files.write(tmp_path / "m.pt", body, members), "data/3' must be in the archive")


@pytest.mark.parametrize("change", [lambda raw: raw[:-4], lambda raw: raw + b"1234"])
def test_a_storage_of_another_length_is_refused(tmp_path, cell, change):
    body, members = torch_files.state(cell)
    members["data/3"] = change(members["data/3"])
    path = torch_files.write(tmp_path / "m.pt", body, members)
    refused(path, r"'archive/data/3' must be 10 elements of float32 long, not '\d+ bytes'")


def test_another_byte_order_is_refused(tmp_path, cell):
    path = torch_files.write_state(tmp_path / "m.pt", cell, byteorder=b"middle")
    refused(path, "the byte order must be little or big, not b'middle'")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"N", "the content must be a state dict, alone or under .*, not None"),
        (b"}", r"the content must be a state dict, .* not \{\}"),
        (b"]", r"the content must be a state dict, .* not \[\]"),
        (b"}X\x01\0\0\0aK\x01s", r"alone or under a key: named tensors, not \{'a': 1\}"),
        (b"}K\x01K\x01s", r"alone or under a key: named tensors, not \{1: 1\}"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path, body, message):
    refused(torch_files.write(tmp_path / "m.pt", body), message)


def test_a_deflated_state_dict_is_refused(tmp_path):
    path = archive(tmp_path / "m.pt", {"m/data.pkl": b"\x80\x02}."}, compression=ZIP_DEFLATED)
    refused(path, "'m/data.pkl' must be stored, not of method 8")


def test_two_pickles_are_refused(tmp_path):
    path = torch_files.write(tmp_path / "m.pt", b"}", {"b/data.pkl": b"\x80\x02}."})
    refused(path, r"the pickle must be one data.pkl, not \['archive/data.pkl', 'archive/b/data")


def test_what_lies_beside_weights_is_not_read(tmp_path, cell):
    """A metric and an array of NumPy, options, a device, ...: what PyTorch writes of them."""
    body, members = torch_files.state(cell)
    call, name, text = torch_files.together, torch_files.name, torch_files.text
    others = {
        "best": name("numpy.core.multiarray", "scalar")
        + call(name("numpy", "dtype") + call(text("f8"), b"\x89", b"\x88") + b"R", text("x"))
        + b"R",
        "args": name("argparse", "Namespace") + b")\x81}" + text("lr") + b"K\x01sb",
        "random": name("numpy.core.multiarray", "_reconstruct")
        + call(name("numpy", "ndarray"), call(b"K\x00"), text("b"))
        + b"R"
        + call(b"K\x01", call(b"K\x02"))
        + b"b",
        "hyper_parameters": name("lightning.fabric.utilities.data", "AttributeDict")
        + b")\x81("
        + text("units")
        + b"K\x05u",
        "device": name("torch", "device") + call(text("cpu")) + b"R",
        "seen": name("collections", "defaultdict")
        + call(name("builtins", "int"))
        + b"RK\x01K\x02s",
    }
    path = torch_files.write(tmp_path / "m.pt", torch_files.mapping(**others, net=body), members)
    assert np.array_equal(layer(path).E_x, cell["lmu.cell.e_x"])


def test_arrays_of_numpy_alone_are_called_so(tmp_path):
    call, name = torch_files.together, torch_files.name
    array = name("numpy._core.multiarray", "_reconstruct") + call(b"K\x00") + b"R"
    path = torch_files.write(tmp_path / "m.pt", torch_files.mapping(A=array))
    refused(path, "named tensors, not .*; arrays of NumPy in a pickle are not read: numpy.savez")
