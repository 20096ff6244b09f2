# SPDX-License-Identifier: Apache-2.0
"""Both ends of packets of every shape are shown; what is broken in them is not."""

from __future__ import annotations

import re

import pytest

from lmu_hw.hdl import emit_verilog
from lmu_hw.network import Elements, Last, Stream
from lmu_hw.prove.attempts import forget_all
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.data.packet_answers import check_sent, check_words
from lmu_hw.prove.data.packet_ends import check_bytes, check_packets
from lmu_hw.prove.hardware.netlist import read_netlist
from tests import networks
from tests.broken_control import small_packets
from tests.plans import fastest_plan

CHECKS = {check.__name__: check for check in (check_bytes, check_packets, check_words, check_sent)}

SHAPES = {
    "elements of two beats, sequences": (Stream(width=8, last=Last.SEQUENCE), 5, 7, 12),
    "a beat of several words": (Stream(width=256, last=Last.VECTOR), 5, 7, 8),
    "single": (Stream(width=64, last=Last.VECTOR, elements=Elements.SINGLE), 3, 2, 8),
    "a packet of one beat": (Stream(width=32, last=Last.VECTOR), 1, 1, 12),
}

# A part of the design, what is replaced in it, and by what; and the check that must refuse it.
BROKEN = {
    "what is not kept is read": ("from_axi", r"= tkeep\[2\] & \w+;", "= tkeep[2];", "check_bytes"),
    "a byte follows another's tkeep": ("from_axi", r"tkeep\[1\]", "tkeep[2]", "check_bytes"),
    "what is filled up is read": (
        "from_axi",
        r"(assign \w+ = tkeep\[0\]) & \w+;",
        r"\1;",
        "check_bytes",
    ),
    "another tkeep is not malformed": ("from_axi", r"tkeep != ", "tkeep > ", "check_packets"),
    "the last beat needs all bytes": ("from_axi", r"4'h3 : 4'hf", "4'hf : 4'hf", "check_packets"),
    "the mark of a short packet is lost": (
        "from_axi",
        r"(o__payload_last = filling \? )mark",
        r"\1tuser",
        "check_packets",
    ),
    "what is too much is kept waiting": (
        "from_axi",
        r"(assign tready = )skipping \| ",
        r"\1",
        "check_packets",
    ),
    "elements are swapped": (
        "from_axi",
        r"write\[0\] \? (\{.*\}) : (\{.*\});",
        r"write[0] ? \2 : \1;",
        "check_packets",
    ),
    "an answer is read where it is written": (
        "answers",
        r"words\[leaving\]",
        "words[entering]",
        "check_words",
    ),
    "elements lie in another lane": (
        "answers",
        r"words\[entering\]\[15:0\]",
        "words[entering][31:16]",
        "check_words",
    ),
    "an answer is written at its end only": (
        "answers",
        r"if \(write__en\[0\]\)",
        "if (stored)",
        "check_words",
    ),
    "a word changes while it waits": (
        "answers",
        r"= moved \? read__data : o__payload_data",
        "= read_out ? read__data : o__payload_data",
        "check_sent",
    ),
    "the last beat keeps all bytes": ("to_axi", r"4'h3 : 4'hf", "4'hf : 4'hf", "check_sent"),
    "elements leave swapped": (
        "to_axi",
        r"= i__payload\[31:0\]",
        "= {i__payload[15:0], i__payload[31:16]}",
        "check_sent",
    ),
    "an answer leaves with its first beat": (
        "to_axi",
        r"taken = (\w+) & tlast",
        r"taken = \1",
        "check_sent",
    ),
}


def netlist_of(files):
    """Return the cells of emitted files."""
    forget_all()
    return read_netlist({name: text.encode() for name, text in files.items()}, "tiny")


@pytest.mark.parametrize("shape", SHAPES)
def test_packets_of_every_shape_are_shown(shape):
    stream, inputs, outputs, bits = SHAPES[shape]
    net = networks.network(order=2, units=2, dense=outputs, inputs=inputs)
    network = networks.quantized(net, activation_bits=bits)
    plan = fastest_plan(network, 4, stream=stream)
    netlist = netlist_of(emit_verilog(network, plan, digest="0" * 64))
    for check in CHECKS.values():
        forget_all()
        assert check(netlist, plan)


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_broken_is_not_shown(how):
    part, pattern, replacement, name = BROKEN[how]
    _, plan, files = small_packets()
    (module,) = re.findall(rf"^module tiny__{part}\(.*?^endmodule", files["tiny.v"], re.M | re.S)
    changed, count = re.subn(pattern, replacement, module, count=1)
    assert count == 1
    netlist = netlist_of(files | {"tiny.v": files["tiny.v"].replace(module, changed)})
    with pytest.raises(Failure):
        CHECKS[name](netlist, plan)
