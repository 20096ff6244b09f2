# SPDX-License-Identifier: Apache-2.0
"""The command ``verify``: whether a folder holds what it says."""

from __future__ import annotations

import argparse

from lmu_hw import api
from lmu_hw.cli.console import show, status
from lmu_hw.cli.exits import DIFFERENT, EQUAL

__all__ = ["verify"]


def verify(options: argparse.Namespace) -> int:
    """Check certificate and files of a design."""
    from lmu_hw.cli.tables.proofs import claims_table
    from lmu_hw.verification import ESTABLISHES
    from lmu_verify import NOT_CHECKED

    with status(f"checking {options.design}") as tell:
        verdicts = api.verify(options.design, progress=tell)
    options.result = verdicts
    show(claims_table(verdicts))
    show(f"not checked in certificate.json: {'; '.join(NOT_CHECKED)}")
    if not all(verdict.holds for verdict in verdicts):
        return DIFFERENT
    show(f"verified: {ESTABLISHES}")
    return EQUAL
