# SPDX-License-Identifier: Apache-2.0
"""The list of sources names the files beside it."""

from __future__ import annotations


def test_every_source_lies_beside_the_list(folder):
    sources = (folder / "rtl" / "files.f").read_text().split()
    assert sources == ["tiny.v"]
    assert all((folder / "rtl" / name).is_file() for name in sources)
