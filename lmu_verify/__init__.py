# SPDX-License-Identifier: Apache-2.0
"""The checker of designs: exact integers, NumPy and the standard library, nothing else.

``python -m lmu_verify FOLDER`` and `verify` read the folder of a design and show, or fail to show,
every claim of its certificate. No module of lmu_hw is used, so a mistake in how a certificate is
made is not a mistake here as well.

What it establishes is `ESTABLISHES`. Whether the Verilog computes what the integers say is not
among it: ``lmu-hw verify`` emits the design again and compares, ``lmu-hw simulate`` runs it.
"""

from __future__ import annotations

from lmu_verify.claims import Verdict
from lmu_verify.errors import BadFile
from lmu_verify.folder import verify, verify_ranges
from lmu_verify.summary import NOT_CHECKED

__all__ = ["ESTABLISHES", "NOT_CHECKED", "BadFile", "Verdict", "verify", "verify_ranges"]

ESTABLISHES = (
    "the files are those that were certified, and what the certificate claims of memories, ranges "
    "and errors follows from the integers and formats in design.safetensors and the float network "
    "in reference.safetensors; that the Verilog computes these integers is what simulation shows"
)
"""What it means that all verdicts hold, in a sentence."""
