# SPDX-License-Identifier: Apache-2.0
"""The cheapest realization: how its bits are searched for, and what happens without a yardstick."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lmu_hw.proofs import StabilityError
from lmu_hw.quantize.choose import Setting, _close, choose_realization
from lmu_hw.realize import DenseRealization
from tests import memories


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
