# SPDX-License-Identifier: Apache-2.0
"""The report as values.

Every number is finite and rounded to nine significant digits when it enters the report, so that
memory, JSON and page agree; what does not exist (the SQNR of an exact signal) is None.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.lmu import Role
from lmu_hw.measure.certified import (
    AdversaryReport,
    LoopReport,
    MemoryReport,
    RangeReport,
)
from lmu_hw.measure.classes import ClassReport
from lmu_hw.measure.hardware_proof import HardwareProof
from lmu_hw.measure.histogram import Histogram
from lmu_hw.measure.implementation import Implementation
from lmu_hw.measure.interval import Interval
from lmu_hw.measure.simulation import Result
from lmu_hw.measure.words import count, interval, metric_name, score, sqnr
from lmu_hw.proofs import ErrorBound
from lmu_hw.sequences import lengths_words
from lmu_hw.summary import Facts, Summarised

__all__ = [
    "CALIBRATION",
    "GIVEN",
    "DataReport",
    "ExampleReport",
    "HardwareReport",
    "LayerHardware",
    "Report",
    "SignalReport",
    "TaskReport",
]

GIVEN = "given"
CALIBRATION = "calibration"
"""Where the data of a report are from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReport:
    """One node of the network: its format, what it used of it, and its error.

    Errors are fixed minus float, measured unless said otherwise; ulp are those of the node's own
    format. A fitted signal has none: they are None, and empty.

    Attributes
    ----------
    layer, symbol : str
        What its name is made of; no layer for the input.
    role : Role or None
        Of the node whose value it is; None for the input and for what enters an activation.
    kind : str
        What the signal is, in words.
    format : str
        Notation such as ``sQ0.15``; `bits` wide, from `format_min` to `format_max`.
    observed_min, observed_max : float
        Smallest and largest fixed-point value seen.
    headroom_bits : float or None
        ``log2(limit / observed)`` on the tighter side, in bits; None if only zeros were seen.
    saturations : int
        Codes that lay outside the format before `overflow` was applied, of `samples`.
    lossless_clamp : bool
        All of them on a side beyond which the activation is constant, so nothing was lost.
    reference_rms : float
        RMS of the float signal.
    sqnr_db : float or None
        ``10 log10(reference power / error power)``, in dB; None if either power is zero.
    exact : bool
        No error at all.
    max_error_at : (sequence, step, element) or None
        Where the largest error was seen.
    bias_ulp : float or None
        Mean error, in ulp.
    reads : tuple of str
        Signals that it is computed from; those of the step before end in ``[t-1]``.
    histogram : Histogram
        Magnitudes in float and in fixed point; without float of a fitted signal.
    first_step : int
        Step of the first entry of `time_rms_ulp`.
    time_bin : int
        Steps averaged in one entry of `time_rms_ulp`.
    time_rms_ulp : (bins,)
        RMS error by step, over all sequences and elements, in ulp.
    element_rms_ulp, element_peak_ulp, element_peak : (elements,)
        RMS error, largest error (both in ulp) and largest magnitude (value) of each element;
        empty unless the signal is a memory.
    range : RangeReport or None
        None if measured without a folder, or if there is no bound: the input may be anything.
    certified : ErrorBound or None
        Worst case of the error, in ulp; None if there is none.
    certified_note : str
        Why there is none, or what it depends on; may be empty.
    predicted_rms_ulp, predicted_worst_ulp : float or None
        RMS error that is predicted, in ulp: over all elements, and of the worst of them.
    element_predicted_ulp : (elements,)
        The same of each element; empty unless the signal is a memory.
    """

    name: str
    layer: str
    symbol: str
    role: Role | None
    kind: str
    reads: tuple[str, ...]
    elements: int
    format: str
    bits: int
    ulp: float | None
    format_min: float | None
    format_max: float | None
    rounding: str
    overflow: str
    observed_min: float | None
    observed_max: float | None
    headroom_bits: float | None
    samples: int
    saturations: int
    saturation_rate: float | None
    lossless_clamp: bool
    fitted: bool
    reference_rms: float | None
    sqnr_db: float | None
    exact: bool
    rms_error: float | None
    rms_error_ulp: float | None
    max_error: float | None
    max_error_ulp: float | None
    max_error_at: tuple[int, int, int] | None
    bias_ulp: float | None
    histogram: Histogram
    first_step: int
    time_bin: int
    time_rms_ulp: tuple[float | None, ...]
    element_rms_ulp: tuple[float | None, ...]
    element_peak_ulp: tuple[float | None, ...]
    element_peak: tuple[float | None, ...]
    range: RangeReport | None
    certified: ErrorBound | None
    certified_note: str
    predicted_rms_ulp: float | None
    predicted_worst_ulp: float | None
    element_predicted_ulp: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """The network's answers: against the labels, and fixed point against float.

    Attributes
    ----------
    metric : str or None
        ``accuracy`` (0 to 1), ``nrmse`` (rms(error) / rms(target)), or None without labels.
    float_score, fixed_score : float or None
        The metric of both.
    answers : int
        Number of answers that count: sequences, or the steps of all sequences.
    uncounted : int
        Answers besides whose label says that they do not count.
    agreement : float or None
        Share of answers whose largest output is the same one; None for real labels or one output.
    certain : int or None
        Answers whose largest output no rounding can change: it leads by more than the outputs'
        bound against float, and nothing left its format with a loss. None without a bound, or of
        one output.
    nrmse_to_float : float or None
        ``rms(fixed - float) / rms(float)`` of the outputs.
    float_interval, fixed_interval, to_float_interval : (low, high) or None
        95 % intervals of the scores and of `nrmse_to_float`, see `measure.interval`; None of too
        few sequences.
    """

    metric: str | None
    float_score: float | None
    fixed_score: float | None
    answers: int
    uncounted: int
    agreement: float | None
    certain: int | None
    nrmse_to_float: float | None
    sqnr_db: float | None
    exact: bool
    rms_error: float | None
    max_error: float | None
    float_interval: Interval | None = None
    fixed_interval: Interval | None = None
    to_float_interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """What the errors were measured on; digests are SHA-256 of shape, type and values.

    Attributes
    ----------
    source : str
    sequences : int
    steps, shortest : int
        Of the longest and of the shortest sequence.
    inputs : int
    x_sha256 : str
    labels_sha256 : str or None
    """

    source: str
    sequences: int
    steps: int
    shortest: int
    inputs: int
    x_sha256: str
    labels_sha256: str | None

    @property
    def described(self) -> str:
        """How many sequences there are, and how long they are."""
        words = lengths_words(self.sequences, self.shortest, self.steps)
        return f"{self.sequences:,} {words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleReport:
    """Some outputs for the picture.

    Attributes
    ----------
    by_step : bool
        The lines are outputs of the first sequence by step; otherwise one line of answers.
    ulp : float
        Of the output format.
    float_values, fixed_values : (lines, points)
    """

    by_step: bool
    ulp: float | None
    float_values: tuple[tuple[float | None, ...], ...]
    fixed_values: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerHardware:
    """Plan of one layer; `utilization` of its multipliers is 0 to 1."""

    name: str
    lanes: int
    cycles_per_step: int
    multiplications_per_step: int
    utilization: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareReport:
    """Totals of the generated hardware, from the folder's manifest."""

    name: str
    model_digest: str
    design_digest: str
    lanes: int
    cycles_per_step: int
    cycles_last_step: int
    multiplications_per_step: int
    multiplications_last_step: int
    multiplier_utilization: float
    coefficient_bits: int
    table_bits: int
    rom_bits: int
    state_bits: int
    layers: tuple[LayerHardware, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report(Summarised):
    """What quantization cost, and what is proved about it.

    Attributes
    ----------
    design : str
        Realizations and word lengths, in words.
    memories : tuple of MemoryReport
        Their signals are among `signals`.
    loops : tuple of LoopReport
        Of the layers in which states or hidden units feed back.
    adversary : AdversaryReport or None
        What a search for the worst input found; None without feedback, or without a search.
    certified_steps : int or None
        First steps of a sequence for which errors have bounds of their own; None if measured
        without a folder.
    classes : ClassReport or None
        None unless the labels are classes.
    hardware : HardwareReport or None
        None if measured without a folder.
    simulations : tuple of Result
        Empty: not simulated yet.
    implementations : tuple of Implementation
        Empty: not implemented yet.
    hardware_proof : HardwareProof or None
        None: not proved yet.
    rtl : str or None
        SHA-256 over the Verilog and ROM files in the folder, as they are; None if measured without
        a folder. An implementation or a proof with another one is of other files.
    longer : tuple of str
        What the sequences are longer than, if that may matter; see `lmu_hw.measure.outside.longer`.
    """

    name: str
    design: str
    model_digest: str
    design_digest: str
    input_scale: str
    data: DataReport
    task: TaskReport
    signals: tuple[SignalReport, ...]
    memories: tuple[MemoryReport, ...]
    loops: tuple[LoopReport, ...]
    adversary: AdversaryReport | None
    certified_steps: int | None
    example: ExampleReport
    classes: ClassReport | None
    hardware: HardwareReport | None
    simulations: tuple[Result, ...]
    implementations: tuple[Implementation, ...]
    hardware_proof: HardwareProof | None
    rtl: str | None
    longer: tuple[str, ...]

    def described(self) -> tuple[str, Facts]:
        """Return how well fixed point follows float, and what was simulated and implemented."""
        task, data = self.task, self.data
        facts = [("data", f"{data.source}, {data.described}")]
        if task.metric is not None:
            fixed, floats = (score(task.metric, s) for s in (task.fixed_score, task.float_score))
            facts.append((metric_name(task.metric), f"{fixed}, in float {floats}"))
            if task.fixed_interval is not None:
                facts.append(("95 % interval", interval(task.metric, task.fixed_interval)))
        if task.agreement is not None:
            same = f"{score('accuracy', task.agreement)} of {count(task.answers)} answers"
            facts.append(("Same as float", same))
        facts.append(("Output SQNR", sqnr(task.sqnr_db, exact=task.exact)))
        lost = sum(s.saturations for s in self.signals if not s.lossless_clamp)
        facts.append(("Overflows", f"{count(lost)} with loss"))
        facts += [
            (run.name, f"{count(run.words_compared)} words, {count(run.mismatches)} mismatches")
            for run in self.simulations
        ]
        facts += [fact for found in self.implementations for fact in found.described()[1][:1]]
        return f"{self.name}: {self.design}", facts

    def within(self, steps: int) -> bool:
        """Say whether what is certified of the first steps of a sequence holds for so many."""
        return self.certified_steps is not None and steps <= self.certified_steps
