# SPDX-License-Identifier: Apache-2.0
"""Errors from input to output: only for what is there, and by the formulas of the reference."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from lmu_verify.design import read_design
from lmu_verify.end_to_end import end_to_end
from lmu_verify.fields import Format, Narrowing
from lmu_verify.reference import read_reference


@pytest.fixture
def parts(originals):
    """Return the design and the reference of a folder."""

    def read(kind):
        path = originals(kind)
        return read_design(path / "design.safetensors"), read_reference(
            path / "reference.safetensors"
        )

    return read


def values(bounds, cause):
    return bounds.values()[cause]


def test_u_of_the_first_layer_has_a_bound_and_what_feeds_back_has_none(parts):
    assert "lmu0.u" in end_to_end(*parts("dense"), [])
    assert end_to_end(*parts("loop"), []) == {}


def test_what_reads_a_memory_has_none_until_its_read_out_is_shown(parts):
    assert set(end_to_end(*parts("dense"), [])) == {"lmu0.u", "lmu0.p"}


@pytest.mark.parametrize(
    ("frac_bits", "scale", "exact"), [(0, 255, True), (0, 1, False), (3, 255, False)]
)
def test_only_integers_of_a_scale_are_taken_without_an_error(parts, frac_bits, scale, exact):
    design, reference = parts("dense")
    narrow = Narrowing(Format(True, 4, frac_bits), "half_up", "saturate")
    changed = replace(design, input=narrow, input_scale=Fraction(1, scale))
    found = values(end_to_end(changed, reference, [])["lmu0.u"], "input")
    gains = reference[0].get("E_x", 2, 2).row_sums()
    ulp = Fraction(1, 1 << frac_bits)
    for value, gain in zip(found, gains, strict=True):
        assert abs(value - (0 if exact else gain * ulp / 2)) <= Fraction(1, 1 << 100)


def test_a_function_that_is_not_the_one_of_the_reference_has_no_bound(parts):
    design, reference = parts("rectified")
    assert "lmu0.u" in end_to_end(design, reference, [])
    reference[0].fields.values["encoder"] = "tanh"
    assert set(end_to_end(design, reference, [])) == {"lmu0.u_pre"}
