# SPDX-License-Identifier: Apache-2.0
"""What narrowings under error feedback drop: kept for the totals of the next step."""

from __future__ import annotations

from typing import Any, NamedTuple

from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import data

from lmu_hw.hdl.multiples import times
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.hdl.writes import is_row
from lmu_hw.network import Node
from lmu_hw.plan import LayerPlan, Storage

__all__ = ["ResidueStep", "add_residues", "residue_rams"]


class ResidueStep(NamedTuple):
    """The step that residues are read of.

    Attributes
    ----------
    first : Value
        There is none before it, in a1.
    read_page, write_page : Value or None
        Its stream, where they are read and where they are written, if there are several.
    """

    first: Value
    read_page: Value | None = None
    write_page: Value | None = None


def residue_rams(plan: LayerPlan, *, accessible: bool) -> dict[str, VectorRam]:
    """Return the RAM of what the narrowings of each node under error feedback drop, by its name."""
    return {
        node.name: VectorRam(
            storage=Storage(
                segments=node.segments,
                length=node.rows,
                words=node.segments * -(-node.rows // plan.beat),
            ),
            pages=plan.streams,
            columns=plan.beat,
            beat=plan.beat,
            width=node.dropped_bits,
            accessible=accessible,
            streams=plan.streams,
        )
        for node in plan.layer.sums
        if node.error_feedback
    }


def add_residues(
    m: Module,
    plan: LayerPlan,
    rams: dict[str, VectorRam],
    stages: tuple[Any, Any, Any],
    totals: list[Signal],
    step: ResidueStep,
) -> list[Signal]:
    """Add the RAMs; return what was dropped one step before, in d0: nothing if there are none.

    Read beside the constants of the rows, written from the totals.

    Parameters
    ----------
    m : Module
    plan : LayerPlan
    rams : dict of str to VectorRam
        Of `residue_rams`.
    stages : tuple of Signal
        Of the output stage: a0, where words are addressed, a1, where they are there, and d2.
    totals : list of Signal
        In d2.
    step : ResidueStep
    """
    if not rams:
        return []
    a1 = stages[1]
    nodes = [node for node in plan.layer.sums if node.error_feedback]
    width = max(node.dropped_bits for node in nodes)
    d0_residues = [
        Signal(width, name=f"d0_residue_{lane}", reset_less=True) for lane in range(plan.beat)
    ]
    with m.If(a1.valid):
        m.d.sync += [residue.eq(0) for residue in d0_residues]
    for node in nodes:
        index, ram = plan.layer.nodes.index(node), rams[node.name]
        m.submodules[f"{node.role.value}_residues"] = ram
        _connect(m, plan, node, ram, stages, totals)
        if step.read_page is not None:
            m.d.comb += [ram.read_page.eq(step.read_page), ram.write_page.eq(step.write_page)]
        # Not cleared at the end of a sequence: masked during its first step, like the states.
        stored = data.View(data.ArrayLayout(unsigned(node.dropped_bits), plan.beat), ram.read_data)
        with m.If(a1.valid & (a1.node == index) & ~step.first):
            m.d.sync += [d0_residues[lane].eq(stored[lane]) for lane in range(plan.beat)]
    return d0_residues


def _connect(
    m: Module,
    plan: LayerPlan,
    node: Node,
    ram: VectorRam,
    stages: tuple[Any, Any, Any],
    totals: list[Signal],
) -> None:
    """Read the residues of a beat of a node in a0, and write those of its totals in d2."""
    a0, _, d2 = stages
    of_node = d2.valid & (d2.node == plan.layer.nodes.index(node))
    m.d.comb += [
        ram.read_word.eq(times(a0.segment, -(-node.rows // plan.beat)) + a0.beat),
        ram.write_segment.eq(d2.segment),
        ram.write_beat.eq(d2.beat),
        ram.write_enable.eq(of_node & is_row(plan, node, d2.beat, 0)),
        ram.write_data.eq(Cat(total[: node.dropped_bits] for total in totals)),
    ]
