# SPDX-License-Identifier: Apache-2.0
"""The page of a comparison: written over its own kind only, the same every time."""

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.report import write_comparison
from tests.reports import assert_alone


def test_only_a_page_of_this_tool_is_replaced(folders, tmp_path):
    page = tmp_path / "comparison.html"
    for _ in range(2):
        write_comparison(folders, page)
    page.write_text("<html>mine</html>")
    with pytest.raises(ConfigError, match=r"comparison\.html: would be overwritten, but is no"):
        write_comparison(folders, page)
    assert page.read_text() == "<html>mine</html>"


def test_the_page_is_deterministic_and_needs_nothing_from_outside(folders, tmp_path):
    pages = []
    for name in ("one.html", "two.html"):
        write_comparison(folders, tmp_path / name)
        pages.append((tmp_path / name).read_text())
    assert pages[0] == pages[1]
    assert pages[0].count("<svg role") == 3
    assert_alone(pages[0])
    assert str(tmp_path) not in pages[0]
