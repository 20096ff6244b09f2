# SPDX-License-Identifier: Apache-2.0
"""A testbench in plain Verilog that checks itself, its vectors, and what runs it."""

from __future__ import annotations

from collections.abc import Sequence

from lmu_hw.integration.ports import Port, ports_of
from lmu_hw.integration.render import render
from lmu_hw.integration.sources import path_macro
from lmu_hw.integration.subject import Subject
from lmu_hw.integration.vectors import vectors_of, word_bits
from lmu_hw.integration.waves import viewed_elements, viewed_nodes
from lmu_hw.network import Packet

__all__ = ["testbench", "testbench_scripts"]

_LIST = "testbench/files.f"


def testbench(subject: Subject) -> dict[str, str]:
    """Return the testbench, its vectors, and the list of all sources."""
    name, plan = subject.name, subject.plan
    vectors, ports = vectors_of(subject), ports_of(plan)
    source, answer = plan.source, plan.answer
    inputs = f"testbench/{name}_input.hex"
    answers = f"testbench/{name}_answers.hex"
    through = sum(layer.cycles(last_step=True) for layer in plan.layers)
    step = plan.cycles(last_step=True)
    first = len(vectors.sequences[0]) * source.beats
    text = render(
        "testbench.v.j2",
        name=name,
        macro=path_macro(name),
        digest=subject.design.digest,
        input_file=inputs,
        answer_file=answers,
        list_file=_LIST,
        vectors=vectors,
        beginning=max(1, first // 2),
        cycles=step,
        settle=3 * through + 100,
        # Several answers may wait for one that is held back as long as a few steps.
        patience=8 * (through + step) + 1000,
        source=source,
        packet=answer,
        source_bits=word_bits(source),
        answer_bits=word_bits(answer),
        ports=ports,
        outputs=[port for port in ports if port.output],
        driven=_driven(ports, source),
        input_elements=viewed_elements(source, "input"),
        answer_elements=viewed_elements(answer, "answer"),
        nodes=viewed_nodes(subject),
        answer_word=_joined([f"m_axis_{part}" for part in reversed(_parts(answer))]),
    )
    return {
        f"testbench/{name}_tb.v": text,
        inputs: _hex(vectors.sent, word_bits(source)),
        answers: _hex(vectors.expected, word_bits(answer)),
        _LIST: f"testbench/{name}_tb.v\nrtl/{name}.v\n",
    }


def testbench_scripts(subject: Subject) -> dict[str, str]:
    """Return what runs the testbench on the free simulators."""
    tools = ("icarus", "verilator")
    return {f"testbench/{tool}.sh": render(f"{tool}.sh.j2", name=subject.name) for tool in tools}


def _parts(packet: Packet) -> list[str]:
    """Return what is in a word, from its lowest bit on."""
    keep = [] if packet.whole else ["tkeep"]
    marks = ["tuser"] if packet.marks else []
    return ["tdata", *keep, "tlast", *marks, *(["tid"] if packet.id_bits else [])]


def _driven(ports: Sequence[Port], source: Packet) -> dict[str, str]:
    """Return what each port is connected to; what the testbench does not use is 0."""
    driven, at = {"clk": "clk", "rst": "rst"}, 0
    widths = {"tdata": source.width, "tkeep": source.bytes, "tid": source.id_bits}
    for part in _parts(source):
        width = widths.get(part, 1)
        driven[f"s_axis_{part}"] = f"offered[{at}{f' +: {width}' if width > 1 else ''}]"
        at += width
    own = {"s_axis_tvalid", "m_axis_tready"}
    for port in ports:
        idle = port.name if port.output or port.name in own else f"{port.width}'d0"
        driven.setdefault(port.name, idle)
    return driven


def _joined(parts: list[str]) -> str:
    return f"{{{', '.join(parts)}}}"


def _hex(words: Sequence[int], bits: int) -> str:
    digits = -(-bits // 4)
    return "".join(f"{word:0{digits}x}\n" for word in words)
