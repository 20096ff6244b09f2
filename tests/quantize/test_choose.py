# SPDX-License-Identifier: Apache-2.0
"""The cheapest realization: how its bits are searched for, and what happens without a yardstick."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lmu_hw.lmu import Network
from lmu_hw.proofs import StabilityError
from lmu_hw.quantize import Options, configure
from lmu_hw.quantize.choose import Setting, _close, choose_realization
from lmu_hw.realize import DenseRealization
from tests import memories, networks


class Halving:
    """A setting in which each bit halves the residual, from 1 at no bits."""

    def __init__(self, missing=()):
        self.missing, self.bits = missing, []

    def tried(self, choice):
        self.bits.append(choice.bits)
        if choice.bits in self.missing:
            return None
        return SimpleNamespace(bits=choice.bits, fit=SimpleNamespace(residual=0.5**choice.bits))


@pytest.mark.parametrize(
    ("limit", "missing", "bits"),
    [
        (0.5**9, (), [9, 10]),
        (1.0, (), [4, 5]),
        (0.5**18, (), [18, 19]),
        (0.5**19, (), []),
        (0.5**6, (4, 5, 6, 7), [8, 9]),
        (0.5**9, (10,), [9]),
    ],
)
def test_the_fewest_bits_that_are_close_and_one_more(limit, missing, bits):
    setting = Halving(missing)
    assert [tried.bits for tried in _close(setting, DenseRealization(), limit)] == bits
    assert len(setting.bits) == len(set(setting.bits)) <= 6


def test_without_a_stable_dense_memory_one_that_stays_stable_is_taken():
    def candidate(choice):
        raise StabilityError("not stable")

    choice = choose_realization(
        Setting(
            memory=memories.memory_network(6, 20.0).layers[0].memory,
            where="lmu0.m",
            horizon=20,
            bits=5,
            candidate=candidate,
        )
    )
    assert choice.realization.stays_stable
    assert (choice.bits, choice.why) == (5, "dense, 5 bits, is not stable")


def chosen(weights) -> tuple[str, ...]:
    """Return why the memory of a cell that reads it by some weights, (1, 8), is as it is."""
    (layer,) = networks.network(hidden="dense", order=8, theta=40.0, units=1).layers
    layer = replace(layer, hidden=replace(layer.hidden, W_m=weights))
    net = Network(name="reads", layers=(layer,))
    x = networks.noise(net, sequences=4, steps=80)
    return configure(net, x, Options(realization="auto", memory_bits=9)).nodes["lmu0.m"].why[:1]


def test_what_is_read_decides_and_not_by_how_much():
    slow, fast = np.eye(8)[[0]], np.eye(8)[[7]]
    assert chosen(slow) == chosen(8.0 * slow) != chosen(fast)
    assert "what reads it is off by at most" in chosen(slow)[0]
