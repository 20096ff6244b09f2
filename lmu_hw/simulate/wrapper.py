# SPDX-License-Identifier: Apache-2.0
"""The Verilog around a design in simulation: it writes every stored code to a file.

Recording in Verilog costs no Python per word, so whole images run at the simulator's own speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.hdl.ports import layer_path, state_inputs
from lmu_hw.hdl.registers.axi_lite import axi_lite_inputs, axi_lite_outputs
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.hdl.reload import AddressMap
from lmu_hw.hdl.writes import code_width, write_layout
from lmu_hw.network import Packet
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.simulators.backend import TOP
from lmu_hw.simulate.verdict import Stored

__all__ = [
    "CUTS_FILE",
    "DRIVER",
    "STARTS_FILE",
    "TOP",
    "bench_head",
    "coefficient_ports",
    "port_wrapper",
    "read_stored",
    "words_file",
    "wrapper",
]

DRIVER = Path(__file__).with_name("driver.v")
_LOADER = DRIVER.with_name("loader.v")
STARTS_FILE = "starts.txt"
CUTS_FILE = "counts.txt"
"""Starts and beats of every layer so far, at each reset and at the end."""

Codes = NDArray[np.int64]

_OPTIONAL = ("m_axis_tkeep", "m_axis_tuser", "m_axis_tid", "s_axis_malformed")  # outputs
_FIELDS = ("node", "segment", "beat", "mask")
_HEX = np.full(256, 255, np.uint8)
for _digit, _character in enumerate("0123456789abcdef"):
    _HEX[ord(_character)] = _digit


def words_file(place: int) -> str:
    """Return the name of the file that layer number `place` writes its codes to."""
    return f"layer_{place}.txt"


def wrapper(name: str, plan: Plan) -> str:
    """Return the Verilog of the bench top: the driver, the design `name`, and what records it."""
    paths = [f"dut.{layer_path(plan, layer)}.trace_" for layer in plan.layers]
    count = len(plan.layers)
    return "\n".join(
        [
            *_head_of(name, plan),
            "  assign busy = "
            + " || ".join(f"{path}{what} !== 1'b0" for path in paths for what in ("start", "valid"))
            + ";",
            f"  integer place, starts, start_count, cuts, words [0:{count - 1}],",
            f"    counts [0:{count - 1}];",
            "  initial begin",
            f'    starts = $fopen("{STARTS_FILE}", "w");',
            f'    cuts = $fopen("{CUTS_FILE}", "w");',
            *(f'    words[{n}] = $fopen("{words_file(n)}", "w");' for n in range(count)),
            f"    for (place = 0; place < {count}; place = place + 1) counts[place] = 0;",
            "    start_count = 0;",
            "  end",
            "  always @(posedge clk) if (cut) begin",
            '    $fwrite(cuts, "%0d", start_count);',
            f"    for (place = 0; place < {count}; place = place + 1)",
            '      $fwrite(cuts, " %0d", counts[place]);',
            '    $fwrite(cuts, "\\n");',
            "    if (done) begin",
            "      $fclose(starts);",
            "      $fclose(cuts);",
            *(f"      $fclose(words[{n}]);" for n in range(count)),
            "    end",
            "  end else if (!rst && !done) begin",
            *(
                line
                for place, (path, layer) in enumerate(zip(paths, plan.layers, strict=True))
                for line in _record(place, path, layer)
            ),
            "  end",
            "endmodule",
            _loader_of(plan),
        ]
    )


def port_wrapper(name: str, plan: Plan) -> str:
    """Return the bench top for a design of which only the ports can be seen."""
    lines = [*_head_of(name, plan), "  assign busy = 1'b0;", "endmodule", _loader_of(plan)]
    return "\n".join(lines)


def _loader_of(plan: Plan) -> str:
    """Return the Verilog of what writes coefficients through registers, where they are."""
    if not (plan.registers and coefficient_ports(plan)):
        return ""
    registers = register_map(plan)
    (still,) = (field for field in registers["STATUS"].fields if field.name == "still")
    places = {
        "CONTROL": registers["CONTROL"].offset,
        "STATUS": registers["STATUS"].offset,
        "STILL": still.low,
        "TO": registers["COEFFICIENT_ADDRESS"].offset,
        "DATA": registers["COEFFICIENT_DATA"].offset,
    }
    text = _LOADER.read_text(encoding="utf-8")
    for name, place in places.items():
        text = text.replace(f"parameter {name} = 0", f"parameter {name} = {place}")
    return text


def _head_of(name: str, plan: Plan) -> list[str]:
    address = register_map(plan).address_bits if plan.registers else 0
    return bench_head(
        name,
        plan.source,
        plan.answer,
        coefficient_ports(plan),
        address,
        unused=state_inputs(plan),
    )


def bench_head(
    name: str,
    source: Packet,
    answer: Packet,
    coefficients: dict[str, int],
    axi_address: int = 0,
    *,
    unused: Sequence[str] = (),
) -> list[str]:
    """Return the lines of the bench top that declare it and join driver and design.

    What follows assigns `busy`; `cut` is 1 in the first cycle of a reset and in one at the end.

    Parameters
    ----------
    name : str
        Module of the design.
    source, answer : Packet
        What travels on both sides.
    coefficients : dict of str to int
        Width of each port for coefficients; none if there are none.
    axi_address : int
        Bits of an address of registers, through which coefficients are written; 0: there are none.
    unused : sequence of str
        Inputs of the design that stay 0.
    """
    address, word = (coefficients.get(f"coefficient_{what}", 1) for what in ("address", "data"))
    ports = ["clk", "rst"]
    ports += [
        f"{side}_axis_{what}" for side in "sm" for what in ("tdata", "tvalid", "tlast", "tready")
    ]
    if not source.whole:
        ports += ["s_axis_tkeep", "m_axis_tkeep", "s_axis_malformed"]
    if source.marks:
        ports += ["s_axis_tuser", "m_axis_tuser"]
    if source.id_bits:
        ports += ["s_axis_tid", "m_axis_tid"]
    missing = [port for port in _OPTIONAL if port not in ports]
    lite = {**axi_lite_inputs(axi_address), **axi_lite_outputs()} if axi_address else {}
    ports += [f"s_axi_{port}" for port in lite] if lite else [*coefficients]
    joined = [*(f".{port}({port})" for port in ports), *(f".{port}(0)" for port in unused)]
    sizes = {
        "IN": source.width,
        "OUT": answer.width,
        "IN_BEATS": source.beats,
        "OUT_BEATS": answer.beats,
        "IN_BYTES": source.last_bytes,
        "OUT_BYTES": answer.last_bytes,
        "PACKETS": int(not source.whole),
        "ID": max(source.id_bits, 1),
        "MARKS": int(source.marks),
        "ADDRESS": address,
        "WORD": word,
    }
    return [
        "`timescale 1ns/1ps",
        f"module {TOP} (input clk, output done, output [31:0] answers);",
        "  wire rst, busy;",
        "  wire [31:0] cycle;",
        f"  wire [{source.width - 1}:0] s_axis_tdata;",
        f"  wire [{answer.width - 1}:0] m_axis_tdata;",
        f"  wire [{source.bytes - 1}:0] s_axis_tkeep;",
        f"  wire [{answer.bytes - 1}:0] m_axis_tkeep;",
        "  wire s_axis_tuser, m_axis_tuser, s_axis_malformed;",
        f"  wire [{max(source.id_bits, 1) - 1}:0] s_axis_tid, m_axis_tid;",
        *(f"  assign {port} = 0;" for port in missing),
        "  wire s_axis_tvalid, s_axis_tlast, s_axis_tready;",
        "  wire m_axis_tvalid, m_axis_tlast, m_axis_tready;",
        "  wire coefficient_write;",
        f"  wire [{address - 1}:0] coefficient_address;",
        f"  wire [{word - 1}:0] coefficient_data;",
        "  wire full, held, failed;",
        f"  lmu__driver #({', '.join(f'.{size}({value})' for size, value in sizes.items())})",
        "    driver (.*);",
        *(_registers(axi_address, coefficients) if axi_address else _NO_REGISTERS),
        f"  \\{name} dut ({', '.join(joined)});",
        "  reg was_stopped = 0;",
        "  always @(posedge clk) was_stopped <= rst || done;",
        "  wire cut = (rst || done) && !was_stopped;",
    ]


_NO_REGISTERS = ["  assign {full, held, failed} = 0;"]


def _registers(address: int, coefficients: dict[str, int]) -> list[str]:
    """Return the lines that join the registers: to what writes coefficients, or to nothing."""
    inputs = axi_lite_inputs(address)
    widths = {**inputs, **axi_lite_outputs()}
    lines = [f"  wire [{bits - 1}:0] s_axi_{name};" for name, bits in widths.items()]
    if not coefficients:
        return [*_NO_REGISTERS, *lines, *(f"  assign s_axi_{name} = 0;" for name in inputs)]
    sizes = {
        "AXI_ADDRESS": address,
        "ADDRESS": coefficients["coefficient_address"],
        "WORD": coefficients["coefficient_data"],
    }
    return [
        *lines,
        f"  lmu__loader #({', '.join(f'.{size}({value})' for size, value in sizes.items())})",
        "    loader (.*);",
    ]


def coefficient_ports(plan: Plan) -> dict[str, int]:
    """Return the width of each port through which coefficients are written; none if none are."""
    addresses = AddressMap(plan)
    if not addresses.blocks:
        return {}
    return {
        "coefficient_write": 1,
        "coefficient_address": addresses.address_bits,
        "coefficient_data": addresses.data_bits,
    }


def _record(place: int, path: str, plan: LayerPlan) -> list[str]:
    """Return the statements that record one layer: its starts, and the codes that it stores."""
    width = code_width(plan)
    arguments = [f"{path}{field}" for field in _fields(plan)]
    # Two's complement codes are padded to whole digits by zeros, and cut to their width later.
    # One bit of one lane is a scalar, which Verilog does not let anyone select from.
    lanes = [f"[{lane * width + width - 1}:{lane * width}]" for lane in range(plan.beat)]
    arguments += [f"{path}data{lane if plan.beat * width > 1 else ''}" for lane in lanes]
    form = " ".join(["%h"] * len(arguments))
    return [
        f"    if ({path}start) begin",
        f'      $fwrite(starts, "{place} %0d\\n", cycle);',
        "      start_count = start_count + 1;",
        "    end",
        f"    if ({path}valid !== 1'b0) begin",
        f'      $fwrite(words[{place}], "{form}\\n", {", ".join(arguments)});',
        f"      counts[{place}] = counts[{place}] + 1;",
        "    end",
    ]


def read_stored(folder: Path, plan: Plan) -> Stored:
    """Return what was recorded inside the design."""
    layers = [
        _read_beats(folder / words_file(place), layer) for place, layer in enumerate(plan.layers)
    ]
    starts = [line.split() for line in (folder / STARTS_FILE).read_text().splitlines()]
    counts = [line.split() for line in (folder / CUTS_FILE).read_text().splitlines()]
    return Stored(
        beats=[beats for beats, _, _ in layers],
        unknown=[unknown for _, unknown, _ in layers],
        streams=[streams for _, _, streams in layers],
        starts=[(int(place), int(cycle)) for place, cycle in starts],
        counts=np.array(counts, np.int64).reshape(len(counts), 1 + len(layers)),
    )


def _fields(plan: LayerPlan) -> tuple[str, ...]:
    """Return what is recorded of a beat before its elements."""
    return ("stream", *_FIELDS) if plan.streams > 1 else _FIELDS


def _read_beats(path: Path, plan: LayerPlan) -> tuple[Codes, NDArray[np.bool_], Codes]:
    """Return the beats that one layer wrote, which of their fields are unknown, and the streams.

    A beat of an unknown stream has an unknown node.
    """
    layout = write_layout(plan)
    widths = [layout[field].width for field in _FIELDS] + [code_width(plan)] * plan.beat
    if plan.streams > 1:
        widths = [(plan.streams - 1).bit_length(), *widths]
    digits = [-(-width // 4) for width in widths]
    length = sum(digits) + len(digits)
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    raw = raw[: len(raw) // length * length].reshape(-1, length)
    columns = []
    unknown = np.zeros((len(raw), len(digits)), np.bool_)
    at = 0
    for column, count in enumerate(digits):
        nibbles = _HEX[raw[:, at : at + count]]
        unknown[:, column] = (nibbles == 255).any(axis=1)
        value = np.zeros(len(raw), np.int64)
        for nibble in nibbles.T:
            value = value << 4 | (nibble & 15)
        columns.append(value)
        at += count + 1
    beats = np.stack(columns, axis=1)
    if plan.streams == 1:
        return beats, unknown, np.zeros(len(beats), np.int64)
    unknown[:, 1] |= unknown[:, 0]
    return beats[:, 1:], unknown[:, 1:], beats[:, 0]
