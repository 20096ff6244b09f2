# SPDX-License-Identifier: Apache-2.0
"""Pickles that mean harm: refused, by name, and nothing of them ever runs."""

from __future__ import annotations

import builtins
import os
import pickle
import struct
import time
import zipfile

import pytest

from tests.load import torch_files
from tests.load.refusals import refused


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def pickled(tmp_path):
    """A function that writes an archive around whole pickles or single opcodes."""

    def write(body, **options):
        return torch_files.write(tmp_path / "m.pt", body, **options)

    return write


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "arguments", "symbol"),
    [
        (os.system, ("touch ran",), "posix.system"),
        (os.mkdir, ("ran",), "posix.mkdir"),
        (builtins.exec, ("import os; os.mkdir('ran')",), "exec"),
        (builtins.eval, ("__import__('os').mkdir('ran')",), "eval"),
        (builtins.open, ("ran", "w"), "io.open"),
        (builtins.getattr, (os, "mkdir"), "getattr"),
    ],
)
def test_calls_are_refused_and_not_run(
    tmp_path, monkeypatch, protocol, function, arguments, symbol
):
    monkeypatch.chdir(tmp_path)
    if arguments[0] is os:
        arguments = ("os", "mkdir")
    raw = pickle.dumps({"lmu.cell.e_x": Call(function, *arguments)}, protocol)
    with zipfile.ZipFile("m.pt", "w") as file:
        file.writestr("m/data.pkl", raw)
    refused("m.pt", rf"not the global '[\w.]*{symbol}', which is never run")
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.pt"]


