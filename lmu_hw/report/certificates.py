# SPDX-License-Identifier: Apache-2.0
"""Putting what is proved beside what was measured, node by node."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import assert_never

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import Role
from lmu_hw.measure.certified import MemoryReport, RangeReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.measure.rounding import rounded
from lmu_hw.network import INPUT, AnyNode, QuantizedNetwork, Rectifier, Table, activation_of
from lmu_hw.proofs import Causes, ErrorBound, MemoryProof, NodeRange, Summary
from lmu_hw.proofs.linear_form import largest_error

__all__ = ["FED_BACK", "with_certificates"]

FED_BACK = "it is computed from what it feeds back into, so no bound holds for all inputs"
_FUNCTION = "no bound passes through a function before it"
_READ = "its states are not compared with float: what is read of it is"
_WHILE_INSIDE = "while nothing leaves its format with a loss"


def with_certificates(
    report: Report, network: QuantizedNetwork, summary: Summary, *, where: Path
) -> Report:
    """Return a report with the certificates of its network.

    Parameters
    ----------
    report : Report
        From `measure`.
    network : QuantizedNetwork
        That was measured.
    summary : Summary
        Of the certificates that were written beside it.
    where : Path
        Of the folder, for messages.

    Raises
    ------
    LoadError
        If the certificates are of another network.
    """
    names = {node.name for node in network.nodes}
    proofs = {proof.name: proof for proof in summary.memories}
    proved_names = {node.name.partition(" ")[0] for node in summary.nodes}  # or inside a memory
    if proved_names != names or set(proofs) != {memory.name for memory in report.memories}:
        raise _other(where)
    signals = tuple(_signal(entry, network, summary, where) for entry in report.signals)
    memories = tuple(
        _memory(memory, proofs[memory.name], summary, where) for memory in report.memories
    )
    return dataclasses.replace(
        report, signals=signals, memories=memories, certified_steps=summary.steps
    )


def _memory(
    memory: MemoryReport, proof: MemoryProof, summary: Summary, where: Path
) -> MemoryReport:
    """Return a memory with what is proved of it and of what reads it."""
    proofs = {
        (entry.name, entry.delayed): entry
        for entry in summary.readouts
        if entry.memory == memory.name
    }
    if set(proofs) != {(readout.name, readout.delayed) for readout in memory.readouts}:
        raise _other(where)
    readouts = []
    for readout in memory.readouts:
        entry = proofs[readout.name, readout.delayed]
        if len(entry.error) != len(readout.max_error):
            raise _other(where)
        readouts.append(dataclasses.replace(readout, proof=entry))
    return dataclasses.replace(memory, proof=proof, readouts=tuple(readouts))


def _other(where: Path) -> LoadError:
    return LoadError(
        f"{where}: the certificate describes another design than design.safetensors; generate the "
        "design again"
    )


def _signal(
    signal: SignalReport, network: QuantizedNetwork, summary: Summary, where: Path
) -> SignalReport:
    if signal.name == INPUT:
        error, note = _of_input(signal, network.input), _WHILE_INSIDE
        return dataclasses.replace(signal, certified=error, certified_note=note)
    node = next(node for node in network.nodes if signal.name in _names(node))
    error = summary.error_of(signal.name)
    certified = None if error is None else _error(signal, error, where)
    reach = next(entry for entry in summary.nodes if entry.name == node.name)
    return dataclasses.replace(
        signal,
        range=_range(signal, node, reach),
        certified=certified,
        certified_note=_note(certified, node, network),
    )


def _names(node: AnyNode) -> tuple[str, ...]:
    """Return the names of a node's signals."""
    return (node.name,) if node.pre_activation is None else (node.pre_activation, node.name)


def _of_input(signal: SignalReport, requant: Requant) -> ErrorBound:
    """Return the bound of an input that stays inside its format: its rounding alone."""
    rounding = (largest_error(requant.rounding),) * signal.elements
    nothing = (0.0,) * signal.elements
    causes = Causes(coefficients=nothing, rounding=rounding, input=nothing)
    return ErrorBound(total=rounding, within=rounding, by_cause=causes)


def _range(signal: SignalReport, node: AnyNode, reach: NodeRange) -> RangeReport:
    fmt, function = node.requant.format, activation_of(node) if signal.name == node.name else None
    match function:
        case None:
            how = "gain" if reach.by_gain else "formats"
            return _reach(reach.bound, reach.limit, fmt, proved=reach.proved, how=how)
        case Table():
            bound, fmt = int(np.abs(function.codes.codes).max()), function.format
            return _reach(bound, fmt.max_code, fmt, proved=True, how="table")
        case Rectifier():  # it clamps
            bound = min(reach.bound, reach.limit)
            return _reach(bound, reach.limit, fmt, proved=True, how="formats")
    assert_never(function)


def _reach(bound: int, limit: int, fmt: FixedFormat, *, proved: bool, how: str) -> RangeReport:
    return RangeReport(
        bound=rounded(bound * fmt.ulp) or 0.0,
        limit=rounded(limit * fmt.ulp) or 0.0,
        proved=proved,
        how=how,
    )


def _error(signal: SignalReport, error: ErrorBound, where: Path) -> ErrorBound:
    """Return a bound in ulp."""
    if len(error.total) != signal.elements:
        raise _other(where)
    ulp = FixedFormat.parse(signal.format).ulp
    return error.each(lambda values: tuple(rounded(v / ulp) or 0.0 for v in values))


def _note(certified: ErrorBound | None, node: AnyNode, network: QuantizedNetwork) -> str:
    """Say what a bound depends on, or why there is none."""
    if certified is not None:
        return _WHILE_INSIDE
    if node.role is Role.MEMORY:
        return _READ
    upstream = network.nodes[: network.nodes.index(node) + 1]
    return FED_BACK if any(map(_fed_back, upstream)) else _FUNCTION


def _fed_back(node: AnyNode) -> bool:
    """Say whether a node, no memory, reads something of the step before."""
    return node.role is not Role.MEMORY and any(read.delayed for read in node.reads)
