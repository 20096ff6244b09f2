# SPDX-License-Identifier: Apache-2.0
"""Sequences of any length: what short ones show, and what only long ones do."""

from __future__ import annotations

import re

import pytest

from lmu_hw.prove.claims import Part
from lmu_hw.prove.runner import ANY_LENGTH
from tests.prove.test_run import emitted, failures


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return emitted(tmp_path_factory.mktemp("closed") / "design", lanes=16, order=1)


def wrong_from(step: int):
    """Return a change of Verilog: from this step of the layer on, what it stores is wrong."""

    def change(text: str) -> str:
        place = text.index("module tiny_layer_lmu0(")
        head, layer = text[:place], text[place:]
        count = f"""  reg [7:0] steps_seen;
  wire wrong = steps_seen >= {step};
  always @(posedge clk) steps_seen <= rst ? 8'd0 : steps_seen + (trace_start & !wrong);
"""
        changed = re.sub(
            r"  assign trace_data = (.+);",
            lambda match: f"{count}  assign trace_data = {match[1]} ^ wrong;",
            layer,
            count=1,
        )
        assert changed != layer
        return head + changed

    return change


def test_situations_lead_to_each_other(design):
    assert failures(design, any_length=True) == []


def test_what_is_wrong_after_many_steps_only_is_seen_by_sequences_of_any_length(design):
    change = wrong_from(11)
    assert failures(design, change) == []
    (failed,) = failures(design, change, any_length=True)
    assert (failed.part, failed.claim) == (Part.FULL_LOAD, ANY_LENGTH)
