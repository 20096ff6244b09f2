# SPDX-License-Identifier: Apache-2.0
"""The control of emitted Verilog: it keeps the rules of its ports and loses no vector, ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lmu_hw.hdl import emit_verilog
from lmu_hw.hdl.assertions import MACRO, blocks
from lmu_hw.hdl.checkers import CHECKERS
from lmu_hw.hdl.ports import instance_name
from lmu_hw.hdl.verilog import core_name
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.prove.claims import Lemma, Part, Status
from lmu_hw.prove.control.abc import holds_always
from lmu_hw.prove.control.circuit import Circuit, leaves, read_circuit
from lmu_hw.prove.control.lemmas import ControlLemma, lemmas_of
from lmu_hw.prove.control.reach import reach
from lmu_hw.prove.control.registers import prove_registers
from lmu_hw.prove.control.search import find_violation
from lmu_hw.prove.control.trace import Trace, replay
from lmu_hw.prove.deadline import OutOfTime, left

__all__ = ["ControlProof", "prove_control"]

_SECONDS = 120.0  # for a lemma, and for the search
_OFFER = tuple(f"check_offer.{name}" for name in CHECKERS["offer"].properties)
_INTAKE = tuple(f"check_intake.{name}" for name in CHECKERS["intake"].properties)
# Ports of the top, and the wires of checkers that must be they.
_WATCHED = {
    "s_axis_tready": "check_intake.ready",
    "m_axis_tvalid": "check_offer.valid",
    "m_axis_tready": "check_offer.ready",
    "rst": "check_offer.rst",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlProof:
    """What was shown of the control of a design.

    Attributes
    ----------
    lemmas : tuple of Lemma
    bench : str
        Verilog that plays a run in which a property fails; empty: none was found.
    """

    lemmas: tuple[Lemma, ...]
    bench: str = ""


def prove_control(
    files: Mapping[str, bytes],
    network: QuantizedNetwork,
    plan: Plan,
    *,
    seconds: float = _SECONDS,
    tell: Callable[[str], None] = lambda text: None,
) -> ControlProof:
    """Show what the checkers assert, in every cycle after a reset, for all inputs and contents.

    If a lemma fails, runs of the whole design are searched for a cycle in which a property fails:
    it may be that it only fails where the part that was looked at cannot get.

    Parameters
    ----------
    files : mapping of name to content
        Verilog and ROM contents.
    network : QuantizedNetwork
    plan : Plan
    seconds : float
        Time after which a lemma is given up, and the search; none takes more than is left.
    tell : callable
        Told what is being done.

    Raises
    ------
    ToolError
        If Yosys does not read the Verilog.
    """
    tell(f"reading the control of {network.name}")
    core = core_name(network, plan)
    circuit = read_circuit(files, core)
    text = files[f"{network.name}.v"].decode(errors="replace")
    lemmas = [_watched(circuit, text, network, plan), _paths(circuit)]
    tell("control: the rules of AXI4-Stream")
    lemmas.append(_rules(circuit, min(seconds, left())))
    controls = _controls(plan)
    parts = [_run(circuit, control, min(seconds, left()), tell) for control in controls]
    lemmas += _without_missing(controls, parts)
    around = prove_registers(files, network, seconds=seconds, tell=tell) if plan.registers else []
    if all(lemma.shown for lemma in lemmas) or not left():
        return ControlProof(lemmas=(*lemmas, *around))
    tell("control: looking for a run in which a property fails")
    targets = [wire for control in controls for wire in control.targets]
    trace = find_violation(
        circuit,
        [*_OFFER, *_INTAKE, *dict.fromkeys(targets)],
        in_reset=[*_OFFER, *_INTAKE],
        cycles=4 * max(layer.cycles(last_step=True) for layer in plan.layers) + 1000,
        seconds=min(seconds, left()),
    )
    if trace is None:
        return ControlProof(lemmas=(*lemmas, *around))
    owners = [(), (), (*_OFFER, *_INTAKE), *(control.targets for control in controls)]
    refuted = [_refuted(lemma, wires, trace) for lemma, wires in zip(lemmas, owners, strict=True)]
    return ControlProof(lemmas=(*refuted, *around), bench=replay(core, trace))


def _controls(plan: Plan) -> list[ControlLemma]:
    """Return what is shown by running states; of several streams, nothing."""
    if plan.stream.streams > 1:
        return []
    return lemmas_of(
        [instance_name(layer) for layer in plan.layers],
        [[node.role.value for node in layer.layer.structured] for layer in plan.layers],
        packets=plan.stream.packets,
    )


def _lemma(claim: str, *, shown: bool, detail: str) -> Lemma:
    status = Status.SHOWN if shown else Status.NOT_SHOWN
    return Lemma(part=Part.CONTROL, claim=claim, status=status, detail=detail)


def _watched(circuit: Circuit, text: str, network: QuantizedNetwork, plan: Plan) -> Lemma:
    """Show that the file's checkers are those of the design, and see its ports."""
    expected = emit_verilog(network, plan, digest="0" * 64)[f"{network.name}.v"]
    # What is read with the macro is the design without it, but for the checkers.
    same = blocks(text) == blocks(expected) and text.count(MACRO) == expected.count(MACRO)
    seen = all(
        circuit.nets.get(port) == circuit.nets.get(wire) is not None
        for port, wire in _WATCHED.items()
    )
    payload = [f"m_axis_{name}" for name in ("tdata", "tlast", "tkeep", "tuser", "tid")]
    seen &= circuit.nets.get("check_offer.payload") == [
        bit for port in payload for bit in circuit.nets.get(port, [])
    ]
    detail = "" if same else "the checkers in the file are not those of this version"
    detail = detail if seen else "a checker does not see the port that it should see"
    claim = "the checkers in the Verilog are those of the plan, and see its ports"
    return _lemma(claim, shown=same and seen, detail=detail)


