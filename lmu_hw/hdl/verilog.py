# SPDX-License-Identifier: Apache-2.0
"""Deterministic Verilog: the same design gives the same bytes, with no dates and no paths."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Fragment, Value
from amaranth.lib.wiring import Component

from lmu_hw.errors import ToolError
from lmu_hw.garbage import rare_collections
from lmu_hw.hdl.assertions import checker_modules, guarded
from lmu_hw.hdl.comments import commented, packed_words, purposes
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.hdl.registers.top import RegisteredTop
from lmu_hw.hdl.reload import AddressMap
from lmu_hw.hdl.roms import rom_files, rom_modules
from lmu_hw.hdl.storage import RomFiles
from lmu_hw.hdl.top import NetworkTop
from lmu_hw.network import QuantizedNetwork, has_feedback
from lmu_hw.plan import Plan

__all__ = ["component_verilog", "core_name", "emit_verilog"]

_CONVERTER = Path(__file__).with_name("_yosys.py")
_LINT_OFF = {
    "WIDTH": "an operand is as wide as its format; sums are cut where their range is known",
    "UNOPTFLAT": "bits of one word are computed from other bits of it",
    "DECLFILENAME": "all modules are in one file",
    "UNUSEDSIGNAL": "of some words and sums not all bits are read",
    "PROCASSINIT": "what has a value at power-up is written later, too",
    "CASEOVERLAP": "choices are written as cases of which the first one counts",
}
"""What generated expressions do on purpose, for Verilator; everything else stays reported."""


def emit_verilog(network: QuantizedNetwork, plan: Plan, *, digest: str) -> dict[str, str]:
    """Return the files of a design: ``name.v`` and the hexadecimal contents of its ROMs.

    Parameters
    ----------
    network : QuantizedNetwork
    plan : Plan
    digest : str
        SHA-256 of the quantized network, for the header.

    Returns
    -------
    dict of file name to text

    Raises
    ------
    ToolError
        If Yosys fails.
    """
    header = _header(network, plan, digest)
    tops: dict[str, Component] = {core_name(network, plan): NetworkTop(plan)}
    if plan.registers:
        registers = register_map(plan, digest)
        top = RegisteredTop(plan, registers, core_name(network, plan))
        tops = {network.name: top, **tops}
    return _files(tops, name=network.name, header=header)


def core_name(network: QuantizedNetwork, plan: Plan) -> str:
    """Return the name of the module that is the network, whatever is around it."""
    return f"{network.name}__core" if plan.registers else network.name


def component_verilog(component: Component, *, name: str, header: list[str]) -> dict[str, str]:
    """Return the files of a component: ``name.v`` below a header, and the contents of its ROMs.

    Raises
    ------
    ToolError
        If Yosys fails.
    """
    return _files({name: component}, name=name, header=header)


def _files(tops: dict[str, Component], *, name: str, header: list[str]) -> dict[str, str]:
    """Return the files of components by the names of their modules, the outermost one first."""
    roms = RomFiles(name)
    bodies = [_body(component, module, roms) for module, component in tops.items()]
    before = ["", "`timescale 1ns/1ps", "", "// verilator lint_save"]
    before += [f"// verilator lint_off {rule}\n//   {reason}" for rule, reason in _LINT_OFF.items()]
    modules = [*rom_modules(roms), *checker_modules(roms)]
    after = ["// verilator lint_restore", ""]
    text = "\n".join([*header, *before, "", "\n\n".join(bodies), "", *modules, *after])
    return {f"{name}.v": text, **rom_files(roms)}


@rare_collections()
def _body(component: Component, module: str, roms: RomFiles) -> str:
    """Return the Verilog of a component and of all that is in it."""
    fragment = Fragment.get(component, roms)
    ports = [Value.cast(port) for _, _, port in component.signature.flatten(component)]
    source = rtlil.convert(fragment, ports=ports, name=module, emit_src=False)
    with tempfile.TemporaryDirectory() as folder:
        il, verilog = Path(folder) / "design.il", Path(folder) / "design.v"
        il.write_text(source)
        # By its path: it needs nothing of the package. -P: nor of the modules that lie beside it.
        command = [sys.executable, "-P", str(_CONVERTER), str(il), str(verilog)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode or not verilog.exists():
            raise ToolError(f"Yosys must turn the design into Verilog, but failed: {run.stderr}")
        # The first line names the version and the build of Yosys.
        text = guarded(verilog.read_text().split("\n", 1)[1].strip("\n"), roms).rstrip()
    return commented(text, purposes(fragment, module), packed_words(source))


def _header(network: QuantizedNetwork, plan: Plan, digest: str) -> list[str]:
    """Return the comment on top of the file."""
    lines = [
        f"// {network.name}: a Legendre Memory Unit network, generated by lmu_hw. Do not edit.",
        f"// model  sha256 {network.model_digest}",
        f"// design sha256 {digest}",
        f"// {plan.lanes} multipliers; {plan.cycles(last_step=False)} cycles per time step, "
        f"{plan.cycles(last_step=True)} for the last step of a sequence",
        f"// input  {network.inputs} x {network.input.format}, times {network.input_scale}",
        f"// output {network.output.size} x {network.output.format}",
        *_coefficients(AddressMap(plan)),
        "//",
        "// node, elements, format of the code, rounding and overflow of the sum:",
    ]
    for layer in plan.layers:
        for node in layer.layer.nodes:
            signal = node.signal
            lines.append(
                f"//   {node.name}: {signal.size} x {signal.format}; "
                f"{node.requant.rounding.value}, {node.requant.overflow.value}"
                f"{', error feedback' if has_feedback(node) else ''}"
            )
    return lines


def _coefficients(addresses: AddressMap) -> list[str]:
    """Return the lines that say where coefficients are written."""
    if not any(layer.writable for layer in addresses.plan.layers):
        return [
            f"// coefficients of {block.title}: address {addresses.first_address(number)} + state, "
            "run time"
            for number, block in enumerate(addresses.blocks)
        ]
    place = "word"
    if addresses.part_bits:
        place = f"{1 << addresses.part_bits} * word + part"
    return [
        f"// {block.title}: {block.depth} words of {block.width} bits, coefficient address "
        f"{addresses.first_address(number)} + {place}"
        for number, block in enumerate(addresses.blocks)
    ]
