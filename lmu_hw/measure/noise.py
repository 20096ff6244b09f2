# SPDX-License-Identifier: Apache-2.0
"""Memories alone: what is read of them beside float, and their rounding noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.lmu import LmuLayer
from lmu_hw.measure.certified import MemoryReport, NoiseReport, ReadoutReport
from lmu_hw.measure.rounding import rounded
from lmu_hw.measure.statistics import sqnr_db
from lmu_hw.proofs import QuantizedMemory, Readout, rounding_covariance, spectral_radius

__all__ = ["MemoryNoise", "predicted_noise"]

Array = NDArray[np.float64]
Floats = NDArray[np.floating]
Codes = NDArray[np.int64]


class MemoryNoise:
    """Accumulates the errors of one memory, given the u that the golden model computed.

    Parameters
    ----------
    memory : QuantizedMemory
    layer : LmuLayer
        Of the float network, in the same basis and scale.
    readouts : tuple of Readout
        What reads it.
    formats : tuple of FixedFormat
        That each of them narrows to.
    fitted : bool
        Their weights are fitted to it.
    """

    def __init__(
        self,
        memory: QuantizedMemory,
        layer: LmuLayer,
        readouts: tuple[Readout, ...],
        formats: tuple[FixedFormat, ...],
        *,
        fitted: bool,
    ) -> None:
        self.memory, self.layer, self.fitted = memory, layer, fitted
        self.readouts = [_ReadoutErrors(*pair) for pair in zip(readouts, formats, strict=True)]
        shape = (memory.segments, len(memory.B))
        self.sequences: dict[int, int] = {}  # by their steps
        self.power, self.change = np.zeros(shape), np.zeros(shape)
        self.worst = np.zeros(shape)

    @property
    def u(self) -> str:
        """Name of the signal that drives the memory."""
        return self.memory.layer.encoder.name

    def add(self, u_codes: Codes, m_codes: Codes, m_values: Array) -> None:
        """Add sequences of one length from their first step.

        Parameters
        ----------
        u_codes : (sequences, steps, segments) int64
        m_codes : (sequences, steps, segments * order) int64
        m_values : (sequences, steps, segments * order) float64
            Of the float network.
        """
        memory, ulp = self.memory, self.memory.format.ulp
        sequences, steps, _ = m_codes.shape
        self.sequences[steps] = self.sequences.get(steps, 0) + sequences
        shape = (sequences, *self.power.shape)
        step = memory.layer.signals[self.u].format.ulp / ulp  # states are kept in ulp
        exact, ideal, last = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for t in range(steps):
            u = u_codes[:, t, :, None] * step
            exact = exact @ memory.A.T + u * memory.B
            ideal = ideal @ self.layer.memory.A.T + u * self.layer.memory.B
            codes = m_codes[:, t].reshape(shape)
            error = np.abs(codes - exact)
            self.power += np.square(error).sum(axis=0)
            np.maximum(self.worst, error.max(axis=0), out=self.worst)
            flat = (sequences, -1)
            for readout in self.readouts:
                readout.add(*(part.reshape(flat) * ulp for part in (codes, exact, ideal)))
            now = m_values[:, t].reshape(shape) / ulp
            self.change += np.square(now - last).sum(axis=0)
            last = now

    def report(self) -> MemoryReport:
        """Return what was seen, without a proof."""
        memory = self.memory
        samples = sum(steps * count for steps, count in self.sequences.items())
        return MemoryReport(
            name=memory.name,
            order=len(memory.B),
            segments=memory.segments,
            coefficient_bits=memory.coefficient_bits,
            state_bits=memory.format.width,
            error_feedback=memory.error_feedback,
            feedback=_feedback(memory),
            fitted=self.fitted,
            noise=self._noise(samples),
            readouts=tuple(readout.report(samples) for readout in self.readouts),
            proof=None,
        )

    def _noise(self, samples: int) -> NoiseReport:
        predicted = self._predicted(samples)
        return NoiseReport(
            sequences=sum(self.sequences.values()),
            steps=max(self.sequences),
            rms_ulp=_all(np.sqrt(self.power / samples)),
            max_ulp=_all(self.worst),
            predicted_ulp=()
            if predicted is None
            else _all(np.tile(predicted, (len(self.power), 1))),
            white=tuple(bool(power >= samples) for power in self.change.ravel()),
        )

    def _predicted(self, samples: int) -> Array | None:
        """Return what is predicted of sequences of these lengths together, (order,), in ulp."""
        power = np.zeros(len(self.memory.B))
        for steps, count in self.sequences.items():
            predicted = predicted_noise(self.memory, steps)
            if predicted is None:
                return None
            power += steps * count / samples * np.square(predicted)
        return np.sqrt(power)


class _ReadoutErrors:
    """Accumulates the errors of what a node reads of a memory."""

    def __init__(self, readout: Readout, fmt: FixedFormat) -> None:
        self.readout, self.format = readout, fmt
        self.reference_power = self.error_power = 0.0
        self.worst, self.rounding = (np.zeros(len(readout.rows)) for _ in range(2))

    def add(self, fixed: Floats, unrounded: Floats, wanted: Floats) -> None:
        """Add states of one step, (sequences, states): fixed, without rounding, and of float."""
        rows = self.readout.rows.T
        reference, read = wanted @ self.readout.ideal.T, fixed @ rows
        error = read - reference
        self.reference_power += float(np.square(reference).sum())
        self.error_power += float(np.square(error).sum())
        np.maximum(self.worst, np.abs(error).max(axis=0), out=self.worst)
        dropped = np.abs((fixed - unrounded) @ rows).max(axis=0)
        np.maximum(self.rounding, dropped, out=self.rounding)

    def report(self, samples: int) -> ReadoutReport:
        """Return what was seen in so many steps of all sequences, without a proof."""
        values = samples * len(self.worst)
        return ReadoutReport(
            name=self.readout.name,
            delayed=self.readout.delayed,
            full_scale=self.format.max_value,
            ulp=self.format.ulp,
            reference_rms=rounded(float(np.sqrt(self.reference_power / values))),
            sqnr_db=sqnr_db(self.reference_power, self.error_power),
            exact=self.error_power == 0.0,
            rms_error=rounded(float(np.sqrt(self.error_power / values))),
            max_error=_all(self.worst),
            max_rounding=_all(self.rounding),
            proof=None,
        )


def predicted_noise(memory: QuantizedMemory, steps: int) -> Array | None:
    """Return the RMS rounding noise of each state, averaged over steps from zero states, in ulp.

    White noise of ``ulp**2 / 12`` of every narrowing, those inside a structured memory included,
    besides the mean of the error: none to nearest; -1/2 ulp a step under floor; under error
    feedback at the first step only, which no residue comes before.

    Returns
    -------
    (order,) float64 or None
        None for rounding toward zero, whose error has the sign of the state, and for a memory that
        is not stable.
    """
    if memory.requant.rounding is Rounding.TOWARD_ZERO or spectral_radius(memory.A) >= 1.0:
        return None
    white = np.diag(
        rounding_covariance(memory.A, steps, noise=memory.noise, feedback=memory.error_feedback)
    )
    drift = memory.drift
    if not drift.any():
        return np.sqrt(white)
    mean, power = np.zeros(len(memory.B)), np.zeros(len(memory.B))
    for t in range(steps):
        mean = memory.A @ mean
        if t == 0 or not memory.error_feedback:
            mean = mean + drift
        power += np.square(mean)
    return np.sqrt(white + power / steps)


def _feedback(memory: QuantizedMemory) -> str:
    parts = [name for name, there in (("m", memory.E_m.any()), ("h", memory.E_h)) if there]
    return " and ".join(parts)


def _all(values: Array) -> tuple[float, ...]:
    return tuple(rounded(float(value)) or 0.0 for value in values.ravel())
