# SPDX-License-Identifier: Apache-2.0
"""A comparison as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.files import write_file
from lmu_hw.report.compare import Comparison, compare

__all__ = ["write_comparison"]

_GENERATOR = b'<meta name="generator" content="lmu_hw">'
"""Near the start of every page."""


def write_comparison(folders: Sequence[str | Path], html_path: str | Path) -> Comparison:
    """Compare design folders and write the comparison as one HTML file.

    Raises
    ------
    ConfigError
        If another file is in the way: only pages of this tool are replaced.
    NetworkError, LoadError
        As for `compare`, or if the file cannot be written.
    """
    path = Path(html_path)
    if path.is_file() and _GENERATOR not in path.read_bytes()[:1000]:
        raise ConfigError(
            f"{html_path}: would be overwritten, but is no page of this tool; move it away, or "
            "name another file"
        )
    comparison = compare(folders)
    from lmu_hw.report.compare_page import comparison_page  # jinja2 loads here only

    try:
        write_file(path, comparison_page(comparison).encode())
    except OSError as error:
        raise LoadError(f"{html_path}: cannot be written: {error.strerror}") from None
    return comparison
