# SPDX-License-Identifier: Apache-2.0
"""The page of a sweep stands alone."""

from __future__ import annotations

from lmu_hw.search.commands import generate_command
from tests.reports import assert_alone


def test_the_page_needs_nothing_from_outside(swept):
    page = (swept[1] / "sweep.html").read_text()
    assert page.count("<svg role") == 1
    assert_alone(page)
    for point in swept[0].front:
        assert f">{point.lengths}</text>" in page
        command = generate_command(swept[0].options, point.lengths)
        assert page.count(f'data-copy="{command}"') == 2
        assert f"{command}\n" in page  # without a script, too
