# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Role
from lmu_hw.measure.signals import Probe
from lmu_hw.measure.statistics import MAX_TIME_POINTS, SignalStatistics, headroom_bits, sqnr_db

Q1_2 = FixedFormat(signed=True, int_bits=1, frac_bits=2)  # ulp 0.25, -2 to 1.75


def probe(**changes):
    fields = {
        "name": "a.m",
        "layer": "a",
        "symbol": "m",
        "role": Role.MEMORY,
        "reference": "a.m",
        "kind": "memory state",
        "reads": (),
        "format": Q1_2,
        "rounding": "half_up",
        "overflow": "saturate",
        "counter": "a.m",
        "last_only": False,
    }
    return Probe(**{**fields, **changes})


def measured(codes, reference, *, saturations=0, last_step=None, **changes):
    codes, reference = np.array(codes), np.array(reference, dtype=float)
    sequences, steps, elements = codes.shape
    last_step = steps - 1 if last_step is None else last_step
    statistics = SignalStatistics(probe(**changes), elements=elements)
    rows, first_step = np.arange(sequences), last_step + 1 - steps
    statistics.add(codes, reference, saturations, rows=rows, first_step=first_step)
    return statistics.report(last_step=last_step)


# One sequence, two steps, two elements: values 1, -0.5 / 0.5, 0; errors 0.25, 0 / 0, -0.5.
CODES = [[[4, -2], [2, 0]]]
REFERENCE = [[[0.75, -0.5], [0.5, 0.5]]]


def test_sqnr_is_reference_power_over_error_power():
    assert sqnr_db(100.0, 1.0) == 20.0
    expected = 10 * np.log10((0.75**2 + 3 * 0.5**2) / (0.25**2 + 0.5**2))
    assert measured(CODES, REFERENCE).sqnr_db == float(f"{expected:.9g}")


def test_errors_are_values_and_ulp_of_the_format():
    signal = measured(CODES, REFERENCE)
    rms = float(f"{np.sqrt((0.25**2 + 0.5**2) / 4):.9g}")
    assert (signal.rms_error, signal.rms_error_ulp) == (rms, float(f"{4 * rms:.9g}"))
    assert (signal.max_error, signal.max_error_ulp) == (0.5, 2.0)
    assert signal.max_error_at == (0, 1, 1)
    assert signal.bias_ulp == (0.25 - 0.5) / 4 / 0.25


def test_error_over_time_and_by_element():
    signal = measured(CODES, REFERENCE)
    step_rms = [np.sqrt(0.25**2 / 2) / 0.25, np.sqrt(0.5**2 / 2) / 0.25]
    assert signal.time_rms_ulp == tuple(float(f"{value:.9g}") for value in step_rms)
    element_rms = [np.sqrt(0.25**2 / 2) / 0.25, np.sqrt(0.5**2 / 2) / 0.25]
    assert signal.element_rms_ulp == tuple(float(f"{value:.9g}") for value in element_rms)
    assert signal.element_peak_ulp == (1.0, 2.0)
    assert signal.element_peak == (1.0, 0.5)


def test_no_element_arrays_unless_it_is_a_memory():
    assert measured(CODES, REFERENCE, role=Role.HIDDEN).element_rms_ulp == ()


def test_an_exact_signal_has_no_sqnr():
    signal = measured([[[4]]], [[[1.0]]])
    assert (signal.exact, signal.sqnr_db, signal.rms_error) == (True, None, 0.0)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 0, None), (-8, 0, 0.0), (-4, 0, 1.0), (-1, 7, 0.0), (0, 1, np.log2(7)), (-2, 1, 2.0)],
)
def test_headroom_is_taken_on_the_tighter_side(low, high, expected):
    rounded = None if expected is None else float(f"{expected:.9g}")
    assert headroom_bits(low, high, Q1_2) == rounded


def test_a_last_step_signal_is_placed_at_the_last_step():
    signal = measured([[[4]]], [[[0.5]]], last_step=9)
    assert (signal.first_step, signal.max_error_at) == (9, (0, 9, 0))


def test_saturations_are_lossless_only_where_the_activation_is_flat():
    at_both_ends = [[[7], [-8]]], [[[5.0], [-2.5]]]
    both = measured(*at_both_ends, saturations=2, flat_below=True, flat_above=True)
    one = measured(*at_both_ends, saturations=2, flat_below=True)
    low_only = measured([[[-8]]], [[[-9.0]]], saturations=1, flat_below=True)
    assert [s.lossless_clamp for s in (both, one, low_only)] == [True, False, True]


def test_the_reference_is_clamped_where_the_activation_is_flat():
    assert measured([[[7]]], [[[5.0]]], saturations=1, flat_above=True).exact
    assert measured([[[7]]], [[[5.0]]], saturations=1).max_error == 3.25


def test_saturation_rate():
    signal = measured(CODES, REFERENCE, saturations=1)
    assert (signal.saturations, signal.samples, signal.saturation_rate) == (1, 4, 0.25)


def test_long_sequences_are_averaged_in_bins_of_equal_power():
    steps = 2 * MAX_TIME_POINTS + 1
    error = np.where(np.arange(steps) % 2 == 0, 0.25, 0.0)[None, :, None]
    signal = measured(np.zeros((1, steps, 1), int), error)
    assert signal.time_bin == 3
    assert len(signal.time_rms_ulp) == -(-steps // 3)
    assert signal.time_rms_ulp[0] == float(f"{np.sqrt(2 / 3):.9g}")
    assert signal.time_rms_ulp[-1] == float(f"{np.sqrt(1 / 2):.9g}")


def test_adding_sequences_one_by_one_equals_adding_them_at_once():
    random = np.random.default_rng(3)
    codes = random.integers(-8, 8, (6, 5, 3))
    reference = codes * 0.25 + random.normal(0, 0.1, codes.shape)
    whole, parts = (SignalStatistics(probe(), elements=3) for _ in range(2))
    whole.add(codes, reference, 4, rows=np.arange(6))
    for sequence in range(6):
        one = np.array([sequence])
        parts.add(codes[one], reference[one], int(sequence < 4), rows=one)
    assert parts.report(last_step=4) == whole.report(last_step=4)
