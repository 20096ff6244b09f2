# SPDX-License-Identifier: Apache-2.0
"""The largest answer of a table, from its parts: that of the network, by a reading of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from lmu_hw.network import Table
from lmu_hw.network.archive import network_bytes
from lmu_verify import BadFile
from lmu_verify.design import read_design
from tests.gated import gated_network

KEY = "lmu_hw_design"


def written(tmp_path, seed, change=lambda entry: None):
    """Write a network with random tables, the entry of its first table changed; return the path."""
    path = tmp_path / "design.safetensors"
    path.write_bytes(network_bytes(gated_network("lstm", seed=seed)))
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()[KEY])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    nodes = [node for layer in header["layers"] for node in layer["nodes"]]
    change(next(node["activation"] for node in nodes if node.get("activation")))
    save_file(arrays, path, metadata={KEY: json.dumps(header, sort_keys=True)})
    return path


@pytest.mark.parametrize("seed", range(12))
def test_the_largest_answer_is_that_of_the_network(tmp_path, seed):
    nodes = {node.name: node for node in read_design(written(tmp_path, seed)).nodes}
    for node in gated_network("lstm", seed=seed).nodes:
        table = getattr(node, "activation", None)
        if isinstance(table, Table):
            largest = int(np.abs(table.codes.codes).max())
            assert (nodes[node.name].table, nodes[node.name].largest) == (table.function, largest)


CHANGES = {
    "another source": ({"source": "sQ9.9"}, "source must be the format of what enters"),
    "no origin": ({"origin": 1 << 20}, "origin must be an integer from"),
    "a last address too many": ({"last": 1 << 20}, "last must be an integer from 0"),
    "a guard bit too many": ({"guard_bits": 63}, "guard_bits must be an integer from 0 to 62"),
    "another number of values": ({"last": 0, "low_bits": 0}, "must be"),
    "no flag": ({"mirrored": 1}, "mirrored must be true or false"),
    "a reflection of nothing": (
        {"mirrored": False, "reflection": 3, "interpolation": None},
        "must be",
    ),
}


@pytest.mark.parametrize(("fields", "message"), CHANGES.values(), ids=CHANGES)
def test_parts_that_do_not_fit_are_refused(tmp_path, fields, message):
    with pytest.raises(BadFile, match=message):
        read_design(written(tmp_path, 3, lambda entry: entry.update(fields)))
