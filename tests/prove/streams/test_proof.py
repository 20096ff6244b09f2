# SPDX-License-Identifier: Apache-2.0
"""Designs of several streams: shown in some arrangements without end; changed ones are not."""

from __future__ import annotations

import functools
import re

import pytest

from lmu_hw.hdl import emit_verilog
from lmu_hw.plan import step_cycles
from lmu_hw.prove.attempts import SYMBOLS, forget_all
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.hardware.netlist import read_netlist
from lmu_hw.prove.streams.arrangements import arrangements_of
from lmu_hw.prove.streams.endless import run_endless
from lmu_hw.prove.streams.layers_bench import LayersBench
from lmu_hw.prove.streams.proof import prove_streams
from lmu_hw.prove.streams.queue import check_queue
from lmu_hw.prove.subject import Subject
from tests import networks
from tests.interleaved import plan_of
from tests.running_sums import memory_network, scan

TURNS, ENDS = range(2)


@functools.cache
def design():
    network = networks.quantized(networks.network(order=2, units=2))
    plan = plan_of(network, 2, width="vector")
    return network, plan, emit_verilog(network, plan, digest="0" * 64)


def netlist_of(old: str = "", new: str = ""):
    """Return the netlist of the design with a line that is another one."""
    network, _, files = design()
    text, count = re.subn(old, new, files["tiny.v"], count=1) if old else (files["tiny.v"], 1)
    assert count == 1
    changed = {**files, "tiny.v": text}
    return read_netlist({name: t.encode() for name, t in changed.items()}, network.name)


def endless(netlist, which: int):
    network, plan, _ = design()
    forget_all()
    bench = LayersBench(netlist, network, plan, SYMBOLS[0])
    return run_endless(bench, arrangements_of(2)[which])


def test_all_is_shown_but_that_nothing_else_may_come():
    network, plan, _ = design()
    subject = Subject(network=network, plan=plan, netlist=netlist_of())
    lemmas = prove_streams(subject, lambda text: None).lemmas
    (missing,) = [lemma for lemma in lemmas if not lemma.shown]
    assert missing.claim.startswith("the same of streams in any order")
    assert sum(lemma.claim.startswith("words and answers") for lemma in lemmas) == 4


def test_running_sums_in_memory_are_shown():
    """A sum is read, and what follows written to the same place, in one cycle."""
    network = memory_network(scan(3, 64.0))
    plan = plan_of(network, 2, width="vector")
    texts = emit_verilog(network, plan, digest="0" * 64)
    files = {name: text.encode() for name, text in texts.items()}
    forget_all()
    bench = LayersBench(read_netlist(files, network.name), network, plan, SYMBOLS[0])
    assert run_endless(bench, arrangements_of(2)[ENDS]).steps


CHANGES = {
    "the state of another stream is written": (r"(port_\d+_0\()(o__payload)", r"\1~\2", TURNS),
    "the state of another stream is read": (
        r"(read_page_\d+ = \w+ \? \{ )(\w+\[0\])",
        r"\1~\2",
        TURNS,
    ),
    "the page does not change": (r"(page_1_next_2 = \w+ \? )_not_page_1", r"\1page_1", TURNS),
    "a sequence of another stream ends": (
        r"(first_1_next_2 = \w+ \? last : )first_1",
        r"\1last",
        ENDS,
    ),
    "the first step is none": (r"(first_0_next = rst \? )1'h1", r"\g<1>1'h0", TURNS),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_layer_is_not_shown(change):
    old, new, which = CHANGES[change]
    with pytest.raises(Failure):
        endless(netlist_of(old, new), which)


def test_another_tid_is_not_shown():
    plan = design()[1]
    with pytest.raises(Failure, match="m_axis_tid"):
        check_queue(netlist_of(r"(_streams_next_2 = \w+ \? i__payload)\[\d+\]", r"\1[0]"), plan)


def test_a_cycle_more_is_not_the_plan():
    """A step waits a cycle longer until all that is on its way is written."""
    slower = endless(netlist_of(r"(waiting_1_next_2 = \w+ \? 4'h)d", r"\1e"), TURNS)
    assert slower.cycles > slower.steps * step_cycles(design()[1])
