# SPDX-License-Identifier: Apache-2.0
"""What others left in a design's folder: hardware totals, certificates."""

from __future__ import annotations

from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.results import HardwareReport
from lmu_hw.proofs import Summary, read_summary
from lmu_hw.records import decode

__all__ = ["read_certificates", "read_hardware"]


def read_hardware(folder: DesignFolder) -> HardwareReport:
    """Return the totals in the folder's ``manifest.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    try:
        return decode(HardwareReport, folder.manifest, part=True)
    except ValueError as error:
        raise _damaged(folder.path / folder.MANIFEST, error) from None


def read_certificates(folder: DesignFolder) -> Summary:
    """Return what is proved about a design, from the folder's ``certificate.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    data = folder.read(folder.SUMMARY)
    try:
        return read_summary(read_json(data))
    except ValueError as error:
        raise _damaged(folder.path / folder.SUMMARY, error) from None


def _damaged(path: Path, error: object) -> LoadError:
    return LoadError(f"{path}: is damaged ({error}); generate the design again")
