# SPDX-License-Identifier: Apache-2.0
"""Reports for the terminal, as rich renderables. Import it only where they are printed."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lmu_hw.measure import words
from lmu_hw.measure.results import GIVEN, Report, SignalReport
from lmu_hw.report.compare import Comparison
from lmu_hw.report.proof_rows import ProofRow, proof_rows, readout_rows
from lmu_hw.report.proof_sentences import details, uncertified
from lmu_hw.report.verdict import subject_of, verdict

__all__ = ["comparison_table", "report_table"]

_STYLES = {
    words.Level.GOOD: "bold green",
    words.Level.ATTENTION: "bold yellow",
    words.Level.BAD: "bold red",
}


def report_table(report: Report) -> RenderableType:
    """Return the verdict, one row for each signal, and the simulations of a report."""
    summary = verdict(report)
    style = _STYLES[summary.level]
    parts: list[RenderableType] = [Text(f"{report.name}: {subject_of(report)}")]
    parts += [Text(summary.headline, style=style)]
    parts += [Text(f"  {text}", style=style) for text in summary.reasons]
    parts += [Text(f"  {text}") for text in summary.sentences]
    if report.data.source != GIVEN:
        parts.append(Text("  Measured on the calibration data.", style="dim"))
    table = Table(title=f"{report.name}: signals", title_justify="left", header_style="dim")
    for heading in ("Signal", "What", "Format"):
        table.add_column(heading)
    for heading in ("Headroom", "Overflows", "SQNR", "RMS ulp", "Max ulp", "Bias ulp"):
        table.add_column(heading, justify="right")
    for signal in report.signals:
        lossy = signal.saturations > 0 and not signal.lossless_clamp
        table.add_row(*_cells(signal), style="yellow" if lossy else None)
    parts += [table, _proofs(report)]
    if report.memories:
        parts.append(_readouts(report))
    parts += [Text(f"  {text}", style="dim") for text in uncertified(report)]
    parts += [Text(f"  {text}") for text in details(report)]
    if report.simulations:
        parts.append(_simulations(report))
    return Group(*parts)


def _cells(signal: SignalReport) -> list[Text]:
    headroom = signal.headroom_bits
    overflows = words.count(signal.saturations)
    if signal.lossless_clamp:
        overflows += ", no loss"
    width = f" x {words.count(signal.elements)}" if signal.elements > 1 else ""
    cells = [
        signal.name,
        signal.kind + width,
        signal.format,
        "unused" if headroom is None else f"{words.decimal(headroom, 1)} bit",
        overflows,
        words.sqnr(signal.sqnr_db, exact=signal.exact),
        words.number(signal.rms_error_ulp),
        words.number(signal.max_error_ulp),
        words.decimal(signal.bias_ulp),
    ]
    return [Text(cell) for cell in cells]


def _proofs(report: Report) -> Table:
    """Return what is certified, predicted and measured of each signal."""
    table = Table(
        title="largest value and its bound; errors in ulp: certified, predicted, measured",
        title_justify="left",
        header_style="dim",
    )
    table.add_column("Signal")
    for heading in ("Largest", "Bound", "Limit"):
        table.add_column(heading, justify="right")
    table.add_column("Range")
    for heading in ("Certified", "Max", "Predicted RMS", "RMS"):
        table.add_column(heading, justify="right")
    for row in proof_rows(report):
        style = "dim" if row.part else None
        table.add_row(*(Text(cell) for cell in _proof_cells(row)), style=style)
    return table


def _proof_cells(row: ProofRow) -> list[str]:
    return [
        f"  {row.part}" if row.part else row.name,
        *(
            "" if row.part else words.number(value)
            for value in (row.observed, row.bound, row.limit)
        ),
        row.range,
        *map(words.number, (row.certified, row.measured_max, row.predicted_rms)),
        words.number(row.measured_rms) + row.mark,
    ]


def _readouts(report: Report) -> Table:
    """Return what is read of the memories: measured, and proved for the u that they hear."""
    table = Table(
        title="what reads the memories, beside float that hears the same u; values",
        title_justify="left",
        header_style="dim",
    )
    steps = f"In {words.count(report.certified_steps)} steps"
    for heading in ("Read by", "Of"):
        table.add_column(heading)
    for heading in ("Full scale", "SQNR", "Max", steps, "Always", "Rounding", "1e-12"):
        table.add_column(heading, justify="right")
    for row in readout_rows(report):
        numbers = (row.largest, row.within, row.always, row.largest_rounding, row.likely_rounding)
        cells = [
            row.name,
            row.memory,
            words.number(row.full_scale),
            words.sqnr(row.sqnr_db, exact=row.exact),
            *map(words.number, numbers),
        ]
        table.add_row(*map(Text, cells))
    return table


def _simulations(report: Report) -> Table:
    table = Table(title="simulation and golden model", title_justify="left", header_style="dim")
    for heading in ("Simulator", "Version"):
        table.add_column(heading)
    for heading in ("Words compared", "Mismatches", "Cycles"):
        table.add_column(heading, justify="right")
    for run in report.simulations:
        bad = run.mismatches > 0 or run.words_compared == 0 or bool(run.failure)
        table.add_row(
            Text(run.name),
            Text(run.version),
            words.count(run.words_compared),
            words.count(run.mismatches),
            words.count(run.cycles),
            style="red" if bad else None,
        )
    return table


def comparison_table(comparison: Comparison) -> RenderableType:
    """Return the notes, the verdict and the table of a comparison."""
    parts: list[RenderableType] = [Text(note, style="bold yellow") for note in comparison.notes]
    parts += [
        Text(f"{name}: {subject}", style="dim")
        for name, subject in zip(comparison.names, comparison.subjects, strict=True)
    ]
    parts += [Text(sentence) for sentence in comparison.verdict]
    table = Table(header_style="dim")
    table.add_column("Quantity")
    for name in comparison.names:
        table.add_column(Text(name), justify="right")
    table.add_column("Better is")
    for rows, prefix in (
        (comparison.errors, ""),
        (comparison.costs, ""),
        (comparison.proofs, ""),
        (comparison.signals, "SQNR of "),
    ):
        for row in rows:
            judged = "higher" if row.higher_is_better else "lower"
            if row.is_tie:
                judged = "a tie"
            elif not row.best:
                judged = "not compared"
            cells = [
                Text(text, style="green" if i in row.best and not row.is_tie else "")
                for i, text in enumerate(row.texts)
            ]
            table.add_row(Text(prefix + row.label), *cells, Text(judged, style="dim"))
        table.add_section()
    parts.append(table)
    return Group(*parts)
