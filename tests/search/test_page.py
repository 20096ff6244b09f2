# SPDX-License-Identifier: Apache-2.0
"""The page of a sweep stands alone."""

from __future__ import annotations

import re


def test_the_page_needs_nothing_from_outside(swept):
    page = (swept[1] / "sweep.html").read_text()
    assert page.count("<svg") == 1
    assert re.search(r"<script|<link|<img|<iframe|@import|url\((?!#)|\bsrc=", page) is None
    for point in swept[0].front:
        assert f">{point.lengths}</text>" in page