def _paths(circuit: Circuit) -> Lemma:
    """Show that outputs follow from registers and the reset alone."""
    outputs = [*circuit.nets["check_intake.ready"], *circuit.nets["check_offer.valid"]]
    outputs += [*circuit.nets["check_offer.payload"], *circuit.nets.get("s_axis_malformed", [])]
    free = leaves(circuit, outputs) - {circuit.reset}
    names = sorted({circuit.inputs.get(bit, "a memory") for bit in free})
    claim = "no output depends on an input but rst within a cycle, s_axis_tready included"
    detail = f"there are paths from {', '.join(names)}" if names else ""
    return _lemma(claim, shown=not free, detail=detail)


def _rules(circuit: Circuit, seconds: float) -> Lemma:
    claim = "an answer that is offered stays until it is taken, and nothing is handed over in reset"
    if not seconds:
        return _lemma(claim, shown=False, detail=str(OutOfTime()))
    shown = holds_always(circuit, (*_OFFER, *_INTAKE), seconds=seconds)
    detail = "by PDR" if shown else f"not decided by PDR in {seconds:g} s, or it does not hold"
    return _lemma(claim, shown=shown, detail=detail)


def _run(
    circuit: Circuit, control: ControlLemma, seconds: float, tell: Callable[[str], None]
) -> Lemma:
    """Show a lemma by running all states of its part."""
    tell(f"control: {control.claim}")
    if not seconds:
        return _lemma(control.claim, shown=False, detail=str(OutOfTime()))
    reached = reach(
        circuit,
        control.targets,
        assumed=control.assumed,
        before=control.before,
        cut=control.cut,
        seconds=seconds,
        tell=lambda states: tell(f"control: {control.claim}: {states} states"),
    )
    detail = f"{len(control.targets)} properties in {reached.states} states"
    if reached.violated:
        detail = f"{', '.join(reached.violated)} can fail, seen from this part alone"
    elif reached.unfinished:
        detail = reached.unfinished
    shown = not reached.violated and not reached.unfinished
    return _lemma(control.claim, shown=shown, detail=detail)


def _without_missing(controls: Sequence[ControlLemma], lemmas: list[Lemma]) -> list[Lemma]:
    """Take back what rests on properties that were not shown, and what rests on that."""
    while True:
        pairs = list(zip(controls, lemmas, strict=True))
        missing = {
            wire for control, lemma in pairs if not lemma.shown for wire in control.targets
        } - {wire for control, lemma in pairs if lemma.shown for wire in control.targets}
        resting = [
            lemma.shown and bool(missing & {*control.assumed, *control.before})
            for control, lemma in pairs
        ]
        if not any(resting):
            return lemmas
        detail = "rests on a lemma that is not shown"
        lemmas = [
            replace(lemma, status=Status.NOT_SHOWN, detail=detail) if rests else lemma
            for lemma, rests in zip(lemmas, resting, strict=True)
        ]


def _refuted(lemma: Lemma, wires: Sequence[str], trace: Trace) -> Lemma:
    """Add the counterexample to the lemma that has the property."""
    if trace.failed not in wires:
        return lemma
    found = f"{trace.failed} fails in cycle {len(trace.cycles)} of a run"
    return replace(lemma, status=Status.REFUTED, counterexample=found)