def test_these_calls_would_run(tmp_path, monkeypatch):
    """What the test above proves absent does happen where a pickle is loaded."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Call(os.mkdir, "ran")))
    assert (tmp_path / "ran").is_dir()


@pytest.mark.parametrize("start", [b"", b"\x80\x02"])
@pytest.mark.parametrize(
    ("opcodes", "opcode"),
    [
        (b"(S'touch ran'\nios\nsystem\n", "STRING"),
        (b"(ios\nsystem\n", "INST"),
        (b"(cos\nsystem\no", "GLOBAL"),
        (b"cos\nsystem\n)\x81", "GLOBAL"),
        (b"\x82\x01", "EXT1"),
        (b"Pos.system\n", "PERSID"),
        (b"I1\n", "INT"),
        (b"\x8b\x01\0\0\0\x01", "LONG4"),
        (b"}2", "DUP"),
        (b"\x8f", "EMPTY_SET"),
        (b"\x96\x01\0\0\0\0\0\0\0a", "BYTEARRAY8"),
    ],
)
def test_other_opcodes_are_refused_by_name(tmp_path, start, opcodes, opcode):
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as file:
        file.writestr("m/data.pkl", start + opcodes + b".")
    message = f"data.pkl: byte .*{opcode}: .*(must do without the opcode|not the global 'os.system)"
    refused(tmp_path / "m.pt", message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "must be a whole pickle, but"),
        (b"NN", "must be a whole pickle, but too many values"),
        (b"\xff", "must be a whole pickle, but"),
        (b"R", "REDUCE: must be a whole pickle, but pop from empty list"),
        (b"t", "TUPLE: must be a whole pickle, but pop from empty list"),
        (b"h\x07", "BINGET: must be a whole pickle, but 7"),
        (b"q\x07", "BINPUT: must be a whole pickle, but"),
        (b"X\xff\xff\xff\x7fa", "must be a whole pickle, but expected 2147483647 bytes"),
        (b"X\x01\0\0\0\xff", "must be a whole pickle, but"),
        (b"NNN\x86e", "must be a whole pickle, but"),
        (b"NNa", "APPEND: what is appended to must be a list, not None"),
        (b"](Ne(Nu", r"SETITEMS: what is set must be pairs of a dictionary, not \[None\]"),
        (b"}(Nu", "SETITEMS: what is set must be pairs of a dictionary"),
        (b"})Ns", r"SETITEM: a key must be text or an integer, not \(\)"),
        (b"}(K\x01NK\x01Nu", "the keys of a dictionary must be different, not 1"),
        (b"}Nb", "BUILD: what has attributes must be a dictionary"),
        (b"NQ", "BINPERSID: a persistent id must be that of a storage, not None"),
        (b"NNR", "REDUCE: arguments must be a tuple, not None"),
        (b"N)R", "REDUCE: what is called must be a known symbol with its arguments, not None"),
        (b"ccollections\nOrderedDict\n]\x85R", "what is called must be a known symbol"),
        (b"ctorch._utils\n_rebuild_parameter\nN\x85R", "what is called must be a known symbol"),
        (b"NN\x93", r"STACK_GLOBAL: the name of a global must be text, not \(None, None\)"),
        (b"ctorch\nFloat", "GLOBAL: must be a whole pickle, but a name does not end"),
        (b"cos\\}\nsystem\n", r"not the global 'os\\\\}.system'"),
        (b"S'\\}'\n", "a state dict must do without the opcode STRING"),
        (b"ctorch\nos.system\n", "not the global 'torch.os.system'"),
    ],
)
def test_damaged_programs_are_refused(pickled, body, message):
    refused(pickled(body), message)


TENSORS = [
    ((0, (2, 3), (-3, 1)), r"the strides of a tensor must be integers from 0 up, not \(-3, 1\)"),
    ((-1, (2, 3), (3, 1)), r"the offset of a tensor must be integers from 0 up, not \(-1,\)"),
    ((0, (2, -3), (3, 1)), "the shape of a tensor must be integers from 0 up"),
    ((1, (2, 3), (3, 1)), "must be inside its storage of 6 elements, not 6"),
    ((0, (2, 3), (4, 1)), "must be inside its storage of 6 elements, not 6"),
    ((1 << 61, (2, 3), (3, 1)), "must be inside its storage of 6 elements, not"),
    ((0, (1 << 61, 1 << 61), (1 << 61, 1 << 61)), "must be inside its storage of 6 elements"),
    ((0, (1 << 62, 1), (1, 1)), "the shape of a tensor must be integers from 0 up"),
    ((0, (1 << 600,), (1,)), "the shape of a tensor must be integers from 0 up"),
    ((0, (1,) * 9, (1,) * 9), "the shape of a tensor must be integers from 0 up"),
    ((0, (2, 3), (1,)), r"the strides of a tensor must be 2 integers, not \(1,\)"),
]


@pytest.mark.parametrize(("view", "message"), TENSORS)
def test_tensors_outside_their_storage_are_refused(pickled, view, message):
    held = torch_files.storage("DoubleStorage", "0", 6)
    refused(pickled(torch_files.mapping(a=torch_files.tensor(held, *view))), message)


def test_a_tensor_larger_than_its_storage_is_refused_before_it_is_made(tmp_path):
    """An LMUFFT that fits in all else, with 2^40 units: every row is the same one."""
    units = 1 << 40
    shapes = {"A": (1, 1), "B": (1, 1), "W_u.weight": (1, 1), "W_u.bias": (1,)}
    shapes |= {"W_h.weight": (units, 2), "W_h.bias": (units,)}
    held = torch_files.storage("DoubleStorage", "0", 6)
    views = {
        key: torch_files.tensor(held, 0, shape, [0] * len(shape)) for key, shape in shapes.items()
    }
    body, members = torch_files.mapping(**views), {"data/0": bytes(48)}
    message = r"no larger than its storage of 6 elements, not \(1099511627776,\); save its .contig"
    refused(torch_files.write(tmp_path / "m.pt", body, members), message)


@pytest.mark.parametrize(
    ("kind", "module", "elements"),
    [("FloatStorage", "torch", -1), ("FloatStorage", "torch", 1 << 70)],
)
def test_storages_of_impossible_length_are_refused(pickled, kind, module, elements):
    body = torch_files.storage(kind, "0", elements, module)
    refused(pickled(body), "a persistent id must be that of a storage")


def test_a_storage_of_another_module_is_refused(pickled):
    body = torch_files.storage("FloatStorage", "0", 1, "evil")
    refused(pickled(body), "not the global 'evil.FloatStorage'")


@pytest.mark.parametrize(
    "body",
    [
        b"(" * 500_000,
        b"]" + b"\x85" * 500_000,  # tuples in tuples
        b")" + b"h\0h\0\x86q\0" * 60_000,  # each twice as large as the one before
        b"]q\0" + b"h\0a" * 170_000,
        b"N" * 500_000,
    ],
    ids=["marks", "deep", "doubling", "ring", "wide"],
)
def test_programs_that_exhaust_a_machine_end_soon(pickled, body):
    start = time.process_time()
    refused(pickled(b")q\0" + body), "data.pkl")
    assert time.process_time() - start < 2


def test_a_long_program_is_refused(pickled):
    refused(pickled(b"N" * (1 << 19)), r"data.pkl' must be at most 524288 bytes, not 524291")


def test_a_bare_pickle_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for protocol in (2, 3, 4, 5):
        (tmp_path / "m.pt").write_bytes(pickle.dumps(Call(os.mkdir, "ran"), protocol))
        refused(
            "m.pt",
            "the file must be .*, not a bare pickle, which could run code; where it was trained",
        )
    (tmp_path / "m.pt").write_bytes(struct.pack("<Q", 1 << 63) + b"cos\n")
    refused("m.pt", "the file must be a .keras, .*, not one that starts with")
    assert not (tmp_path / "ran").exists()
