# SPDX-License-Identifier: Apache-2.0
"""Reports side by side: which design is better at what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lmu_hw.errors import NetworkError
from lmu_hw.folder import DesignFolder
from lmu_hw.measure import words
from lmu_hw.measure.certified import ReadoutReport
from lmu_hw.measure.results import Report, SignalReport, TaskReport
from lmu_hw.report.compare_proofs import (
    certificate_rows,
    certificate_sentences,
    shared_readouts,
)
from lmu_hw.report.compare_rows import EXACT, Row, make_row
from lmu_hw.report.json_file import read_report
from lmu_hw.report.verdict import subject_of
from lmu_hw.summary import Facts, Summarised

__all__ = ["Comparison", "Row", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison(Summarised):
    """Two or more designs side by side.

    Attributes
    ----------
    names : tuple of str
        Of the folders, as short as they differ.
    subjects : tuple of str
        What each design is, in words.
    errors, signals, costs : tuple of Row
        Of the outputs and the task; SQNR of the signals and read-outs that all designs have; of the
        hardware.
    proofs : tuple of Row
        Certificates of the memories and heads that all designs have.
    notes : tuple of str
        What makes designs not comparable.
    verdict : tuple of str
        Who is better at what.
    """

    names: tuple[str, ...]
    subjects: tuple[str, ...]
    design_digests: tuple[str, ...]
    errors: tuple[Row, ...]
    signals: tuple[Row, ...]
    costs: tuple[Row, ...]
    proofs: tuple[Row, ...]
    notes: tuple[str, ...]
    verdict: tuple[str, ...]

    def described(self) -> tuple[str, Facts]:
        """Return what the designs are, and who is better at what."""
        facts = list(zip(self.names, self.subjects, strict=True))
        facts += [("", sentence) for sentence in (*self.notes, *self.verdict)]
        return f"comparison of {', '.join(self.names)}", facts


def compare(folders: Sequence[str | Path]) -> Comparison:
    """Compare the reports of two or more design folders.

    Errors measured on different data are shown but not judged; certificates and costs always are.

    Raises
    ------
    NetworkError
        If there are fewer than two different folders.
    LoadError
        If a folder holds no report.
    """
    if isinstance(folders, str | Path):
        raise NetworkError(f"a comparison needs two or more folders in a list, not {folders!r}")
    paths = [Path(folder) for folder in folders]
    if len({path.resolve() for path in paths}) != len(paths) or len(paths) < 2:
        listing = ", ".join(str(path) for path in paths) or "none"
        raise NetworkError(f"a comparison needs two or more different folders, not {listing}")
    reports = [read_report(DesignFolder(path)) for path in paths]
    names = _names(paths)
    same_x = len({report.data.x_sha256 for report in reports}) == 1
    same_labels = same_x and len({report.data.labels_sha256 for report in reports}) == 1
    errors = (*_task_rows(reports, same_labels), *_error_rows(reports, same_x))
    signals, costs = _signal_rows(reports, same_x), _cost_rows(reports)
    proofs = certificate_rows(reports)
    return Comparison(
        names=names,
        subjects=tuple(f"{report.name}, {subject_of(report)}" for report in reports),
        design_digests=tuple(report.design_digest for report in reports),
        errors=errors,
        signals=signals,
        costs=costs,
        proofs=proofs,
        notes=_notes(reports, same_x=same_x, same_labels=same_labels),
        verdict=(
            *_verdict(names, (*errors, *costs), signals),
            *certificate_sentences(names, proofs),
        ),
    )


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the shortest endings of the paths that differ."""
    parts = [path.resolve().parts for path in paths]
    names: list[str] = []
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            break
    return tuple(names)


def _sqnr_value(entry: SignalReport | TaskReport | ReadoutReport) -> float | None:
    return EXACT if entry.exact else entry.sqnr_db


def _task_rows(reports: Sequence[Report], judged: bool) -> list[Row]:
    metrics = {report.task.metric for report in reports}
    if len(metrics) != 1 or metrics == {None}:
        return []
    (metric,) = metrics
    score = make_row(
        "task",
        words.metric_name(metric),
        [report.task.fixed_score for report in reports],
        lambda value: words.score(metric, value),
        higher=metric == "accuracy",
        judged=judged,
    )
    between = Row(
        key="interval",
        label="95 % interval",
        higher_is_better=metric == "accuracy",
        values=(None,) * len(reports),
        texts=tuple(words.interval(metric, report.task.fixed_interval) for report in reports),
        best=(),
    )
    return [score, between] if set(between.texts) != {words.NONE} else [score]


