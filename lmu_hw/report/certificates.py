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
from lmu_hw.measure.certified import RangeReport
from lmu_hw.measure.results import Report, SignalReport, rounded
from lmu_hw.network import INPUT, AnyNode, QuantizedNetwork, Rectifier, Table, activation_of
from lmu_hw.proofs import Causes, ErrorBound, NodeRange, Summary
from lmu_hw.proofs.linear_form import largest_error

__all__ = ["VACUOUS", "with_certificates"]

VACUOUS = "through a nonlinear layer it is vacuous, so read the prediction"
_IN_MEMORY = "its error is counted in the memory that hears it"
_PASSED = "it is the network's input, passed on"
_UNCERTIFIED = "only memories and what reads them linearly have one"
_CONDITIONAL = "u has none, so what is certified is the memory's own error given u"
_WHILE_INSIDE = "while no input leaves its format"


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
        dataclasses.replace(memory, proof=proofs[memory.name]) for memory in report.memories
    )
    return dataclasses.replace(report, signals=signals, memories=memories)


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
    error = summary.errors.get(signal.name)
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
    causes = Causes(coefficients=nothing, rounding=rounding, input=nothing, mismatch=nothing)
    return ErrorBound(conditional=False, total=rounding, by_cause=causes)


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
    """Return a bound in ulp, once for each of the memories that share it."""
    copies, rest = divmod(signal.elements, len(error.total))
    if rest:
        raise _other(where)
    ulp = FixedFormat.parse(signal.format).ulp
    return error.each(lambda values: tuple(rounded(v / ulp) or 0.0 for v in values) * copies)


def _note(certified: ErrorBound | None, node: AnyNode, network: QuantizedNetwork) -> str:
    """Say what a bound depends on, or why there is none."""
    if certified is not None:
        return _CONDITIONAL if certified.conditional else _WHILE_INSIDE
    if node.role is Role.ENCODED:
        return _IN_MEMORY
    upstream = network.nodes[: network.nodes.index(node) + 1]
    if any(earlier.function is not None for earlier in upstream):
        return VACUOUS
    return _PASSED if node.role is Role.PASSED_INPUT else _UNCERTIFIED
