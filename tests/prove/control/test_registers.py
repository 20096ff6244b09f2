# SPDX-License-Identifier: Apache-2.0
"""What is shown of registers, and that what is broken is not."""

from __future__ import annotations

import re

import pytest

from lmu_hw.prove.control.registers import prove_registers
from tests import registered

BROKEN = {
    "a response comes before the data": (
        r"(module tiny__registers_bus(?:.*\n)*?  assign write = ).*;",
        r"\g<1>1'h1;",
        "AXI4-Lite: each request is answered once",
    ),
    "ready waits for valid": (
        r"(module tiny__registers_bus(?:.*\n)*?  assign arready = ).*;",
        r"\1arvalid & ~ rst;",
        "AXI4-Lite: no output depends",
    ),
    "the gate closes at once": (
        r"(module tiny__gate(?:.*\n)*?  assign core_valid = ).*;",
        r"\1valid;",
        "the gate takes back nothing",
    ),
}


def not_shown(files):
    contents = {name: text.encode() for name, text in files.items()}
    network = registered.small()[0]
    lemmas = prove_registers(contents, network, seconds=20.0, tell=lambda text: None)
    return [lemma.claim for lemma in lemmas if not lemma.shown]


def test_the_rules_of_axi4_lite_are_shown():
    (claim,) = not_shown(registered.emitted())
    assert claim.startswith("registers hold what their map says")


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_broken_is_not_shown(how):
    pattern, replacement, claim = BROKEN[how]
    text, count = re.subn(pattern, replacement, registered.emitted()["tiny.v"])
    assert count == 1
    files = {**registered.emitted(), "tiny.v": text}
    assert any(missing.startswith(claim) for missing in not_shown(files))
