# SPDX-License-Identifier: Apache-2.0
"""What is shown of the registers around a network, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lmu_hw.hdl.checkers import CHECKERS
from lmu_hw.network import QuantizedNetwork
from lmu_hw.prove.claims import Lemma, Part, Status
from lmu_hw.prove.control.abc import holds_always
from lmu_hw.prove.control.circuit import Circuit, leaves, read_circuit
from lmu_hw.prove.deadline import OutOfTime, left

__all__ = ["prove_registers"]

_BUS = {"check_axi_lite": "axi_lite", "check_offer_b": "offer", "check_offer_r": "offer"}
_GATE = {"check_gate": "gate"}
_OUTPUTS = ("awready", "wready", "bvalid", "arready", "rvalid")


def prove_registers(
    files: Mapping[str, bytes],
    network: QuantizedNetwork,
    *,
    seconds: float,
    tell: Callable[[str], None],
) -> list[Lemma]:
    """Show the rules of AXI4-Lite, and that the gate before the core takes nothing back.

    Parameters
    ----------
    files : mapping of name to content
        Verilog of a design with registers.
    network : QuantizedNetwork
    seconds : float
        Time after which a lemma is given up.
    tell : callable
        Told what is being done.

    Raises
    ------
    ToolError
        If Yosys does not read the Verilog.
    """
    tell("control: the rules of AXI4-Lite")
    bus = read_circuit(files, f"{network.name}__registers_bus")
    gate = read_circuit(files, f"{network.name}__gate")
    return [
        _held(
            *(bus, _BUS, seconds),
            claim="AXI4-Lite: each request is answered once, and what is offered stays until it is "
            "taken",
        ),
        _paths(bus),
        _held(
            *(gate, _GATE, seconds),
            claim="the gate takes back nothing that it offers, and clears only what is empty",
        ),
        Lemma(
            part=Part.CONTROL,
            claim="registers hold what their map says, and the gate passes vectors on unchanged",
            status=Status.NOT_SHOWN,
            detail="not tried: what is shown of words and time is shown of the core",
        ),
    ]


def _held(circuit: Circuit, checkers: Mapping[str, str], seconds: float, *, claim: str) -> Lemma:
    """Return what becomes of the properties of some checkers."""
    wires = [
        f"{place}.{name}" for place, kind in checkers.items() for name in CHECKERS[kind].properties
    ]
    time = min(seconds, left())
    shown = time > 0 and holds_always(circuit, wires, seconds=time)
    detail = f"{len(wires)} properties, by PDR"
    if not time:
        detail = str(OutOfTime())
    elif not shown:
        detail = f"not decided by PDR in {seconds:g} s, or it does not hold"
    status = Status.SHOWN if shown else Status.NOT_SHOWN
    return Lemma(part=Part.CONTROL, claim=claim, status=status, detail=detail)


def _paths(bus: Circuit) -> Lemma:
    """Show that nobody's answer of AXI4-Lite waits for what is asked in the same cycle."""
    outputs = [bit for name in _OUTPUTS for bit in bus.nets[f"check_axi_lite.{name}"]]
    outputs += [bit for place in "br" for bit in bus.nets[f"check_offer_{place}.payload"]]
    free = leaves(bus, outputs) - {bus.reset}
    names = sorted({bus.inputs.get(bit, "a memory") for bit in free})
    return Lemma(
        part=Part.CONTROL,
        claim="AXI4-Lite: no output depends on an input but rst within a cycle",
        status=Status.NOT_SHOWN if free else Status.SHOWN,
        detail=f"there are paths from {', '.join(names)}" if free else "",
    )
