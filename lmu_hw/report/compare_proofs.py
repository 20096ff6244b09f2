# SPDX-License-Identifier: Apache-2.0
"""Certificates side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lmu_hw.measure import words
from lmu_hw.measure.certified import MemoryReport, ReadoutReport
from lmu_hw.measure.results import Report, SignalReport
from lmu_hw.proofs import ErrorBound, MemoryProof
from lmu_hw.report.compare_rows import Row, make_row

__all__ = ["certificate_rows", "certificate_sentences", "shared_readouts"]

_PROVED, _CERTIFIED = "proved:", "certified:"


def certificate_rows(reports: Sequence[Report]) -> tuple[Row, ...]:
    """Return the rows of the memories, of what reads them, and of other nodes that all certify.

    Errors and residues are shares of the format's positive end, so that word lengths compare.
    """
    proofs = [{memory.name: memory.proof for memory in report.memories} for report in reports]
    shared = [name for name in proofs[0] if all(table.get(name) for table in proofs)]
    rows: list[Row] = []
    for name in shared:
        memory_proofs = [proof for table in proofs if (proof := table[name]) is not None]
        signals = [_signal(report, name) for report in reports]
        rows += _range_rows(name, memory_proofs)
        rows += _dynamic_rows(name, memory_proofs, signals)
    rows += _readout_rows(reports)
    for signal in reports[0].signals[1:]:
        rows += _error_rows(signal.name, [_signal(report, signal.name) for report in reports])
    return (*rows, *_hardware_rows(reports))


def _hardware_rows(reports: Sequence[Report]) -> list[Row]:
    """Return how much is shown of the Verilog that is in each folder, if any was proved."""
    proofs = [report.hardware_proof for report in reports]
    if not any(proofs):
        return []
    shares = [
        proof.shown / proof.claims if proof is not None and proof.rtl == report.rtl else None
        for report, proof in zip(reports, proofs, strict=True)
    ]
    label = "Claims about the Verilog that are shown"
    return [make_row("hardware", label, shares, lambda v: words.score("accuracy", v), higher=True)]


def shared_readouts(
    reports: Sequence[Report],
) -> list[tuple[MemoryReport, list[ReadoutReport]]]:
    """Return what reads a memory in all designs, of each design, with the memory of the first."""
    tables = [
        {
            (memory.name, readout.label): (memory, readout)
            for memory in report.memories
            for readout in memory.readouts
        }
        for report in reports
    ]
    return [
        (tables[0][key][0], [table[key][1] for table in tables])
        for key in tables[0]
        if all(key in table for table in tables)
    ]


def _readout_rows(reports: Sequence[Report]) -> list[Row]:
    """Return the certified errors of read-outs, as shares of the reader's full scale."""
    rows = []
    for memory, readouts in shared_readouts(reports):
        pairs = [(readout, readout.proof) for readout in readouts if readout.proof is not None]
        if len(pairs) != len(readouts):
            continue
        what = f"{readouts[0].label} of {memory.name}"
        values = [max(proof.error) / readout.full_scale for readout, proof in pairs]
        label = f"Certified error of what {readouts[0].label} reads of {memory.name}, of full scale"
        rows.append(make_row(f"{_CERTIFIED}{what}", label, values, words.number, higher=False))
    return rows


def _signal(report: Report, name: str) -> SignalReport | None:
    return next((signal for signal in report.signals if signal.name == name), None)


def _range_rows(name: str, proofs: Sequence[MemoryProof]) -> list[Row]:
    return [
        make_row(
            f"{_PROVED}{name}",
            f"Range of {name}",
            [float(proof.proved) for proof in proofs],
            lambda value: "proved" if value else "not proved",
            higher=True,
        ),
        make_row(
            f"bound:{name}",
            f"Range bound of {name}",
            [proof.bound for proof in proofs],
            words.number,
            higher=False,
            judged=False,
        ),
    ]


def _error_rows(name: str, signals: Sequence[SignalReport | None]) -> list[Row]:
    pairs = [(s, s.certified) for s in signals if s is not None and s.certified]
    if len(pairs) != len(signals):
        return []

    def bound(signal: SignalReport, certified: ErrorBound) -> float:
        return max(certified.total) * (signal.ulp or 0.0) / (signal.format_max or 1.0)

    label = f"Certified error of {name}, of full scale"
    values = [bound(*pair) for pair in pairs]
    return [make_row(f"{_CERTIFIED}{name}", label, values, words.number, higher=False)]


def _dynamic_rows(
    name: str, proofs: Sequence[MemoryProof], signals: Sequence[SignalReport | None]
) -> list[Row]:
    def row(key: str, label: str, values: list[float | None], show: Callable, judged: bool) -> Row:
        return make_row(f"{key}:{name}", label, values, show, higher=False, judged=judged)

    loops = [None if p.loop is None else p.loop.spectral_radius for p in proofs]
    residues = [
        None
        if proof.residue is None or signal is None
        else proof.residue.ulp * (signal.ulp or 0.0) / (signal.format_max or 1.0)
        for proof, signal in zip(proofs, signals, strict=True)
    ]
    rows = [
        row(
            "radius",
            f"Spectral radius of {name}",
            [p.spectral_radius for p in proofs],
            _four,
            False,
        ),
        row("loop", f"Loop of {name} through u", loops, _four, False),
        row("residue", f"{name} after silence, of full scale", residues, words.number, True),
    ]
    return [entry for entry in rows if any(value is not None for value in entry.values)]


def _four(value: float | None) -> str:
    return words.decimal(value, 4)


def certificate_sentences(names: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """Return who proves more, and whose certified errors are smaller."""
    ranges = [row for row in rows if row.key.startswith(_PROVED)]
    errors = [row for row in rows if row.key.startswith(_CERTIFIED)]
    sentences = []
    if ranges:
        proved = [sum(row.values[i] == 1.0 for row in ranges) for i in range(len(names))]
        what = f"{len(ranges)} {'memory' if len(ranges) == 1 else 'memories'}"
        if len(set(proved)) == 1:
            counts = f"{proved[0]} in every design"
        else:
            counts = ", ".join(f"{n} with {name}" for name, n in zip(names, proved, strict=True))
        sentences.append(f"Of {what}, proved free of overflow: {counts}.")
    if errors:
        wins = [f"{name} in {sum(r.best == (i,) for r in errors)}" for i, name in enumerate(names)]
        ties = sum(len(row.best) > 1 for row in errors)
        word = "smaller" if len(names) == 2 else "smallest"
        sentences.append(
            f"The certified error of {len(errors)} {'signal' if len(errors) == 1 else 'signals'} "
            f"is {word} with {', '.join(wins)}; {ties} {'tie' if ties == 1 else 'ties'}."
        )
    return tuple(sentences)
