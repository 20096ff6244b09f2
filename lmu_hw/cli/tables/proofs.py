# SPDX-License-Identifier: Apache-2.0
"""What is proved: of memories and what reads them, by a certificate, and of the Verilog."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType

from lmu_hw.cli.tables.titled import titled
from lmu_hw.design import Design
from lmu_hw.measure.words import count
from lmu_hw.proofs import Summary
from lmu_hw.prove.claims import Lemma
from lmu_verify import Verdict

__all__ = ["claims_table", "lemmas_table", "proofs_table"]


def proofs_table(design: Design, summary: Summary) -> RenderableType:
    """Return what is proved of the memories of a design, and what would be if it is not."""
    title, headings = "proved for all inputs and all time", ("Memory", "Format", "Overflow")
    table = titled(title, *headings, numbers=("Bound", "Limit", "Radius"))
    notes = []
    for proof in summary.memories:
        name = proof.name
        node = next(node for node in design.network.nodes if node.name == name)
        table.add_row(
            name,
            node.requant.format.notation(),
            "impossible" if proof.proved else node.requant.overflow.value,
            f"{proof.bound:.4f}",
            f"{proof.limit:.4f}",
            f"{proof.spectral_radius:.5f}",
        )
        notes += [f"{name}: {line}" for line in design.config.nodes[name].why if "provable" in line]
    parts = [*_readouts(design, summary), *_bounded(design, summary)] if summary.readouts else []
    return Group(table, *notes, *parts)


def _readouts(design: Design, summary: Summary) -> list[RenderableType]:
    """Return how far off is what reads the memories, and what that rests on."""
    title = "what reads the memories, off by at most, for the u that they hear"
    numbers = ("Full scale", "For all time", f"In {count(summary.steps)} steps", "Rounding")
    table = titled(title, "Read by", "Of", numbers=numbers)
    limits = {node.name: node.requant.format.max_value for node in design.network.nodes}
    for proof in summary.readouts:
        likely = proof.likely_rounding
        table.add_row(
            f"{proof.name} \\[t-1]" if proof.delayed else proof.name,
            proof.memory,
            f"{limits[proof.name]:.4g}",
            f"{max(proof.error):.2e}",
            f"{max(proof.error_within):.2e}",
            "" if likely is None else f"{max(likely):.2e}",
        )
    worst = ", ".join(f"{max(proof.rounding):.2e}" for proof in summary.readouts)
    return [
        table,
        "coefficients, discretization and weights, for all inputs; rounding comes in addition: it "
        "exceeds what is said at an element and step with a probability of 1e-12, if rounding "
        f"errors are independent; in the worst case it is {worst}",
    ]


def _bounded(design: Design, summary: Summary) -> list[str]:
    """Say how far the outputs are from float, where that has a bound."""
    lines = []
    for name in design.network.layers[-1].outputs:
        error = summary.error_of(name)
        if error is not None:
            lines.append(
                f"{name} is within {max(error.total):.3g} of float for all inputs and all time, "
                f"within {max(error.within):.3g} in {count(summary.steps)} steps, while nothing "
                "leaves its format with a loss"
            )
    return lines


def claims_table(verdicts: Sequence[Verdict]) -> RenderableType:
    """Return which claims of a folder and its certificate hold."""
    table = titled("folder and certificate, checked again", "Of", "Claim", "Holds", "Detail")
    for verdict in verdicts:
        holds = "yes" if verdict.holds else "NO"
        style = None if verdict.holds else "bold red"
        table.add_row(verdict.memory, verdict.claim, holds, verdict.detail, style=style)
    return table


def lemmas_table(lemmas: Sequence[Lemma]) -> RenderableType:
    """Return what became of each claim of a proof."""
    table = titled("the emitted Verilog, for all inputs", "Of", "Claim", "Shown", "Detail")
    for lemma in lemmas:
        style = None if lemma.shown else "bold red"
        table.add_row(lemma.part.value, lemma.claim, lemma.status.value, lemma.detail, style=style)
    return table
