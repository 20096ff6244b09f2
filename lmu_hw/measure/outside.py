# SPDX-License-Identifier: Apache-2.0
"""What a run of the golden model left its formats by, and what it is longer than, in sentences."""

from __future__ import annotations

from typing import assert_never

from lmu_hw.design import Design
from lmu_hw.fixed import Overflow, Requant
from lmu_hw.golden import Overflows
from lmu_hw.lmu import DenseLayer, LmuLayer, RecurrentLayer
from lmu_hw.measure.signals import probes
from lmu_hw.measure.words import listed, times
from lmu_hw.network import INPUT, QuantizedNetwork
from lmu_hw.sequences import Sequences

__all__ = ["clipped", "longer", "outside"]

_SMALL = 1e-3
"""Relative error of responses that is not worth a word."""

_SETTLED = 4.0
"""Windows after which what a memory has heard before is forgotten."""


def clipped(requant: Requant, count: int, inputs: int) -> str:
    """Say how many inputs lay outside the input format."""
    fmt, done = requant.format, _done(requant)
    return (
        f"{count:,} of {inputs:,} inputs ({100 * count / inputs:.3g} %) lay outside the input "
        f"format {fmt.notation()} and {done}"
    )


def outside(network: QuantizedNetwork, overflows: Overflows, clips: int, x: Sequences) -> list[str]:
    """Return what left its format in a run: inputs, nodes that lost something, and the others.

    Parameters
    ----------
    network : QuantizedNetwork
    overflows : Overflows
    clips : int
        Inputs outside the input format.
    x : Sequences
        The input.
    """
    found, harmless = [], []
    if clips:
        found.append(clipped(network.input, clips, x.total * network.inputs))
    counted = {probe.counter: probe for probe in probes(network) if probe.counter != INPUT}
    for node in network.nodes:
        count, probe = overflows.get(node.name, 0), counted[node.name]
        if not count:
            continue
        lost = (node.name in overflows.low and not probe.flat_below) or (
            node.name in overflows.high and not probe.flat_above
        )
        if node.requant.overflow is Overflow.SATURATE and not lost:
            harmless.append(node.name)
            continue
        samples = (len(x) if node.last_only else x.total) * node.signal.size
        share = f"{100 * count / samples:.3g} %"
        found.append(f"{node.name} {_done(node.requant)} {times(count)} ({share})")
    if not found:
        found.append("no input and no node left its format with loss")
    if harmless:
        found.append(f"clamped where the activation is constant, without loss: {listed(harmless)}")
    return found


def longer(design: Design, steps: int) -> list[str]:
    """Return what sequences of that many steps are longer than, if that may matter.

    Ranges come from the calibration data; those of sequences of four windows are those of longer
    ones. A refit may be further off after its horizon than before it.
    """
    notes = []
    seen = design.calibration.longest
    if steps > seen and not _settled(design, seen):
        notes.append(
            f"sequences of {steps:,} steps are longer than those of {seen:,} that ranges were "
            "taken from: signals may reach what none of those did"
        )
    for refit in design.refits:
        if steps > refit.horizon and refit.beyond > max(refit.residual, _SMALL):
            notes.append(
                f"sequences of {steps:,} steps are longer than the horizon of {refit.horizon:,} "
                f"over which what reads {refit.memory} is fitted: its responses are off by "
                f"{100 * refit.residual:.2g} % up to there, and by {100 * refit.beyond:.2g} % after"
            )
    return notes


def _settled(design: Design, steps: int) -> bool:
    """Say whether sequences of that many steps show all that a network does."""
    for layer in design.reference.layers:
        match layer:
            case DenseLayer():
                continue
            case RecurrentLayer():
                return False  # it may remember for ever
            case LmuLayer():
                theta = layer.memory.theta
                if theta is None or steps < _SETTLED * theta:
                    return False
            case _:
                assert_never(layer)
    return True


def _done(requant: Requant) -> str:
    match requant.overflow:
        case Overflow.WRAP:
            return "wrapped"
        case Overflow.SATURATE:
            return "saturated"
        case Overflow.FORBID:
            return "was refused"
    assert_never(requant.overflow)
