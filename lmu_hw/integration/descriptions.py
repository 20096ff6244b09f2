# SPDX-License-Identifier: Apache-2.0
"""The top for tools that put designs together: IP-XACT, LiteX."""

from __future__ import annotations

import re

from lmu_hw.integration.ports import Port, ports_of
from lmu_hw.integration.render import render
from lmu_hw.integration.subject import Subject
from lmu_hw.network import Packet

__all__ = ["ipxact", "litex"]

_BUS = re.compile(r"s_axi_(aw|ar|w|r|b)(\w+)")
"""A channel of AXI4-Lite, and a signal of it."""


def ipxact(subject: Subject) -> dict[str, str]:
    """Return ports, streams and files of the top as IP-XACT."""
    ports = ports_of(subject.plan)
    text = render("ipxact.xml.j2", name=subject.name, ports=ports, files=subject.rtl)
    return {f"ipxact/{subject.name}.xml": text}


def litex(subject: Subject) -> dict[str, str]:
    """Return a module of LiteX around the top."""
    name, plan = subject.name, subject.plan
    text = render(
        "litex.py.j2",
        name=name,
        class_name=name[0].upper() + name[1:],
        packet=plan.source,
        sink=_layout(plan.source),
        source=_layout(plan.answer),
        arguments=[_argument(port) for port in ports_of(plan)],
        address_bits=next((p.width for p in ports_of(plan) if p.name == "s_axi_awaddr"), None),
    )
    return {f"litex/{name}.py": text}


def _layout(packet: Packet) -> str:
    """Return what an endpoint carries beside valid, ready, first and last."""
    fields = [("data", packet.width)]
    if not packet.whole:
        fields.append(("keep", packet.bytes))
    if packet.marks:
        fields.append(("user", 1))
    return repr(fields).replace("'", '"')


def _argument(port: Port) -> str:
    """Return what connects a port of the instance; inputs of neither stream nor bus are 0."""
    domain = {"clk": "ClockSignal()", "rst": "ResetSignal()"}
    side, _, rest = port.name.rpartition("_axis_")
    bus = _BUS.fullmatch(port.name)
    if port.name in domain:
        signal = domain[port.name]
    elif bus:
        signal = f"self.bus.{bus[1]}.{bus[2]}"
    elif side and rest.startswith("t"):
        signal = f"self.{'sink' if side == 's' else 'source'}.{rest[1:]}"
    else:
        signal = f"self.{rest}" if side else "0"
    return f"{'o' if port.output else 'i'}_{port.name}={signal}"
