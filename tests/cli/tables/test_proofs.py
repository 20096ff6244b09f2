# SPDX-License-Identifier: Apache-2.0
"""What the terminal says of claims."""

from __future__ import annotations

from lmu_hw.cli.tables.proofs import claims_table
from lmu_verify import Verdict
from tests.printed import printed


def test_a_claim_that_does_not_hold_stands_out():
    verdicts = [
        Verdict(memory="lmu.m", claim="range", holds=True, detail="fits"),
        Verdict(memory="lmu.m", claim="stability", holds=False, detail="does not fit"),
    ]
    rows = [line.split() for line in printed(claims_table(verdicts)).splitlines()]
    assert [row[5] for row in rows if "lmu.m" in row] == ["yes", "NO"]
