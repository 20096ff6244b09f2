# SPDX-License-Identifier: Apache-2.0
"""The list of sources names files from the design's folder."""

from __future__ import annotations


def test_every_source_is_there_from_the_folder(folder):
    sources = (folder / "rtl" / "files.f").read_text().split()
    assert sources == ["rtl/tiny.v"]
    assert all((folder / name).is_file() for name in sources)
