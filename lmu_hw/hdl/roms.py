# SPDX-License-Identifier: Apache-2.0
"""The text of ROMs: a Verilog module and a hexadecimal file for each."""

from __future__ import annotations

from amaranth.utils import ceil_log2

from lmu_hw.hdl.storage import RomFiles
from lmu_hw.plan import fits_luts

__all__ = ["rom_files", "rom_modules"]

_LUT_WORDS = 16
"""Words of a memory made of one table for each bit."""

# Simulators only warn of a file that they cannot read, and go on without coefficients.
_CHECK = """\
`ifndef SYNTHESIS
`ifndef FORMAL
  // synthesis translate_off
  integer file, count;
  reg [{top}:0] word;
  initial begin
    count = 0;
    file = $fopen({file}, "r");
    if (file != 0) begin
      while ($fscanf(file, "%h", word) == 1) count = count + 1;
      $fclose(file);
    end
    if (count != {depth}) $fatal(1, "%s must hold {depth} words, not %0d", {file}, count);
  end
  // synthesis translate_on
`endif
`endif"""


def rom_files(roms: RomFiles) -> dict[str, str]:
    """Return the contents of each ROM, one word in a line, by the name of its file."""
    files = {}
    for module, (words, width) in sorted(roms.contents.items()):
        digits = -(-width // 4)
        files[_file(module)] = "".join(f"{word:0{digits}x}\n" for word in words)
    return files


def rom_modules(roms: RomFiles) -> list[str]:
    """Return the Verilog of all ROMs: where their files lie, and a module for each.

    One module for each file: as a parameter, the name of a file that does not exist would stop
    tools that look at modules before their parameters are known.
    """
    if not roms.contents:
        return []
    folder, path = f"{roms.design.upper()}_ROM_PATH", _path_macro(roms.design)
    lines = [
        f"`ifdef {folder}",
        f"`define {path}(file) {{`{folder}, file}}",
        "`else",
        f"`define {path}(file) file",
        "`endif",
        "",
    ]
    for module, (words, width) in sorted(roms.contents.items()):
        file = f'`{path}("{_file(module)}")'
        lines += _module(
            *(module, file, len(words), width),
            writable=module in roms.writable,
            late=module in roms.late,
        )
    return lines


def _file(module: str) -> str:
    return f"{module}.hex"


def _path_macro(design: str) -> str:
    """Return the name of the macro that puts the folder of the ROM files in front of a file."""
    return f"{design.upper()}_ROM"


def _module(
    module: str, file: str, depth: int, width: int, *, writable: bool, late: bool
) -> list[str]:
    """Return the module of a ROM that reads a file."""
    # Memory of tables that can be written is chosen from behind itself: no time is left for that.
    in_block = not fits_luts(depth, width) or (writable and late and depth > _LUT_WORDS)
    address = max(ceil_log2(depth), 1)
    ports = ["clk", "address", "enable", "data"]
    inputs, statements = [], ["if (enable) data <= words[address];"]
    if writable:
        ports += ["write", "write_address", "write_data"]
        inputs = [
            "  input write;",
            f"  input [{address - 1}:0] write_address;",
            f"  input [{width - 1}:0] write_data;",
        ]
        statements.append("if (write) words[write_address] <= write_data;")
    return [
        f"// {depth} words of {width} bits, which are in {_file(module)}.",
        f"module {module}({', '.join(ports)});",
        "  input clk;",
        f"  input [{address - 1}:0] address;",
        "  input enable;",
        *inputs,
        f"  output reg [{width - 1}:0] data;",
        # Tools that may choose take lookup tables for what is small, and for much that is not.
        *(['  (* rom_style = "block", ram_style = "block" *)'] if in_block else []),
        # Without it, Yosys adds registers that answer the old word where it is being replaced.
        *(["  (* no_rw_check *)"] if writable else []),
        f"  reg [{width - 1}:0] words [0:{depth - 1}];",
        f"  initial $readmemh({file}, words);",
        *_CHECK.format(top=width - 1, depth=depth, file=file).split("\n"),
        *(f"  always @(posedge clk) {statement}" for statement in statements),
        "endmodule",
        "",
    ]
