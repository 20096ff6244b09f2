# SPDX-License-Identifier: Apache-2.0
"""The map of registers in SystemRDL, as others read it, and in the docs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from peakrdl_ipxact import IPXACTExporter
from systemrdl import RDLCompiler

from lmu_hw.hdl.registers.map import Access, register_map
from lmu_hw.integration.registers import register_files, register_table
from tests import registered
from tests.integration.designs import subject

DOCS = Path(__file__).parents[2] / "docs" / "registers.md"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Return a design with registers, and what a compiler makes of its SystemRDL."""
    compiler = RDLCompiler()
    plain = subject()
    made = replace(plain, plan=replace(plain.plan, registers=True, state_access=True))
    ((name, text),) = register_files(made).items()
    path = tmp_path_factory.mktemp("registers") / Path(name).name
    path.write_text(text)
    compiler.compile_file(str(path))
    return made, compiler.elaborate()


def test_a_compiler_of_system_rdl_reads_the_same_map(compiled):
    made, root = compiled
    registers = register_map(made.plan, made.design.digest)
    nodes = list(root.top.registers())
    assert [node.inst_name for node in nodes] == list(registers.names)
    for node, register in zip(nodes, registers.registers, strict=True):
        assert node.address_offset == register.offset
        for seen, field in zip(node.fields(), register.fields, strict=True):
            assert (seen.inst_name, seen.low, seen.width) == (field.name, field.low, field.bits)
            assert seen.get_property("reset") == field.reset
            assert seen.is_sw_readable == (
                field.access in (Access.READ, Access.STORE, Access.EXCHANGE)
            )
            assert seen.is_sw_writable == (field.access is not Access.READ)


def test_an_exporter_takes_it(compiled, tmp_path):
    made, root = compiled
    path = tmp_path / "map.xml"
    IPXACTExporter().export(root, str(path))
    names = re.findall(r"<ipxact:register>\s*<ipxact:name>(\w+)<", path.read_text())
    assert names == list(register_map(made.plan).names)


def test_a_design_without_registers_has_no_map():
    assert register_files(subject()) == {}


def test_the_docs_have_the_map():
    table = register_table(register_map(registered.small()[1]))
    assert table in DOCS.read_text(encoding="utf-8")
