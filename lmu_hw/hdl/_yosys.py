# SPDX-License-Identifier: Apache-2.0
"""RTLIL to Verilog in a process of its own: ``python -P _yosys.py IN.il OUT.v``.

Yosys keeps global state and ends the process on an error, so it never runs in the caller's.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_IDENTIFIER = re.compile(r'(?<=\s)\\[^\s"]+')
_PLAIN = re.compile(r"\\[A-Za-z_]\w*")
_MEMORY = re.compile(r"^ +reg \[\d+:\d+\] \w+ \[\d+:\d+\];$", re.MULTILINE)


def plain_names(rtlil: str) -> str:
    """Rename every identifier that Verilog would have to escape; distinct names stay distinct."""
    names = set(_IDENTIFIER.findall(rtlil))
    used = {name for name in names if _PLAIN.fullmatch(name)}
    renamed = {}
    for name in sorted(names - used):
        plain = "\\" + re.sub(r"\W+", "_", name[1:]).strip("_")
        while plain in used:
            plain += "_"
        used.add(plain)
        renamed[name] = plain
    return _IDENTIFIER.sub(lambda match: renamed.get(match[0], match[0]), rtlil)


def without_collisions(verilog: str) -> str:
    """Mark every memory: no word that is used is read while it is written.

    Block RAM may then answer anything in that cycle; without the mark Yosys adds registers, a
    comparison of addresses and a multiplexer behind each memory, to answer what was there before.
    """
    return _MEMORY.sub(r"  (* no_rw_check *)\n\g<0>", verilog)


def main(source: Path, target: Path) -> None:
    """Convert `source` to `target`; intermediate files lie beside `source`."""
    from pyosys import libyosys as yosys

    clean, plain = source.with_suffix(".clean.il"), source.with_suffix(".plain.il")
    # Plain assigns instead of `always @*`: Icarus never evaluates those without an event.
    _run(
        yosys,
        f'read_rtlil "{source}"',
        # Registers that need a value have a reset; memories are read only where they were written.
        "setattr -unset init w:*",
        "delete t:$meminit_v2",
        # A switch over constants stays logic: a table would be set in an `initial` block.
        "proc -norom",
        "pmuxtree",
        "opt_expr",
        "opt_merge",
        "opt_clean -purge",
        "memory_collect",
        "opt_clean -purge",
        f'write_rtlil "{clean}"',
    )
    plain.write_text(plain_names(clean.read_text()))
    _run(yosys, f'read_rtlil "{plain}"', f'write_verilog -noattr "{target}"')
    target.write_text(without_collisions(target.read_text()))


def _run(yosys: object, *commands: str) -> None:
    design = yosys.Design()  # type: ignore[attr-defined]
    for command in commands:
        yosys.run_pass(command, design)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
