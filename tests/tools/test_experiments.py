# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the experiments: signals and errors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tools import experiments


def test_noise_has_no_frequency_above_its_limit_and_no_mean():
    x = experiments.band_limited(3, 250, 0.1, seed=0)
    spectrum = np.abs(np.fft.rfft(x[:, :, 0]))
    above = np.fft.rfftfreq(250) > 0.1
    assert x.shape == (3, 250, 1)
    assert spectrum[:, above].max() < 1e-12
    assert spectrum[:, 0].max() < 1e-12
    assert spectrum[:, 1:20].min() > 1e-3


def test_noise_has_the_peak_one_and_starts_closest_to_zero():
    x = experiments.band_limited(3, 250, 0.1, seed=0)
    assert np.array_equal(np.abs(x).max(axis=1), np.ones((3, 1)))
    assert np.array_equal(np.argmin(np.abs(x), axis=1), np.zeros((3, 1)))


def test_noise_depends_on_the_seed_only():
    one, same, other = (experiments.band_limited(1, 50, 0.2, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


def test_a_perfect_delay_line_has_no_error_and_a_wrong_one_has():
    x = experiments.band_limited(2, 100, 0.1, seed=0)
    perfect = np.concatenate([np.roll(x, lag, axis=1) for lag in (0, 10, 40)], axis=2)
    assert experiments.recall_error(x, perfect, 40, (0.0, 0.25, 1.0)) == [0.0, 0.0, 0.0]
    perfect[:, 40:, 1] += 0.5
    perfect[:, :40, 2] += 9.0  # before the window is full: does not count
    assert experiments.recall_error(x, perfect, 40, (0.0, 0.25, 1.0)) == [0.0, 0.25, 0.0]


def test_nrmse_is_relative_to_what_is_wanted():
    wanted = np.array([3.0, -4.0])
    assert experiments.nrmse(wanted, wanted) == 0.0
    assert experiments.nrmse(1.5 * wanted, wanted) == 0.5
    assert experiments.nrmse(np.zeros(2), wanted) == 1.0


@pytest.mark.parametrize(
    ("passed", "failure", "ran", "message"),
    [
        (False, "", 10, "3 of 50 words differ"),
        (False, "no answer", 10, "no answer"),
        (True, "", 9, "9 of 10 steps ran"),
    ],
)
def test_a_run_that_proves_nothing_is_refused(passed, failure, ran, message):
    result = SimpleNamespace(
        mismatches=3, words_compared=50, passed=passed, failure=failure, input_steps=ran
    )
    with pytest.raises(RuntimeError, match=message):
        experiments.require_equal(result, "case", steps=10)
