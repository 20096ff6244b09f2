# SPDX-License-Identifier: Apache-2.0
"""Names of designs: identifiers of every language that they come into."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.names import MAX_NAME, checked_name, design_name


@pytest.mark.parametrize("name", ["digits", "a", "Net8_b", "x" * MAX_NAME, "registers"])
def test_a_name_is_kept(name):
    assert checked_name(name) == design_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "8bit", "_a", "a_", "a__b", "a b", "a-b", "é", "a.b", "a\n", "x" * (MAX_NAME + 1)]
)
def test_what_is_no_identifier_is_refused(name):
    with pytest.raises(ConfigError, match="must begin with a letter"):
        checked_name(name)


@pytest.mark.parametrize("name", ["module", "logic", "Signal", "ENTITY", "bit", "work"])
def test_keywords_are_refused_in_any_case(name):
    with pytest.raises(ConfigError, match=f"must be no keyword .* not '{name}'"):
        checked_name(name)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("my__model_", "my_model"),
        ("_1", "lmu_1"),
        ("module", "lmu_module"),
        ("é", "lmu"),
        ("", "lmu"),
    ],
)
def test_the_name_of_a_model_becomes_that_of_a_design(model, name):
    assert checked_name(design_name(model)) == name


def test_a_long_name_of_a_model_is_cut():
    assert checked_name(design_name("x" * 300)) == "x" * MAX_NAME
