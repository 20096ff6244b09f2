# SPDX-License-Identifier: Apache-2.0
"""Designs in words."""

from __future__ import annotations

import pytest

from lmu_hw.network.described import design_words
from tests.reports import memory_design, small_design


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "dense memory, 12-bit weights, 16-bit states"),
        (
            {"memory_bits": 8, "realization": "semiseparable"},
            "semiseparable memory, 12-bit weights, 8-bit memory coefficients, 16-bit states",
        ),
    ],
)
def test_how_the_memory_is_computed_and_word_lengths(options, words):
    assert design_words(memory_design(options, hidden="none", dense=1)[0].network) == words


def test_activations_are_named():
    assert design_words(small_design(activation_bits=9).network).endswith(", 9-bit activations")


def test_a_network_without_memory():
    design, _ = memory_design({"weight_bits": 7}, layers=0, recurrent="gru")
    assert design_words(design.network).startswith("no memory, 7-bit weights")
