# SPDX-License-Identifier: Apache-2.0
"""What no trained weight reaches, and the formats of what is trained; no PyTorch is needed."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.realize.weights import weight_format
from lmu_hw.train.formats import tighten
from lmu_hw.train.frontier import frontier
from lmu_hw.train.weights import with_weights
from tests import networks

ONCE = {"hidden": "dense", "return_sequences": False, "dense": 2}


@pytest.mark.parametrize(
    ("shape", "trained", "layer", "kept", "last"),
    [
        (ONCE, {"lmu0.h", "dense.y"}, 0, ("x", "lmu0.m"), True),
        (ONCE, {"lmu0.u"}, 0, ("x",), False),
        (ONCE, {"dense.y"}, 1, ("x",), False),
        ({"dense": 2}, {"lmu0.h"}, 0, ("x", "lmu0.m"), False),
        ({"memory_to_memory": True}, {"lmu0.h"}, 0, ("x", "lmu0.m"), False),
        ({"hidden_to_memory": True}, {"lmu0.h"}, 0, ("x",), False),
        ({"layers": 2, "hidden": "none", "dense": 2}, {"dense.y"}, 2, ("x",), False),
    ],
)
def test_what_is_kept_is_what_the_golden_model_computes(shape, trained, layer, kept, last):
    net = networks.network(**{"input_to_hidden": shape.get("hidden") != "none", **shape})
    quantized = networks.quantized(net)
    found = frontier(quantized, trained)
    assert (found.layer, found.kept, found.last) == (layer, kept, last)
    golden = GoldenModel(quantized)
    x_codes = golden.quantize_input(networks.noise(net, sequences=3, steps=9))
    trace = golden.trace(x_codes)
    codes = found.codes(quantized, x_codes)
    entering = x_codes if layer == 0 else trace.codes[quantized.layers[layer - 1].outputs[0]]
    for name in kept:
        whole = entering if name == "x" else trace.codes[name]
        assert np.array_equal(codes[name], whole[:, -1:] if last else whole)


def test_formats_are_tightened_to_the_least_squared_error():
    dense = np.random.default_rng(0).uniform(-1.0, 1.0, (12, 16))
    dense[0, 0] = 8.0
    net = with_weights(networks.network(order=6, units=16, dense=12), {"dense.W": dense})
    config = networks.configured(net, weight_bits=4, memory_bits=12)
    before, after = (one.nodes["dense.y"] for one in (config, tighten(net, config)))
    assert before.weights["x"] == weight_format(dense, 4, where="dense")

    def error(fmt) -> float:
        codes = np.clip(np.rint(dense / fmt.ulp), fmt.min_code, fmt.max_code)
        return float(np.sum((dequantize(codes, fmt) - dense) ** 2))

    fmt = after.weights["x"]
    assert fmt.width == 4
    assert fmt.int_bits < before.weights["x"].int_bits
    assert error(fmt) < error(before.weights["x"])
