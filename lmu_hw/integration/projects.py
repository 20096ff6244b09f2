# SPDX-License-Identifier: Apache-2.0
"""What puts a design into a project: an instance, constraints, scripts, a core file."""

from __future__ import annotations

from lmu_hw.implement.script import FIND_TOOL
from lmu_hw.integration.clock import clock_of
from lmu_hw.integration.ports import ports_of
from lmu_hw.integration.render import render
from lmu_hw.integration.sources import path_macro
from lmu_hw.integration.subject import Subject

__all__ = ["constraints", "core_file", "instance", "scripts"]


def instance(subject: Subject) -> dict[str, str]:
    """Return an instance in Verilog, to copy or include."""
    name = subject.name
    text = render("instance.vh.j2", name=name, macro=path_macro(name), ports=ports_of(subject.plan))
    return {f"rtl/{name}.vh": text}


def constraints(subject: Subject) -> dict[str, str]:
    """Return the clock for tools that read SDC, and for Vivado."""
    text = render("clock.sdc.j2", name=subject.name, clock=clock_of(subject))
    return {f"constraints/{subject.name}.{kind}": text for kind in ("sdc", "xdc")}


def scripts(subject: Subject) -> dict[str, str]:
    """Return what implements the design on its own: Vivado, and Yosys with nextpnr."""
    values = {"name": subject.name, "clock": clock_of(subject)}
    return {
        "scripts/vivado.tcl": render("vivado.tcl.j2", **values),
        "scripts/ecp5.sh": render("ecp5.sh.j2", **values, find_tool=FIND_TOOL),
    }


def core_file(subject: Subject) -> dict[str, str]:
    """Return the design as a core of FuseSoC."""
    name = subject.name
    roms = [file for file in subject.rtl if file.endswith(".hex")]
    text = render("fusesoc.core.j2", name=name, vlnv=f"lmu_hw:design:{name}", roms=roms)
    return {f"{name}.core": text}
