# SPDX-License-Identifier: Apache-2.0
"""Damaged files of every kind load, or are refused, and nothing else, soon."""

from __future__ import annotations

import time
import zipfile

import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.load import load
from tests.load.refusals import archive

SEED = 11
LENGTHS = (b"\xff" * 8, bytes(8), b"\xff" * 7 + b"\x7f", (1 << 63).to_bytes(8, "little"))


def damaged(rng, raw):
    """Return bytes changed in one of five ways."""
    raw, size = bytearray(raw), len(raw)
    place, other, way = rng.integers(size), rng.integers(size), rng.integers(5)
    if way == 0:  # bytes
        for at in rng.integers(0, size, rng.integers(1, 4)):
            raw[at] = rng.integers(256)
    elif way == 1:  # one bit
        raw[place] ^= 1 << rng.integers(8)
    elif way == 2:
        del raw[place:]
    elif way == 3:  # a length, it may be
        raw[place : place + 8] = LENGTHS[rng.integers(len(LENGTHS))]
    else:  # a piece of the same file
        raw[place : place + 32] = raw[other : other + 32]
    return bytes(raw)


def outcome(path):
    """Return whether a file loads; require that it is soon refused by its name otherwise."""
    start = time.process_time()
    try:
        result = load(path)
    except LoadError as error:
        assert str(error).startswith(str(path))
        assert len(str(error)) < 1500
        result = None
    assert time.process_time() - start < 2
    assert result is None or isinstance(result, Network)
    return "refused" if result is None else "loaded"


@pytest.mark.parametrize("suffix", [".keras", ".npz", ".safetensors", ".pt"])
def test_damaged_files_load_or_are_refused(files, tmp_path, suffix):
    rng, raw = np.random.default_rng(SEED), files[suffix].read_bytes()
    path, outcomes = tmp_path / f"bad{suffix}", []
    for _ in range(200):
        path.write_bytes(damaged(rng, raw))
        outcomes.append(outcome(path))
    assert outcomes.count("refused") > 100


@pytest.mark.parametrize(
    ("suffix", "member"),
    [
        (".npz", "lmu_hw.npy"), (".npz", "lmu0.E_x.npy"), (".pt", "archive/data.pkl"),
        (".pt", "archive/byteorder"), (".keras", "config.json"),
    ],
)  # fmt: skip
def test_damaged_members_of_whole_archives_load_or_are_refused(files, tmp_path, suffix, member):
    with zipfile.ZipFile(files[suffix]) as file:
        held = {name: file.read(name) for name in file.namelist()}
    rng, path, outcomes = np.random.default_rng(SEED), tmp_path / f"bad{suffix}", []
    for _ in range(200):
        archive(path, held | {member: damaged(rng, held[member])})
        outcomes.append(outcome(path))
    assert outcomes.count("refused") > 100
