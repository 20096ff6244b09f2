# SPDX-License-Identifier: Apache-2.0
"""The files of a sweep: ``sweep.json``, ``sweep.html``, their digests in ``sweep.ledger``, and
``sweep.journal`` while it runs.
"""

from __future__ import annotations

import os
from pathlib import Path

from lmu_hw.errors import ConfigError
from lmu_hw.files import Ledger
from lmu_hw.report.json_file import to_json
from lmu_hw.search.grid import SweepReport

__all__ = ["JOURNAL_FILE", "PAGE_FILE", "SWEEP_FILE", "checked_folder", "sweep_json", "write_sweep"]

SWEEP_FILE = "sweep.json"
PAGE_FILE = "sweep.html"
JOURNAL_FILE = "sweep.journal"
LEDGER_FILE = "sweep.ledger"
"""The digests of the other two: they are replaced only where nobody changed them since."""

VERSION = 1


def sweep_json(report: SweepReport) -> str:
    """Return the JSON of a sweep: sorted, and equal to the byte for equal sweeps."""
    return to_json(report, version=VERSION)


def checked_folder(directory: str | Path) -> Path:
    """Return a folder that a sweep may be written to; nothing is created.

    Raises
    ------
    ConfigError
        If it is a file, has no name, or cannot be written to, or if a file in the way is not of a
        sweep, or was changed since.
    """
    if not os.fspath(directory):
        raise ConfigError("the output must be a folder, not an empty name")
    target = Path(directory).resolve()
    existing = next(path for path in (target, *target.parents) if path.exists())
    if not existing.is_dir():
        raise ConfigError(f"{directory}: the output must be a folder, but {existing} is a file")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ConfigError(f"{directory}: the output must be in a folder that can be written to")
    _ledger(target).check(SWEEP_FILE, PAGE_FILE)
    return target


def write_sweep(report: SweepReport, folder: Path) -> None:
    """Write both files of a sweep, each in one move, and remove its journal.

    Parameters
    ----------
    report : SweepReport
    folder : Path
        Created; other files in it stay.
    """
    from lmu_hw.search.page import sweep_page  # jinja2 loads here only

    text, page = sweep_json(report), sweep_page(report)
    folder.mkdir(parents=True, exist_ok=True)
    ledger = _ledger(folder)
    ledger.write(SWEEP_FILE, text.encode())
    ledger.write(PAGE_FILE, page.encode())
    (folder / JOURNAL_FILE).unlink(missing_ok=True)


def _ledger(folder: Path) -> Ledger:
    return Ledger(folder / LEDGER_FILE, "a sweep")
