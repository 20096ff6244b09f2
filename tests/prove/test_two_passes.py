# SPDX-License-Identifier: Apache-2.0
"""A memory by two passes runs the first one before its step begins; what it leaves is compared."""

from __future__ import annotations

import pytest

from lmu_hw.prove.claims import Part
from tests.proved import emitted, failures

FAULTS = {
    "a first pass begins early": ("s3[0] & s3[4]", "s2[0] & s2[4]"),
    "its sum is taken early": ("s5[0] & s5[5]", "s4[0] & s4[5]"),
    "it adds to what is left of another": (
        "y_before[0] }) + $signed(y_s)",
        "1'h0 }) + $signed(x_s)",
    ),
    "digits are added in another order": ("tick[0] ? { closing", "!tick[0] ? { closing"),
    "the closing term comes a cycle late": ("tick == 4'h8", "tick == 4'h9"),
}


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two passes") / "design"
    return emitted(folder, realization="two-pass", order=3, units=1)


def test_a_design_as_it_is_generated_is_shown(design):
    assert failures(design) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_pass_is_not_proved(design, fault):
    before, after = FAULTS[fault]

    def change(text):
        place = text.index("m_unit(rst")
        assert text.count(before, place) == 1
        return text[:place] + text[place:].replace(before, after)

    failed = failures(design, change)
    assert failed[0].part is Part.DATA
    assert failed[0].claim.startswith("lmu0: every step")
