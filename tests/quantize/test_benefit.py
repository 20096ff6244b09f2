# SPDX-License-Identifier: Apache-2.0
"""A refit is used where it helps: whatever the calibration data, and said where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Discretizer, Memory
from lmu_hw.quantize import Config, Options, Realization, configure
from lmu_hw.quantize.benefit import measurable
from lmu_hw.quantize.refit import TAIL
from tests import networks

SWEPT = {"realization": Realization.SEMISEPARABLE, "memory_bits": 8}


def _error(net, config, x):
    expected = net.run(x)
    off = Design.build(net, config, x).predict(x) - expected
    return float(np.sqrt(np.mean(off**2) / np.mean(expected**2)))


def _slow(net):
    wave = np.cos(np.arange(100) / 20)[None, :, None]
    return wave * np.ones((2, 1, net.inputs))


@pytest.mark.parametrize("options", [{}, SWEPT])
@pytest.mark.parametrize("steps", [1, 8, 40, 96])
def test_the_length_of_the_calibration_data_does_not_change_the_fit(steps, options):
    net = networks.network(order=16, theta=48.0, dense=3, return_sequences=False)
    x = networks.noise(net, sequences=6, steps=96)
    config = configure(net, x[:, :steps], Options(**options, refit=True))
    memory = config.nodes["lmu0.m"]
    assert (memory.refit, memory.refit_tail) == (48, TAIL)
    assert _error(net, config, x[:, :48]) < 0.0015
    assert _error(net, config, x) < 0.003


def test_a_memory_is_fitted_over_its_windows_and_one_sequence_at_most():
    net = networks.network(layers=2, order=6, theta=10.0, return_sequences=True)
    first, second = net.layers
    second = replace(second, memory=Memory.legendre(6, 24.0, Discretizer.ZOH))

    def horizons(return_sequences):
        last = replace(second, return_sequences=return_sequences)
        config = configure(
            replace(net, layers=(first, last)),
            np.ones((1, 5, net.inputs)),
            Options(**SWEPT, refit=True),
        )
        return [config.nodes[name].refit for name in ("lmu0.m", "lmu1.m")]

    assert horizons(return_sequences=True) == [40, 96]
    assert horizons(return_sequences=False) == [24, 24]


def test_a_fit_that_makes_the_answers_worse_is_not_used():
    net = networks.network(order=4, theta=4.0, return_sequences=True)
    x = _slow(net)  # a fit for white inputs is off where they are slow
    config, plain, asked = (
        configure(net, x, Options(**SWEPT, refit=refit)) for refit in (None, False, True)
    )
    assert config.nodes["lmu0.m"].refit == 0 and config == plain
    assert config.nodes["lmu0.m"].why[-1].startswith("not fitted: with the fit the answers")
    assert _error(net, asked, x) > 1.5 * _error(net, config, x)


def test_a_fit_that_is_proved_to_be_further_off_is_refused():
    net = networks.network(order=16, theta=48.0, dense=3)
    x = _slow(net)
    config = configure(net, x, Options(state_bits=8))
    assert config.nodes["lmu0.m"].refit == 0
    assert "off by at most 0.0252 for any input, without by 0.0049" in str(config.to_toml())
    with pytest.raises(ConfigError, match=r"lmu0\.m: `refit` must .* without by 0\.0049"):
        configure(net, x, Options(state_bits=8, refit=True))


def test_deviations_are_proved_with_the_fit_and_without():
    net = networks.network(order=16, theta=48.0, dense=3)
    design = Design.build(net, configure(net, _slow(net), Options(**SWEPT)), _slow(net))
    off = design.deviations()["lmu0.m"]
    assert 0.0 < 3.0 * off.fitted < off.before


def test_only_whole_windows_are_measured():
    once = networks.network(dense=2, return_sequences=False)
    always = networks.network(dense=2)
    assert measurable(once, {"a": 2_000}) and not measurable(once, {"a": 2_001})
    assert measurable(always, {"a": 8_000}) and not measurable(always, {"a": 8_001, "b": 8})
    assert not measurable(always, {"a": 0}) and not measurable(always, {})


def test_a_refit_of_a_memory_that_nothing_reads_is_refused():
    net = networks.network(order=4, hidden="none")
    x = networks.noise(net, sequences=2, steps=10)
    with pytest.raises(ConfigError, match="`refit` needs a memory that is read through weights"):
        configure(net, x, Options(refit=True))
    config = configure(net, x, Options())
    memory = replace(config.nodes["lmu0.m"], refit=8)
    edited = replace(config, nodes={**config.nodes, "lmu0.m": memory})
    with pytest.raises(ConfigError, match=r"lmu0\.m: it is an output .* must be 0, not 8"):
        Design.build(net, edited, x)


def test_a_file_states_horizon_and_tail():
    net = networks.network(order=16, theta=48.0, dense=3)
    config = configure(net, _slow(net), Options(**SWEPT))
    text = config.to_toml()
    assert "refit = 192" in text and "refit_tail = 0.001" in text
    assert Config.from_toml(text, where="c.toml") == config
    old = Config.from_toml(text.replace("refit_tail = 0.001", ""), where="c.toml")
    assert old.nodes["lmu0.m"].refit_tail == 0.0  # as files were before there was a tail
    for wrong in ("2", "-1", "nan", '"0.1"', "true"):
        with pytest.raises(ConfigError, match="refit_tail must be a .*number.*, not"):
            Config.from_toml(text.replace("tail = 0.001", f"tail = {wrong}"), where="c.toml")
