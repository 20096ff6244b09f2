# SPDX-License-Identifier: Apache-2.0
"""A driver of the design in C99: codes, packets, and the registers."""

from __future__ import annotations

from lmu_hw.integration.render import render
from lmu_hw.integration.sources import path_macro
from lmu_hw.integration.subject import Subject
from lmu_hw.network import Packet
from lmu_hw.plan import Plan, StateMap

__all__ = ["driver"]


def driver(subject: Subject) -> dict[str, str]:
    """Return header and source."""
    network, plan = subject.network, subject.plan
    source, answer = network.input, network.output
    values = {
        "name": subject.name,
        "macro": path_macro(subject.name),
        "digest": subject.design.digest,
        "inputs": network.inputs,
        "outputs": network.output.size,
        "once": int(network.answers_once),
        "streams": plan.stream.streams,
        "own": "stream, " if plan.stream.streams > 1 else "",
        "receive": "receive_own" if plan.stream.streams > 1 else f"{subject.name}_receive",
        "of_own": "unsigned stream, " if plan.stream.streams > 1 else "",
        "source": plan.source,
        "answer": plan.answer,
        "input_kept": _kept(plan.source),
        "answer_kept": _kept(plan.answer),
        "lowest": source.format.min_code,
        "highest": source.format.max_code,
        "denominator": repr(float(network.input_scale.denominator)),
        "numerator": repr(float(network.input_scale.numerator)),
        "power": repr(2.0**source.format.frac_bits),
        "rounding": source.rounding.value,
        "ulp": repr(answer.format.ulp),
        "signed_input": source.format.signed,
        "signed_answer": answer.format.signed,
        "c_integer": _integer,
        "c_int32": _int32,
        "c_mask": lambda bits: f"UINT64_C(0x{(1 << bits) - 1:x})",
        **_registers(subject),
    }
    return {f"driver/{subject.name}.{kind}": render(f"driver.{kind}.j2", **values) for kind in "hc"}


def _registers(subject: Subject) -> dict[str, object]:
    """Return what the templates say of registers; nothing of a design that has none."""
    plan = subject.plan
    if not plan.registers:
        return {"registers": (), "identity": (), "loads": False, "parts": 0, "runs": ()}
    from lmu_hw.hdl.registers.map import parts, register_map

    registers = register_map(plan, subject.design.digest)
    names = ("IDENTIFICATION", "FEATURES", *(n for n in registers.names if "DIGEST" in n))
    loads = "COEFFICIENT_DATA" in registers.names
    return {
        "registers": registers.registers,
        "identity": [registers[name] for name in names],
        "loads": loads,
        "parts": parts(plan) if loads else 0,
        **_states(plan),
    }


def _states(plan: Plan) -> dict[str, object]:
    """Return how many codes persist, and where they lie; nothing if they cannot be reached."""
    if not plan.state_access:
        return {"states": 0, "runs": (), "stream_stride": 0}
    states = StateMap(plan)
    runs = [
        {
            "address": states.first_address(block) + segment * states.stride,
            "count": block.rows,
            "vector": block.vector.name,
            "lowest": block.vector.format.min_code,
            "highest": block.vector.format.max_code,
            "ulp": repr(block.vector.format.ulp),
        }
        for block in states.blocks
        for segment in range(block.segments)
    ]
    size = sum(block.vector.size for block in states.blocks)
    return {"states": size, "runs": runs, "stream_stride": states.stream_stride}


def _kept(packet: Packet) -> int:
    """Return the bytes of a vector that belong to it."""
    return packet.vector.size * packet.element_bits // 8


def _integer(number: int) -> str:
    """Return a number as a constant of 64 bits in C, which has no negative ones."""
    return f"INT64_C({number})" if number >= 0 else f"(-INT64_C({-number - 1}) - 1)"


def _int32(number: int) -> str:
    """Return a number as a constant of 32 bits in C."""
    return f"INT32_C({number})" if number >= 0 else f"(-INT32_C({-number - 1}) - 1)"
