# SPDX-License-Identifier: Apache-2.0
"""NIR files: what they may cost, damaged ones, and the package that reads them."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest

from lmu_hw.errors import LoadError
from lmu_hw.load import StateMapping, draft_mapping, load
from tests.load.nir_files import EDGES, memory, written
from tests.load.refusals import refused


@pytest.fixture
def path(tmp_path, rng):
    return written(tmp_path, memory(rng), EDGES)


def test_without_the_package_the_extra_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    refused(path, r"package 'nir' must be installed .*: pip install 'lmu_hw\[nir\]'")


def test_a_file_that_grows_is_refused(path):
    with h5py.File(path, "a") as file:
        file.create_dataset("node/more", data=np.zeros(1 << 22), compression="gzip")
    refused(path, "its arrays must be in the file, and at most 8388608 bytes, not")


def test_a_link_elsewhere_is_refused(path):
    with h5py.File(path, "a") as file:
        file["node/nodes/m/metadata"] = h5py.ExternalLink("other.h5", "/secret")
    refused(path, "'metadata' must be in the file, not a link elsewhere")


def test_what_the_package_does_not_read_is_refused(path):
    with h5py.File(path, "a") as file:
        del file["node/nodes/m/tau"]
    refused(path, "must be a NIR graph, but")


def test_a_mapping_is_of_no_use(path):
    with pytest.raises(LoadError, match="a mapping must be of a state dict, not of a file that sa"):
        draft_mapping(path)
    mapping = StateMapping.from_toml(
        'version = 1\nanswers = "once"\n[layers.a]\nkind = "dense"\nW = "W"\nactivation = "tanh"',
        where="m.toml",
    )
    with pytest.raises(LoadError, match="`mapping` must be left out: the file says what its lay"):
        load(path, mapping=mapping)
