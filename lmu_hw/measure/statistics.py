# SPDX-License-Identifier: Apache-2.0
"""Running error statistics of one signal, over any number of sequences in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.fixed.ops import dequantize
from lmu_hw.measure.histogram import HistogramStatistics
from lmu_hw.measure.results import SignalReport
from lmu_hw.measure.rounding import rounded, rounded_all
from lmu_hw.measure.signals import Probe

__all__ = ["MAX_TIME_POINTS", "SignalStatistics", "headroom_bits", "sqnr_db"]

Array = NDArray[np.float64]

MAX_TIME_POINTS = 2_000
"""Longest error-over-time record; longer sequences are averaged in bins."""


_NOT_COMPARED: dict[str, Any] = {
    "reference_rms": None,
    "sqnr_db": None,
    "exact": False,
    "rms_error": None,
    "rms_error_ulp": None,
    "max_error": None,
    "max_error_ulp": None,
    "max_error_at": None,
    "bias_ulp": None,
    "time_rms_ulp": (),
    "element_rms_ulp": (),
    "element_peak_ulp": (),
}
"""What a fitted signal says of errors."""


class SignalStatistics:
    """Accumulates the error of one signal.

    Sums of squares are kept, never means of means, so that the result does not depend on how
    sequences are divided among calls (up to the rounding of float64 sums).

    Parameters
    ----------
    probe : Probe
    elements : int
        Width of the signal.
    """

    def __init__(self, probe: Probe, *, elements: int) -> None:
        self.probe = probe
        self.samples = 0
        self.saturations = 0
        self.min_code, self.max_code = probe.format.max_code, probe.format.min_code
        self.error_sum = self.reference_power = 0.0
        self.step_power, self.step_samples = np.zeros(0), np.zeros(0, np.int64)
        self.element_power = np.zeros(elements)
        self.element_worst = np.zeros(elements)
        self.element_peak = np.zeros(elements, np.int64)
        self.histogram = HistogramStatistics(probe.format)
        self.max_error = -1.0
        self.max_error_at = (0, 0, 0)

    def add(
        self,
        codes: NDArray[np.int64],
        reference: Array,
        saturations: int,
        *,
        rows: NDArray[np.int64],
        first_step: int = 0,
    ) -> None:
        """Add sequences of one length.

        Parameters
        ----------
        codes : (sequences, steps, elements) int64
            Of the fixed-point signal, in the probe's format.
        reference : (sequences, steps, elements) float64
            Values of the float signal.
        saturations : int
            Codes among them that had left the format.
        rows : (sequences,) int64
            Their numbers.
        first_step : int
            The step that is the first one here: of what is computed at the last step only, that.
        """
        probe, fmt = self.probe, self.probe.format
        if probe.flat_below or probe.flat_above:
            low = fmt.min_value if probe.flat_below else -np.inf
            high = fmt.max_value if probe.flat_above else np.inf
            reference = np.clip(reference, low, high)
        self.histogram.add(codes, None if probe.fitted else reference)
        error = dequantize(codes, fmt)
        error -= reference
        self.samples += codes.size
        self.saturations += saturations
        self._add_codes(codes)
        self.reference_power += float(np.einsum("stw,stw->", reference, reference))
        self._add_error(error, rows, first_step)

    def _add_codes(self, codes: NDArray[np.int64]) -> None:
        self.min_code = min(self.min_code, int(codes.min()))
        self.max_code = max(self.max_code, int(codes.max()))
        magnitude = np.abs(codes)
        np.maximum(self.element_peak, magnitude.max(axis=(0, 1)), out=self.element_peak)

    def _add_error(self, error: Array, rows: NDArray[np.int64], first_step: int) -> None:
        """Add (sequences, steps, elements) errors; overwrites them."""
        self.error_sum += float(error.sum())
        np.abs(error, out=error)
        worst = int(np.argmax(error))
        if error.flat[worst] > self.max_error:
            sequence, step, element = (int(i) for i in np.unravel_index(worst, error.shape))
            self.max_error = float(error.flat[worst])
            self.max_error_at = (int(rows[sequence]), first_step + step, element)
        np.maximum(self.element_worst, error.max(axis=(0, 1)), out=self.element_worst)
        np.square(error, out=error)
        further = (0, max(0, error.shape[1] - len(self.step_power)))
        self.step_power = np.pad(self.step_power, further)
        self.step_samples = np.pad(self.step_samples, further)
        self.step_power[: error.shape[1]] += error.sum(axis=(0, 2))
        self.step_samples[: error.shape[1]] += error[:, 0].size
        self.element_power += error.sum(axis=(0, 1))

    def report(self, *, last_step: int) -> SignalReport:
        """Return what was seen; `last_step` is the index of the sequences' last step."""
        probe, fmt = self.probe, self.probe.format
        ulp, steps, elements = fmt.ulp, len(self.step_power), len(self.element_power)
        bin_steps, by_time = self._over_time()
        first_step = last_step + 1 - steps
        return SignalReport(
            name=probe.name,
            layer=probe.layer,
            symbol=probe.symbol,
            role=probe.role,
            kind=probe.kind,
            reads=probe.reads,
            elements=elements,
            format=fmt.notation(),
            bits=fmt.width,
            ulp=rounded(ulp),
            format_min=rounded(fmt.min_value),
            format_max=rounded(fmt.max_value),
            rounding=probe.rounding,
            overflow=probe.overflow,
            observed_min=rounded(self.min_code * ulp),
            observed_max=rounded(self.max_code * ulp),
            headroom_bits=headroom_bits(self.min_code, self.max_code, fmt),
            samples=self.samples,
            saturations=self.saturations,
            saturation_rate=rounded(self.saturations / self.samples),
            lossless_clamp=self._lossless_clamp(),
            histogram=self.histogram.report(),
            first_step=first_step,
            time_bin=bin_steps,
            element_peak=self._if_memory(self.element_peak * ulp),
            fitted=probe.fitted,
            **(_NOT_COMPARED if probe.fitted else self._errors(by_time)),
            range=None,
            certified=None,
            certified_note="",
            predicted_rms_ulp=None,
            predicted_worst_ulp=None,
            element_predicted_ulp=(),
        )

    def _errors(self, by_time: Array) -> dict[str, Any]:
        """Return what compares the signal with float."""
        ulp, elements = self.probe.format.ulp, len(self.element_power)
        error_power = float(self.element_power.sum())
        rms = float(np.sqrt(error_power / self.samples))
        by_element = np.sqrt(self.element_power / (self.samples / elements)) / ulp
        return {
            "reference_rms": rounded(float(np.sqrt(self.reference_power / self.samples))),
            "sqnr_db": sqnr_db(self.reference_power, error_power),
            "exact": error_power == 0.0,
            "rms_error": rounded(rms),
            "rms_error_ulp": rounded(rms / ulp),
            "max_error": rounded(self.max_error),
            "max_error_ulp": rounded(self.max_error / ulp),
            "max_error_at": self.max_error_at,
            "bias_ulp": rounded(self.error_sum / self.samples / ulp),
            "time_rms_ulp": rounded_all((by_time / ulp).tolist()),
            "element_rms_ulp": self._if_memory(by_element),
            "element_peak_ulp": self._if_memory(self.element_worst / ulp),
        }

    def _lossless_clamp(self) -> bool:
        """Say whether codes were clamped, but only where the activation is constant."""
        fmt = self.probe.format
        lost_low = self.min_code == fmt.min_code and not self.probe.flat_below
        lost_high = self.max_code == fmt.max_code and not self.probe.flat_above
        return self.saturations > 0 and not (lost_low or lost_high)

    def _if_memory(self, values: NDArray[np.floating]) -> tuple[float | None, ...]:
        return rounded_all(values.tolist()) if self.probe.is_memory else ()

    def _over_time(self) -> tuple[int, Array]:
        """Return the steps in a bin, and the RMS error of each bin."""
        steps = len(self.step_power)
        bin_steps = -(-steps // MAX_TIME_POINTS)
        starts = np.arange(0, steps, bin_steps)
        power, samples = (
            np.add.reduceat(sums, starts) for sums in (self.step_power, self.step_samples)
        )
        return bin_steps, np.sqrt(power / samples)


def sqnr_db(reference_power: float, error_power: float) -> float | None:
    """Return ``10 log10(reference / error)`` in dB, or None if either power is zero."""
    if reference_power <= 0.0 or error_power <= 0.0:
        return None
    return rounded(10.0 * float(np.log10(reference_power / error_power)))


def headroom_bits(min_code: int, max_code: int, fmt: FixedFormat) -> float | None:
    """Return the bits between observed codes and the format's ends, on the tighter side.

    None if all codes are zero. Never negative: codes lie within their format.
    """
    ratios = []
    if max_code > 0:
        ratios.append(fmt.max_code / max_code)
    if min_code < 0:
        ratios.append(fmt.min_code / min_code)
    return rounded(float(np.log2(min(ratios)))) if ratios else None
