# SPDX-License-Identifier: Apache-2.0
"""IP-XACT and LiteX know every port, and every part of the streams."""

from __future__ import annotations

import ast
import xml.etree.ElementTree as xml
from dataclasses import replace

import pytest

from lmu_hw.integration.descriptions import ipxact, litex
from lmu_hw.integration.ports import ports_of
from tests.integration.designs import subject

_SPACE = {"x": "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"}
WIDTHS = ["vector", 8]


@pytest.mark.parametrize("width", WIDTHS)
def test_ipxact_has_every_port_with_its_width(width):
    made = subject(width=width)
    root = xml.fromstring(ipxact(made)["ipxact/tiny.xml"])
    found = []
    for port in root.findall(".//x:model/x:ports/x:port", _SPACE):
        left = port.findtext(".//x:left", "0", _SPACE)
        out = port.findtext(".//x:direction", None, _SPACE) == "out"
        found.append((port.findtext("x:name", None, _SPACE), out, int(left) + 1))
    assert found == [(port.name, port.output, port.width) for port in ports_of(made.plan)]


@pytest.mark.parametrize("width", WIDTHS)
def test_ipxact_maps_every_part_of_both_streams(width):
    made = subject(width=width)
    root = xml.fromstring(ipxact(made)["ipxact/tiny.xml"])
    mapped = [e.text for e in root.findall(".//x:physicalPort/x:name", _SPACE)]
    parts = [port.name for port in ports_of(made.plan) if "_axis_t" in port.name]
    assert sorted(mapped) == sorted(["clk", "clk", *parts])


@pytest.mark.parametrize("width", WIDTHS)
def test_litex_connects_every_port(width):
    made = subject(width=width)
    tree = ast.parse(litex(made)["litex/tiny.py"])
    instance = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Instance"
    )
    expected = [f"{'o' if p.output else 'i'}_{p.name}" for p in ports_of(made.plan)]
    assert [keyword.arg for keyword in instance.keywords] == expected


def test_litex_has_a_bus_where_there_are_registers():
    made = subject(width=8)
    registered = replace(made, plan=replace(made.plan, registers=True))
    text = litex(registered)["litex/tiny.py"]
    assert "self.bus = axi.AXILiteInterface(" in text
    buses = [p.name for p in ports_of(registered.plan) if p.name.startswith("s_axi_")]
    assert len(buses) > 15
    assert all(f"_{name}=self.bus." in text for name in buses)
    assert "axi" not in litex(made)["litex/tiny.py"].replace("_axis_", "")
