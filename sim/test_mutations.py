# SPDX-License-Identifier: Apache-2.0
"""The bench is tested: hardware with one thing changed fails, and the result names the place.

Every mutation edits one place of the emitted files of a small design. `module` narrows a pattern
down to one Verilog module; `place` is the node that the first mismatch must name, or None where the
damage may show anywhere or in the protocol alone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

import lmu_hw


@dataclass(frozen=True)
class Mutation:
    """One edit: in `file`, within `module`, `pattern` becomes `replacement`.

    The file is the Verilog of the design unless a ROM is named.
    """

    name: str
    pattern: str
    replacement: str | Callable[[re.Match[str]], str]
    place: str | None
    module: str = ""
    file: str = ""
    design: str = "tiny"


def _flipped(match: re.Match[str]) -> str:
    """Return a hexadecimal digit with its lowest bit flipped."""
    return f"{int(match[0], 16) ^ 1:x}"


def _all_flipped(match: re.Match[str]) -> str:
    """Return a ROM with the lowest bit of every word flipped."""
    return re.sub(r"[0-9a-f](?=\n)", _flipped, match[0])


def _rom(name: str, file: str, place: str, pattern: str = r"[0-9a-f](?=\n)") -> Mutation:
    """Return the mutation that flips a bit of the first word of a ROM."""
    return Mutation(name, pattern, _flipped, place, file=file)


def _residue(name: str, pattern: str, replacement: str) -> Mutation:
    """Return a mutation of what becomes of the residues of a memory."""
    return Mutation(name, pattern, replacement, "lmu.m", "layer_lmu_drain", design="error_feedback")


def _sweep(name: str, pattern: str, replacement: str, module: str = "unit_cells") -> Mutation:
    """Return a mutation of the unit of a semiseparable memory."""
    where = f"layer_lmu_m_{module}"
    return Mutation(name, pattern, replacement, "lmu.m", where, design="sweeps")


def _gated(
    name: str, pattern: str, replacement: str, module: str, place: str | None = "lmu0.c"
) -> Mutation:
    """Return a mutation of the element-wise nodes of a long short-term memory."""
    return Mutation(name, pattern, replacement, place, f"layer_lmu0{module}", design="lstm")


MUTATIONS = [
    _rom("coefficient of the encoder", "lmu_u_weights.hex", "lmu.u"),
    _rom("coefficient of the memory", "lmu_m_weights.hex", "lmu.m"),
    _rom("coefficient of the hidden cell", "lmu_h_weights.hex", "lmu.h"),
    _rom("coefficient of the head", "head_y_weights.hex", "head.y"),
    _rom("bias of the encoder", "lmu_u_rows.hex", "lmu.u"),
    Mutation("entries of the table", r"(?s).+", _all_flipped, "lmu.h", file="lmu_h_tanh.hex"),
    Mutation(
        "rounding of u",
        r"(d2_total_0\) \+ \$signed\(11'h)200",
        r"\g<1>000",
        "lmu.u",
        "layer_lmu_drain",
    ),
    Mutation(
        "rounding of m",
        r"(d2_total_0\) \+ \$signed\(10'h)100",
        r"\g<1>000",
        "lmu.m",
        "layer_lmu_drain",
    ),
    Mutation(
        "rounding of h",
        r"(d2_total_0\) \+ \$signed\(12'h)400",
        r"\g<1>000",
        "lmu.h",
        "layer_lmu_drain",
    ),
    Mutation("shift of m", r"(\? _\d+_)\[20:9\]", r"\1[19:8]", "lmu.m", "layer_lmu_drain"),
    Mutation("saturation of u", r"(> \$signed\(12'h)7ff", r"\g<1>0ff", "lmu.u", "layer_lmu_drain"),
    Mutation(
        "row of the wrong lane",
        r"d1_sum_1 <= rows\[45:23\]",
        "d1_sum_1 <= rows[22:0]",
        None,
        "layer_lmu_drain",
    ),
    Mutation("rows beyond the last one", r"(< 2'h)3", r"\g<1>2", "lmu.m", "layer_lmu_drain"),
    Mutation(
        "sign of a product", r"\$signed\((s2_weight_2)\)", r"$unsigned(\1)", None, "layer_lmu_mac"
    ),
    Mutation(
        "difference instead of sum",
        r"(\$signed\(s3_product_0\)) \+",
        r"\1 -",
        None,
        "layer_lmu_mac",
    ),
    Mutation("sums that are not cleared", r"s4\[0\] & s4\[1\]", "1'h0", None, "layer_lmu_mac"),
    Mutation(
        "alignment of a term",
        r"s3_added_0\[(\d+):0\], \d'h00?",
        "s3_added_0[9:0], 13'h0",
        None,
        "layer_lmu_mac",
    ),
    Mutation(
        "state that is not cleared", r"first_step <= _\d+_", "first_step <= 1'h0", None, "layer_lmu"
    ),
    Mutation(
        "page of the state",
        r"(?s)(m_memory m_memory \(.*?\.write_page\()page",
        r"\g<1>1'h0",
        None,
        "layer_lmu",
    ),
    Mutation(
        "read before written",
        r"(= _\d+_ \| )_\d+_(;\n  assign _\d+_ = \| waiting)",
        r"\g<1>1'h1\2",
        None,
        "layer_lmu_sequencer",
    ),
    Mutation("one word too few", r"(20'h\w{3})55", r"\g<1>45", None, "layer_lmu_sequencer"),
    Mutation(
        "input taken while full",
        r"i__ready = full != 2'h2",
        "i__ready = 1'h1",
        None,
        "layer_lmu_source",
    ),
    Mutation(
        "answers pushed into a full queue", r"= w_level <= \d+'h\w+", "= 1'h1", None, "layer_lmu"
    ),
    Mutation(
        "answer taken while one waits", r"i__ready = ~ tvalid", "i__ready = 1'h1", None, "to_axi"
    ),
    Mutation("answer dropped before it is taken", r"= tvalid & tready", "= tvalid", None, "to_axi"),
    Mutation("last flag of the answer", r"(tlast <= )(_\d+_)", r"\1~\2", None, "to_axi"),
    Mutation(
        "element of the answer", r"i__payload\[11:0\] *;", "i__payload[23:12];", None, "to_axi"
    ),
    Mutation("a cycle more per step", r"4'hb", "4'hc", None, "layer_lmu_sequencer"),
    _residue(
        "residue that is not added",
        r"(\$signed\(d1_sum_0\)) \+ \$signed\(\{ 1'h0, _\d+_ \}\)",
        r"\1",
    ),
    _residue("residue that is not cleared", r"first_step \? 8'h00 : (read_data)", r"\1"),
    _residue(
        "residue of the wrong element", r"(read_word \} = _\d+_ \+ )beat", r"\g<1>(beat ^ 4'h1)"
    ),
    _residue("residue of the other memory", r"tag\[2\] \* 3'h5", "1'h0 * 3'h5"),
    _residue("residue of another total", r"write__data\(d2_total_0", "write__data(d1_sum_0"),
    Mutation(
        "coefficient of the sweeps",
        r"[0-9a-f](?=\n)",
        _flipped,
        "lmu.m",
        file="lmu_m_sweeps.hex",
        design="sweeps",
    ),
    _sweep("rounding of a state", r"(s6_total_0\) \+ \$signed\(12'h)400", r"\g<1>000"),
    _sweep("rounding of a sweep", r"(s4_x_0, 8'h00 \}\) \+ \$signed\(8'h)40", r"\g<1>00"),
    _sweep("sign of the coupling", r"(_11_\)) - (\$signed\(s5_products_0)", r"\1 + \2"),
    _sweep("sign of the carry in the backward sweep", r"= ~ (\{ carry_0_0)", r"= \1"),
    _sweep("backward sweep left out of a state", r"\{ history, 8'h00 \}", "25'h0"),
    _sweep("sign of u", r"= - (\$signed\(_17_)", r"= \1"),
    _sweep("carried number of the other memory", r"s3\[1\] \? carried_1_0", "s3[1] ? carried_0_0"),
    _sweep("states that are not cleared", r"first_step \? 14'h0000 : ", "", "unit"),
    _sweep("states of the other memory", r"s7\[1\] \* 3'h5", "1'h0 * 3'h5", "unit"),
    _gated(
        "difference of products",
        r"(s3_product_0_0\)) \+ (\$signed\(\{ s3_product_1_0)",
        r"\1 - \2",
        "_elementwise",
    ),
    _gated("sign of a gate", r"\{ 1'h0, words\[6:0\]", "{ words[6], words[6:0]", "_elementwise"),
    _gated("cell that is not cleared", r"first_step \? 12'h000 : ", "", "_elementwise"),
    _gated("rounding of u and c", r"(d2_total_0\) \+ \$signed\(8'h)40", r"\g<1>00", "_drain", None),
    _gated("rounding of s", r"(d2_total_0\) \+ \$signed\(5'h)08", r"\g<1>00", "_drain", "lmu0.s"),
    _gated(
        "page of the cell",
        r"(?s)(c_memory c_memory \(.*?\.read_page\()\w+",
        r"\g<1>page",
        "",
    ),
    _gated("gates read before written", r"waiting <= now\[\d+:\d+\]", "1'h1", "_sequencer", None),
    Mutation(
        "entries of the table of c",
        r"(?s).+",
        _all_flipped,
        "lmu0.s",
        file="lmu0_s_tanh.hex",
        design="lstm",
    ),
    Mutation(
        "sign of a product of vectors",
        r"- (\$signed\(s3_product_1_0\))",
        r"+ \1",
        "before.h",
        "layer_before_elementwise",
        design="gru",
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutated_hardware_fails(folder_of, installed, tmp_path, mutation):
    installed("icarus")
    folder = tmp_path / mutation.design
    shutil.copytree(folder_of(mutation.design), folder)
    file = f"__{mutation.file}" if mutation.file else ".v"
    _apply(mutation, folder / "rtl" / f"{mutation.design}{file}")
    (result,) = lmu_hw.simulate(folder, simulators=["icarus"], max_cycles=4_000)
    assert not result.passed
    assert result.failure or result.first_mismatch is not None
    if mutation.place is not None:
        assert result.first_mismatch is not None
        assert result.first_mismatch.node == mutation.place


@pytest.mark.parametrize("design", sorted({mutation.design for mutation in MUTATIONS}))
def test_unmutated_hardware_passes(folder_of, installed, design):
    installed("icarus")
    (result,) = lmu_hw.simulate(folder_of(design), simulators=["icarus"], max_cycles=4_000)
    assert result.passed, result


def _apply(mutation: Mutation, path) -> None:
    text = path.read_text()
    start, end = 0, len(text)
    if mutation.module:
        module = f"{mutation.design}_{mutation.module}"
        found = re.search(rf"^module {module}\(.*?^endmodule", text, re.S | re.M)
        assert found, f"there is no module {mutation.module}"
        start, end = found.span()
    part, count = re.subn(mutation.pattern, mutation.replacement, text[start:end], count=1)
    assert count == 1, f"{mutation.name}: the pattern is not in {path.name}"
    path.write_text(text[:start] + part + text[end:])
