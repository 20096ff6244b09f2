# SPDX-License-Identifier: Apache-2.0
"""Rows of a comparison: who is best, who ties, and what cannot be judged."""

from __future__ import annotations

import pytest

from lmu_hw.report.compare_rows import EXACT, make_row


def show(value):
    return "–" if value is None else f"{value:.1f}"


def row(*values, higher=True, **options):
    return make_row("key", "label", values, show, higher=higher, **options)


@pytest.mark.parametrize(("higher", "best"), [(True, (1,)), (False, (0,))])
def test_the_best_is_the_largest_or_the_smallest(higher, best):
    assert row(1.0, 3.0, 2.0, higher=higher).best == best


def test_designs_that_show_the_same_tie():
    entry = row(1.01, 1.04, 0.5)
    assert entry.best == (0, 1)
    assert not entry.is_tie
    assert row(1.01, 1.04).is_tie


def test_a_quantity_that_one_design_lacks_is_not_judged():
    entry = row(1.0, None)
    assert entry.best == ()
    assert entry.texts == ("1.0", "–")
    assert entry.values == (1.0, None)


def test_a_row_may_be_shown_and_not_judged():
    assert row(1.0, 2.0, judged=False).best == ()


def test_no_error_is_exact_and_best():
    entry = row(1.0, EXACT)
    assert entry.texts == ("1.0", "exact")
    assert entry.best == (1,)
