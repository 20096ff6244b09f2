# SPDX-License-Identifier: Apache-2.0
"""The Verilog of every way to build a memory."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hw.hdl.verilog import emit_verilog
from lmu_hw.network import Node, QuantizedNetwork
from lmu_hw.plan import make_plan
from tools.memory_bench.networks import memory_of
from tools.memory_bench.parallel import parallel_verilog

__all__ = ["Cell", "behavioural", "da4ml_cell", "dense_integers", "folded", "parallel"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """Verilog that computes the memory of a network.

    Attributes
    ----------
    network : QuantizedNetwork
    files : dict of file name to text
        ``cell.v`` and what it reads.
    top : str
        Its module. One that takes a step per clock has the ports clk, rst, en, u and states; a
        folded one streams.
    cycles : int
        Of one step.
    multiplies : bool
        Synthesis can use DSPs.
    adders : int or None
        Of two words each; None where synthesis chooses them.
    rom_bits : int
        Bits of coefficients in memories.
    """

    network: QuantizedNetwork
    files: dict[str, str]
    top: str
    cycles: int
    multiplies: bool
    adders: int | None = None
    rom_bits: int = 0

    @property
    def folded(self) -> bool:
        """Whether it streams."""
        return self.cycles > 1


def folded(network: QuantizedNetwork, lanes: int = 1) -> Cell:
    """Return the network as this project emits it."""
    plan = make_plan(network, lanes)
    files = emit_verilog(network, plan, digest="0" * 64)
    files["cell.v"] = files.pop(f"{network.name}.v")
    return Cell(
        network=network,
        files=files,
        top=network.name,
        cycles=plan.cycles(last_step=False),
        multiplies=True,
        rom_bits=sum(layer.rom_bits for layer in plan.layers),
    )


def parallel(network: QuantizedNetwork) -> Cell:
    """Return the memory of a network as `ParallelMemory`."""
    text = parallel_verilog(network.layers[0], memory_of(network), name="memory")
    return Cell(
        network=network,
        files={"cell.v": text},
        top="memory",
        cycles=1,
        multiplies=False,
        adders=len(re.findall(r" [+-] ", text)),
    )


def behavioural(network: QuantizedNetwork) -> Cell:
    """Return ``A * m + B * u`` of a dense memory as one writes it."""
    A, B, shift = dense_integers(network)
    width = max(int(abs(code)).bit_length() for code in (*A.flat, *B.flat)) + 1
    lines = []
    for k, row in enumerate(np.column_stack([A, B])):
        names = [*(f"x{j}" for j in range(len(A))), "u"]
        products = [
            f"{'-' if code < 0 else '+'} {width}'sd{abs(code)} * {name}"
            for code, name in zip(row.tolist(), names, strict=True)
            if code
        ]
        lines.append(_total(network, k, f"{1 << shift - 1} {' '.join(products)}"))
    text = _module(network, lines, shift)
    return Cell(network=network, files={"cell.v": text}, top="memory", cycles=1, multiplies=True)


def da4ml_cell(network: QuantizedNetwork) -> Cell:
    """Return a dense memory whose matrix-vector product is da4ml's.

    da4ml gets A - 1, so that the state itself is added outside: as its low bits are then zero, the
    constant that rounds costs no adder, which makes the whole smaller than with A.

    Raises
    ------
    ImportError
        If da4ml is not installed.
    """
    from da4ml.codegen import RTLModel
    from da4ml.trace import FixedVariableArrayInput, HWConfig, comb_trace

    A, B, shift = dense_integers(network)
    d, bits = len(A), memory_of(network).requant.format.width
    matrix = np.column_stack([A - (np.eye(d, dtype=np.int64) << shift), B])
    inputs = FixedVariableArrayInput((d + 1,), hwconf=HWConfig(1, -1, -1)).quantize(1, bits - 1, 0)
    logic = comb_trace(inputs, inputs @ matrix.T.astype(np.float64))
    with tempfile.TemporaryDirectory() as folder:
        RTLModel(logic, "product", folder, flavor="verilog").write()
        source = Path(folder) / "src"
        text = [(source / "product.v").read_text()]
        text += [(source / f"static/{name}.v").read_text() for name in ("shift_adder", "negative")]
    signs, integers, fractions = logic.out_kifs
    widths = [int(sum(kif)) for kif in zip(signs, integers, fractions, strict=True)]
    sources = ", ".join(["u", *(f"x{k}" for k in reversed(range(d)))])
    lines = [
        f"  wire [{sum(widths) - 1}:0] y;",
        f"  product product(.model_inp({{{sources}}}), .model_out(y));",
    ]
    start = 0
    for k, width in enumerate(widths):
        lines.append(f"  wire signed [{width - 1}:0] y{k} = y[{start + width - 1}:{start}];")
        rounded = f"$signed({{x{k}, 1'b1, {shift - 1}'b0}})"
        lines.append(_total(network, k, f"{rounded} + (y{k} <<< {-int(fractions[k])})"))
        start += width
    text.append(_module(network, lines, shift))
    adders = d + sum(op.opcode in (0, 1) for op in logic.ops)
    return Cell(
        network=network,
        files={"cell.v": "\n".join(text)},
        top="memory",
        cycles=1,
        multiplies=False,
        adders=adders,
    )


def dense_integers(network: QuantizedNetwork) -> tuple[np.ndarray, np.ndarray, int]:
    """Return A and B of a dense memory in integers, and how far its sums are shifted right."""
    node = memory_of(network)
    assert isinstance(node, Node)
    shifts = np.array(node.row_shifts or (0,) * node.rows)
    A, B = (term.weights.codes << (shifts.max() - shifts)[:, None] for term in node.terms)
    return A, B[:, 0], node.dropped_bits


def _total(network: QuantizedNetwork, k: int, expression: str) -> str:
    """Return the line that computes the sum of state k."""
    layer = network.layers[0]
    width = layer.sum_bounds(memory_of(network))[1].bit_length() + 1
    return f"  wire signed [{width - 1}:0] t{k} = {expression};"


def _module(network: QuantizedNetwork, lines: list[str], shift: int) -> str:
    """Return the module that narrows the sums to the states."""
    node = memory_of(network)
    d, bits = node.rows, node.requant.format.width
    return "\n".join(
        [
            f"module memory(input clk, input rst, input en, input signed [{bits - 1}:0] u,",
            f"  output [{d * bits - 1}:0] states);",
            *(f"  reg signed [{bits - 1}:0] x{k};" for k in range(d)),
            f"  assign states = {{{', '.join(f'x{k}' for k in reversed(range(d)))}}};",
            *lines,
            "  always @(posedge clk)",
            "    if (rst) begin",
            *(f"      x{k} <= 0;" for k in range(d)),
            "    end else if (en) begin",
            *(f"      x{k} <= t{k} >>> {shift};" for k in range(d)),
            "    end",
            "endmodule",
            "",
        ]
    )
