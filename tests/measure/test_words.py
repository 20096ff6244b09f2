# SPDX-License-Identifier: Apache-2.0
import pytest

from lmu_hw.measure import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.00203, "0.00203"),
        (-1.5, "−1.50"),
        (42.04, "42.0"),
        (350.4, "350"),
        (12345.6, "12,346"),
        (1e-5, "1.00e−05"),
    ],
)
def test_number(value, text):
    assert words.number(value) == text


def test_decimal_has_no_negative_zero():
    assert words.decimal(-0.001) == "0.00"


def test_count_groups_thousands():
    assert words.count(10468) == "10,468"


def test_score_of_accuracy_and_of_nrmse():
    assert words.score("accuracy", 0.976) == "97.60 %"
    assert words.score("nrmse", 0.0022) == "0.00220"


def test_names_are_listed_as_in_a_sentence():
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
