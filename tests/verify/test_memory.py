# SPDX-License-Identifier: Apache-2.0
"""What a structured memory is as a linear system: what rounding inside can do, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_verify.design import read_design
from lmu_verify.forms import EXACT_BITS, read_forms
from lmu_verify.memory import read_memories

STRUCTURED = ["sweeps", "ranks", "two passes", "scan"]


@pytest.fixture
def read(originals):
    def both(kind):
        design = read_design(originals(kind) / "design.safetensors")
        (memory,) = read_memories(design)
        return memory, read_forms(memory.node, design.tensors, memory.u.format)

    return both


@pytest.mark.parametrize("kind", STRUCTURED)
def test_what_a_step_drops_inside_counts_for_everything_that_is_carried(read, kind):
    memory, forms = read(kind)
    unit = Fraction(1, 1 << EXACT_BITS)
    assert len(set(forms.errors)) == (2 if kind in ("sweeps", "ranks") else kind == "two passes")
    for carried, group in zip(memory.carried, forms.groups, strict=True):
        for own, row in zip(carried.own, group.forms[:, 1 + memory.order :], strict=True):
            parts = zip(row, forms.errors, strict=True)
            expected = sum((abs(int(c)) * unit * error for c, error in parts), Fraction(0))
            assert own == expected + sum(forms.errors) * unit / 2


@pytest.mark.parametrize("kind", STRUCTURED)
def test_paths_are_in_units_of_the_error_of_a_state(read, kind):
    memory, forms = read(kind)
    delta, paths = Fraction(1, 2) * memory.format.ulp, memory.system.paths
    errors = [error for error in forms.errors if error]
    assert paths.codes.shape == (memory.order, len(errors))
    for row, form in zip(paths.codes, forms.states[:, 1 + memory.order :], strict=True):
        for code, own, error in zip(row, form, errors, strict=True):
            value = Fraction(int(own), 1 << EXACT_BITS) * error
            assert Fraction(int(code)) / Fraction(2) ** paths.bits * delta == value


@pytest.mark.parametrize("kind", STRUCTURED)
def test_what_rounding_the_forms_changes_counts_as_an_error_of_a_step(read, kind):
    memory, forms = read(kind)
    ulp = memory.format.ulp
    read_at_most = (
        memory.order * memory.format.magnitude + (memory.u_limit + sum(forms.errors)) / ulp
    )
    assert memory.error_ulp - Fraction(1, 2) == read_at_most * Fraction(1, 2 << EXACT_BITS)


@pytest.mark.parametrize("kind", STRUCTURED)
def test_a_step_of_the_integers_is_within_the_errors_of_the_system(originals, read, kind):
    """The golden model's own step, from states and inputs all over their formats."""
    import lmu_hw

    memory, _ = read(kind)
    golden = lmu_hw.read_design(originals(kind))
    x = np.random.default_rng(3).uniform(-1.0, 1.0, (6, 80, 2))
    codes = golden.trace(x).codes
    states, u = codes["lmu0.m"], codes["lmu0.u"]
    ulp, a, b = memory.format.ulp, memory.system.a, memory.system.b
    inner = memory.system.paths.row_sums() if memory.system.paths.codes.size else [Fraction(0)] * 9
    allowed = [memory.error_ulp * (1 + inner[i]) for i in range(memory.order)]
    ratio, unit = memory.u.format.ulp / ulp, Fraction(1, 1 << a.bits)
    worst = [Fraction(0)] * memory.order
    for sequence, heard in zip(states, u, strict=True):
        for before, after, given in zip(sequence, sequence[1:], heard[1:], strict=False):
            for i in range(memory.order):
                exact = sum(int(c) * int(s) for c, s in zip(a.codes[i], before, strict=True))
                exact += int(b.codes[i]) * int(given[0]) * ratio
                worst[i] = max(worst[i], abs(int(after[i]) - exact * unit))
    for found, most in zip(worst, allowed, strict=True):
        assert found <= most
    assert max(found / most for found, most in zip(worst, allowed, strict=True)) > Fraction(1, 2)