def _error_rows(reports: Sequence[Report], judged: bool) -> list[Row]:
    tasks = [report.task for report in reports]
    lost = [
        float(sum(s.saturations for s in report.signals if not s.lossless_clamp))
        for report in reports
    ]

    def row(
        key: str, label: str, values: Sequence[float | None], show: Callable, higher: bool
    ) -> Row:
        return make_row(key, label, values, show, higher=higher, judged=judged)

    rows = [
        row("agreement", "Same answer as float", [t.agreement for t in tasks], _percent, True),
        row("sqnr", "Output SQNR", [_sqnr_value(t) for t in tasks], words.decibels, True),
        row("rms", "Output RMS error", [t.rms_error for t in tasks], words.number, False),
        row("max", "Largest output error", [t.max_error for t in tasks], words.number, False),
        row("overflows", "Overflows with loss", lost, _integer, False),
    ]
    return [entry for entry in rows if any(text != words.NONE for text in entry.texts)]


def _signal_rows(reports: Sequence[Report], judged: bool) -> tuple[Row, ...]:
    """Return the SQNR of all signals that compare with float in every design, and of read-outs."""
    tables = [{signal.name: signal for signal in report.signals} for report in reports]
    shared = [name for name in tables[0] if all(name in table for table in tables)]
    compared = [name for name in shared if not any(table[name].fitted for table in tables)]
    entries: dict[str, Sequence[SignalReport | ReadoutReport]] = {
        name: [table[name] for table in tables] for name in compared
    }
    for memory, readouts in shared_readouts(reports):
        if readouts[0].name != memory.name:  # which the host reads
            entries[f"what {readouts[0].label} reads of {memory.name}"] = readouts
    return tuple(
        make_row(
            name, name, list(map(_sqnr_value, found)), words.decibels, higher=True, judged=judged
        )
        for name, found in entries.items()
    )


def _cost_rows(reports: Sequence[Report]) -> tuple[Row, ...]:
    quantities = {
        "coefficient_bits": "Coefficient bits",
        "table_bits": "Table bits",
        "rom_bits": "ROM bits",
        "state_bits": "State bits",
        "multiplications_per_step": "Products per step",
        "lanes": "Multipliers",
        "cycles_per_step": "Cycles per step",
    }
    return tuple(
        make_row(
            key,
            label,
            [None if r.hardware is None else float(getattr(r.hardware, key)) for r in reports],
            _integer,
            higher=False,
        )
        for key, label in quantities.items()
    )


def _percent(value: float | None) -> str:
    return words.score("accuracy", value)


def _integer(value: float | None) -> str:
    return words.count(None if value is None else round(value))


def _notes(reports: Sequence[Report], *, same_x: bool, same_labels: bool) -> tuple[str, ...]:
    notes = []
    if not same_x:
        notes.append(
            "The errors were measured on different data, so they are shown but not compared. "
            "Run lmu-hw report on every folder with the same input."
        )
    elif not same_labels:
        notes.append(
            "The labels differ, or some reports have none, so the task metric is not compared."
        )
    if len({report.model_digest for report in reports}) > 1:
        notes.append(
            "The designs come from different trained networks: each error is against the design's "
            "own float network."
        )
    return tuple(notes)


def _verdict(names: Sequence[str], rows: Sequence[Row], signals: Sequence[Row]) -> tuple[str, ...]:
    word = "better" if len(names) == 2 else "best"
    sentences = []
    for index, name in enumerate(names):
        won = [row for row in rows if row.best == (index,)]
        if won:
            sentences.append(f"{name} is {word} at {'; '.join(_won(row, index) for row in won)}.")
    for group in dict.fromkeys(row.best for row in rows if 1 < len(row.best) < len(names)):
        sharing = " and ".join(names[index] for index in group)
        what = "; ".join(_won(row, *group) for row in rows if row.best == group)
        sentences.append(f"{sharing} are equally good, and best, at {what}.")
    ties = [f"{_name(row.label)} ({row.texts[0]})" for row in rows if row.is_tie]
    if ties:
        sentences.append(f"Tie: {', '.join(ties)}.")
    if judged := [row for row in signals if row.best]:
        sentences.append(_signals_sentence(names, judged, word))
    return tuple(sentences)


def _signals_sentence(names: Sequence[str], rows: Sequence[Row], word: str) -> str:
    wins = [f"{name} in {sum(row.best == (i,) for row in rows)}" for i, name in enumerate(names)]
    ties = sum(len(row.best) > 1 for row in rows)
    return (
        f"SQNR of the {len(rows)} shared signals is {word} with {', '.join(wins)}; "
        f"{ties} {'tie' if ties == 1 else 'ties'}."
    )


def _won(row: Row, *best: int) -> str:
    others = ", ".join(dict.fromkeys(t for i, t in enumerate(row.texts) if i not in best))
    return f"{_name(row.label)} ({row.texts[best[0]]} against {others})"


def _name(label: str) -> str:
    """Return a label in the middle of a sentence; abbreviations keep their capitals."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]
