# SPDX-License-Identifier: Apache-2.0
"""The search for the worst input: alike every time, inside the range, and worse than the data."""

import numpy as np
import pytest

import lmu_hw
from lmu_hw.measure import adversary
from lmu_hw.measure.adversary import has_feedback_loop, search_worst
from lmu_hw.measure.certified import AdversaryReport
from tests import networks
from tests.reports import memory_design


def looped():
    """Return a design whose hidden units feed back, and data."""
    net = networks.network(hidden="rnn", order=3, dense=2, bias=False)
    x = 0.9 * networks.noise(net, sequences=6, steps=30)
    return lmu_hw.quantize(net, x, margin=1.5), x


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(adversary, "_GENERATIONS", 12)


def test_what_is_found_is_worse_than_the_data_and_the_same_again():
    design, x = looped()
    first, second = search_worst(design, x), search_worst(design, x)
    assert first == second
    assert first.difference > first.on_data > 0.0
    assert (first.steps, first.sequences) == (30, 6 + 2 * 128 + 12 * 128)
    assert abs(np.subtract(first.fixed, first.floats)).max() == pytest.approx(first.difference)


def test_data_that_saturate_everywhere_begin_no_search():
    design, x = looped()
    assert search_worst(design, 100.0 * x) is None


def test_a_network_too_large_for_the_work_is_not_searched(monkeypatch):
    design, x = looped()
    monkeypatch.setattr(adversary, "_WORK", 1e5)
    assert search_worst(design, x) is None


def test_whole_numbers_stay_whole_and_inside():
    x = np.random.default_rng(0).integers(0, 9, (5, 20, 2)).astype(float)
    change = adversary._Change(x, np.random.default_rng(1))
    changed = change.of(np.repeat(x, 20, axis=0), x)
    assert (changed == np.rint(changed)).all()
    assert (changed.min(), changed.max()) == (0.0, 8.0)
    assert (changed != np.repeat(x, 20, axis=0)).any(axis=(1, 2)).mean() > 0.8


def test_it_begins_between_the_ends_of_the_range_too():
    x = np.random.default_rng(0).uniform(-1.0, 3.0, (5, 40, 2))
    held = adversary._Change(x, np.random.default_rng(1)).between_ends(64, 40)
    assert set(held.ravel()) == {x.min(), x.max()}
    changes = (held[:, 1:] != held[:, :-1]).sum(axis=1)
    assert changes.min() <= 2
    assert changes.max() >= 10
    assert (changes[:, 0] != changes[:, 1]).any()


def test_a_memory_is_no_feedback_loop():
    for kind, there in (({"hidden": "none"}, False), ({"hidden": "dense"}, False), ({}, True)):
        assert has_feedback_loop(memory_design({}, **kind)[0].network) == there


def test_another_class_is_another_largest_output():
    parts = {"sequences": 1, "steps": 1, "difference": 1.0, "on_data": 0.1}
    same = AdversaryReport(**parts, fixed=(1.0, 2.0), floats=(0.0, 3.0))
    other = AdversaryReport(**parts, fixed=(-1.0, -2.0), floats=(-2.0, -1.0))
    assert (same.other_class, other.other_class) == (False, True)
    assert not AdversaryReport(**parts, fixed=(1.0,), floats=(0.0,)).other_class
