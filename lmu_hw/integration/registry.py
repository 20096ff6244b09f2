# SPDX-License-Identifier: Apache-2.0
"""Every kind of file that is made for those who build a design into something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lmu_hw.integration.boards import boards
from lmu_hw.integration.descriptions import ipxact, litex
from lmu_hw.integration.driver import driver
from lmu_hw.integration.projects import constraints, core_file, instance, scripts
from lmu_hw.integration.readme import readme
from lmu_hw.integration.registers import register_files
from lmu_hw.integration.sources import source_list
from lmu_hw.integration.subject import Subject
from lmu_hw.integration.testbench import testbench, testbench_scripts
from lmu_hw.integration.waves import waves

__all__ = ["KINDS", "Kind", "integration_files", "integration_patterns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Files that one function makes.

    Attributes
    ----------
    patterns : tuple of str
        Names in the folder, as `pathlib.Path.glob` reads them; ``{name}`` is that of the design.
    words : str
        What they are.
    make : callable
        Returns the files of a design by name in the folder; none if it needs none.
    """

    patterns: tuple[str, ...]
    words: str
    make: Callable[[Subject], Mapping[str, str | bytes]]


KINDS = (
    Kind(
        patterns=("rtl/files.f",),
        words="the Verilog files for -F of simulators, or for -f of those that run in `rtl/`",
        make=source_list,
    ),
    Kind(patterns=("rtl/{name}.vh",), words="an instance, to copy or include", make=instance),
    Kind(
        patterns=("driver/{name}.h", "driver/{name}.c"),
        words="a driver in C99: values to codes and back, packets, registers",
        make=driver,
    ),
    Kind(
        patterns=("registers/{name}.rdl",),
        words="the registers in SystemRDL, of which PeakRDL makes C, IP-XACT, UVM and HTML",
        make=register_files,
    ),
    Kind(
        patterns=("testbench/{name}_*", "testbench/files.f"),
        words="a testbench in plain Verilog, and its vectors",
        make=testbench,
    ),
    Kind(
        patterns=("testbench/*.sh",),
        words="runs it; `+dump` writes `NAME.vcd`",
        make=testbench_scripts,
    ),
    Kind(
        patterns=("waves/{name}.gtkw",),
        words="shows codes in the dump as values in GTKWave",
        make=waves,
    ),
    Kind(
        patterns=("constraints/{name}.sdc", "constraints/{name}.xdc"),
        words="the clock",
        make=constraints,
    ),
    Kind(
        patterns=("scripts/vivado.tcl", "scripts/ecp5.sh"),
        words="area and clock of the design on its own: Vivado; Yosys and nextpnr",
        make=scripts,
    ),
    Kind(
        patterns=("boards/*",),
        words="the design behind UART on an iCEBreaker and a ULX3S: Verilog around it, pins, and a "
        "script that makes the bitstream",
        make=boards,
    ),
    Kind(
        patterns=("{name}.core",),
        words="a core of FuseSoC, with a target that runs the testbench",
        make=core_file,
    ),
    Kind(patterns=("ipxact/{name}.xml",), words="ports and streams as IP-XACT", make=ipxact),
    Kind(patterns=("litex/{name}.py",), words="a module of LiteX", make=litex),
)
_README = "README.md"


def integration_files(subject: Subject) -> dict[str, bytes]:
    """Return all files of a design but those that it is made of, by name in its folder.

    The same design and plan give the same bytes: no dates, no paths.
    """
    made = [kind.make(subject) for kind in KINDS]
    words = {kind.patterns: kind.words for kind, files in zip(KINDS, made, strict=True) if files}
    return {
        name: content.encode() if isinstance(content, str) else content
        for files in (*made, readme(subject, words))
        for name, content in files.items()
    }


def integration_patterns(name: str) -> tuple[str, ...]:
    """Return what matches the names of all files that are made for a design of that name."""
    patterns = (pattern for kind in KINDS for pattern in kind.patterns)
    return (_README, *(pattern.format(name=name) for pattern in patterns))
