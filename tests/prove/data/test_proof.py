# SPDX-License-Identifier: Apache-2.0
"""Faults that show after many steps only, or after a pause, or where one comes too early."""

from __future__ import annotations

import re

import pytest

from lmu_hw.prove.claims import Part
from tests.proved import emitted, failures

_WAITS = """  reg [5:0] waits;
  always @(posedge clk) waits <= rst | begun ? 6'd0 : waits + (waits != 6'd40);
"""
_STEPS = """  reg [7:0] steps_seen;
  always @(posedge clk) steps_seen <= rst ? 8'd0 : steps_seen + (begun & steps_seen != 8'd11);
"""


def replaced(pattern, replacement, *, module="layer_lmu0"):
    """Return a change of one module: some text is another one."""

    def change(text):
        place = text.index(f"module tiny__{module}(")
        head, rest = text[:place], text[place:]
        changed, number = re.subn(pattern, replacement, rest, count=1)
        assert number == 1
        return head + changed

    return change


def after(register, condition):
    """Return a change of a layer: a bit turns where a condition holds."""
    return replaced(rf"(    {register} <= )(\w+);", rf"\1\2 ^ ({condition});")


FAULTS = {
    "a page turns in a long pause": after("page", "waits == 6'd30"),
    "a page turns after eleven steps": after("page", "steps_seen == 8'd10 & begun"),
    "states are lost where the next step is late": after("first_step", "waits == 6'd20"),
    "a sequence is not cleared where the next one follows at once": replaced(
        r"(\w+ = finished \? last) : first_step;", r"\1 & !begun : first_step;"
    ),
    "a mark comes a step late": replaced(r"( last <= )(\w+);", r"\1finished ? \2 : last;"),
}
ACCOUNTS = {"waits": _WAITS, "steps_seen": _STEPS}


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return emitted(tmp_path_factory.mktemp("data") / "design", lanes=16, order=1)


def with_accounts(change):
    """Return a change and the accounts that it may read, in the layer."""

    def changed(text):
        text = change(text)
        place = text.index("  assign", text.index("module tiny__layer_lmu0("))
        return text[:place] + "".join(ACCOUNTS.values()) + text[place:]

    return changed


def test_the_accounts_alone_change_nothing(design):
    assert failures(design, with_accounts(lambda text: text)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_waits_is_not_proved(design, fault):
    failed = failures(design, with_accounts(FAULTS[fault]))
    assert {lemma.part for lemma in failed} == {Part.DATA}
    assert failed[0].claim.startswith("lmu0: every step")


def test_an_answer_that_changes_while_it_waits_is_not_proved(design):
    change = replaced(r"(assign \w+ = )(\w+) \| o__ready;", r"\g<1>1'h1;", module="answers")
    failed = failures(design, change)
    assert [lemma.claim.partition(":")[0] for lemma in failed] == ["m_axis"]


def test_beats_that_fill_another_page_are_not_proved(design):
    change = replaced(r"write_page \? 1'h1", "write_page ? 1'h0", module="layer_lmu0_source_memory")
    failed = failures(design, change)
    assert failed[0].claim.startswith("lmu0: the beats of a vector")


def test_an_element_that_is_sent_twice_is_not_proved(tmp_path):
    design = emitted(tmp_path / "design", inputs=2)
    change = replaced(r"tdata\[27:16\]", "tdata[11:0]", module="from_axi")
    assert failures(design, change)[0].claim.startswith("s_axis")
