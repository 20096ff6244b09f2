# SPDX-License-Identifier: Apache-2.0
"""A layer whose every code is one bit: nothing in the bench may be selected from it."""

from __future__ import annotations

import lmu_hw
from lmu_hw.quantize import Config
from tests import networks
from tests.simulators import require_simulator


def test_codes_of_one_bit_are_recorded(tmp_path):
    require_simulator("icarus")
    net = networks.network(order=1, units=1, dense=1, dense_activation="sigmoid")
    x = networks.noise(net, sequences=2, steps=20)
    text = lmu_hw.configure(net, x, weight_bits=8, state_bits=8, activation_bits=2).to_toml()
    assert text.count('"uQ0.2"') == 1
    config = Config.from_toml(text.replace('"uQ0.2"', '"uQ0.1"'), where="edited")
    design = lmu_hw.quantize(net, x, config=config)
    lmu_hw.emit(design, tmp_path / "out", lanes=1)
    (result,) = lmu_hw.simulate(tmp_path / "out", simulators=["icarus"], max_cycles=600)
    assert result.passed, result
