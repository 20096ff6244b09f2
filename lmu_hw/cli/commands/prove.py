# SPDX-License-Identifier: Apache-2.0
"""The command ``prove``: whether the Verilog computes the golden model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lmu_hw import api
from lmu_hw.cli.console import complain, show, status
from lmu_hw.cli.exits import DIFFERENT, EQUAL

__all__ = ["prove"]


def prove(options: argparse.Namespace) -> int:
    """Prove a design, and say what was not shown."""
    from lmu_hw.cli.tables.proofs import lemmas_table

    with status(f"reading {options.design}") as tell:
        result = api.prove(options.design, time_limit=options.time_limit, progress=tell)
    options.result = result
    show(lemmas_table(result.lemmas))
    for name in result.changed_files:
        complain(f"{name} was changed since it was generated; the changed file was read")
    for lemma in result.refuted:
        show(f"refuted: {lemma.counterexample}")
    if result.stimuli:
        show(f"inputs that show it: {Path(options.design) / result.stimuli}")
    show(f"trusted: {'; '.join(result.trusted)}")
    for claim in result.missing:
        show(f"not shown: {claim}")
    sys.stdout.write(f"{options.design}: {result.summary}\n")  # one line, however long
    return EQUAL if result.proved else DIFFERENT
