# SPDX-License-Identifier: Apache-2.0
"""Measuring what quantization costs: golden model against float reference, node by node."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import whole
from lmu_hw.design import Design
from lmu_hw.errors import NetworkError
from lmu_hw.fixed.ops import dequantize, quantize
from lmu_hw.golden import GoldenModel, Trace
from lmu_hw.lmu import LmuLayer
from lmu_hw.measure.certified import LoopReport
from lmu_hw.measure.noise import MemoryNoise
from lmu_hw.measure.outside import longer
from lmu_hw.measure.prediction import sampled_lengths, with_predictions
from lmu_hw.measure.results import GIVEN, DataReport, Report
from lmu_hw.measure.rounding import rounded
from lmu_hw.measure.signals import Probe, inside_formats, probes
from lmu_hw.measure.statistics import SignalStatistics
from lmu_hw.measure.task import Labels, TaskStatistics, check_labels
from lmu_hw.network import INPUT, QuantizedNetwork
from lmu_hw.network.described import design_words
from lmu_hw.proofs import quantized_memories, readouts_of, rest_radius
from lmu_hw.sequences import Sequences, SequencesLike

__all__ = ["array_digest", "described_data", "measure", "sequences_digest"]

Array = NDArray[np.float64]

_CHUNK_BYTES = 96 * 2**20  # of one trace; both traces and their temporaries take about five times
_MAX_CHUNK = 250  # as many sequences as golden model and reference run in one pass


def measure(
    design: Design,
    x: SequencesLike,
    labels: SequencesLike | None = None,
    progress: Callable[[int], None] | None = None,
    *,
    bounds: Array | None = None,
    chunk: int | None = None,
) -> Report:
    """Compare every node of the golden model with the float reference, and with prediction.

    Parameters
    ----------
    design : Design
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        In the network's own units.
    labels : array or list of arrays, optional
        Classes, (sequences,) or (sequences, steps), or real targets in the shape of the output;
        see `check_labels`.
    progress : callable, optional
        Called with the number of sequences done since the last call.
    bounds : (outputs,) float64, optional
        What no output is further from float than, while nothing leaves its format with a loss.
    chunk : int, optional
        Sequences held in memory at once; None: as many as fit about half a gigabyte.

    Returns
    -------
    Report
        Without certificates, a search for the worst input, hardware totals and simulations;
        `write_report` adds them.

    Raises
    ------
    NetworkError
        If x or labels do not fit the network.
    """
    network = design.network
    values = design.check_input(x)
    checked = None if labels is None else check_labels(labels, network, values)
    run = _Measurement(design, checked, bounds, values)
    steps = values.longest
    size = _chunk(network, steps) if chunk is None else whole(chunk, "`chunk`", least=1)
    for rows, part in values.batches(size):
        run.add(rows, part)
        if progress is not None:
            progress(len(part))
    signals = (entry.report(last_step=steps - 1) for entry in run.signals.values())
    return Report(
        name=network.name,
        design=design_words(network),
        model_digest=network.model_digest,
        design_digest=design.digest,
        input_scale=str(network.input_scale),
        data=described_data(values, checked),
        task=run.task.report(),
        signals=with_predictions(signals, design, values),
        memories=tuple(noise.report() for noise in run.noises),
        loops=_loops(design),
        adversary=None,
        certified_steps=None,
        example=run.task.example(),
        classes=run.task.classes(),
        hardware=None,
        simulations=(),
        implementations=(),
        hardware_proof=None,
        rtl=None,
        longer=tuple(longer(design, steps)),
    )


def _chunk(network: QuantizedNetwork, steps: int) -> int:
    """Return the sequences whose golden trace takes `_CHUNK_BYTES`."""
    width = network.inputs + sum(
        node.signal.size * (1 if node.pre_activation is None else 2) for node in network.nodes
    )
    return int(min(_MAX_CHUNK, max(1, _CHUNK_BYTES // (8 * steps * width))))


def _loops(design: Design) -> tuple[LoopReport, ...]:
    radii = ((layer.name, rest_radius(layer)) for layer in design.reference.layers)
    return tuple(
        LoopReport(layer=name, radius=rounded(radius) or 0.0)
        for name, radius in radii
        if radius is not None
    )


class _Measurement:
    """Both networks side by side, a part of the data at a time."""

    def __init__(
        self,
        design: Design,
        labels: Labels | None,
        bounds: Array | None,
        x: Sequences,
    ) -> None:
        self.design, self.golden = design, GoldenModel(design.network)
        self.signals: dict[str, SignalStatistics] = {}
        self.probes = probes(design.network, design.fitted)
        self.task = TaskStatistics(design.network, labels, bounds)
        self.noise_steps = sampled_lengths(x.lengths)
        layers = {layer.name: layer for layer in design.reference.layers}
        self.noises = []
        for memory in quantized_memories(design.network):
            layer = layers.get(memory.layer.name)
            if not isinstance(layer, LmuLayer):
                raise NetworkError(f"{memory.name}: the float reference has no such memory")
            readouts = readouts_of(design.network, design.reference, memory)
            formats = {node.name: node.requant.format for node in design.network.nodes}
            self.noises.append(
                MemoryNoise(
                    memory,
                    layer,
                    readouts,
                    tuple(formats[readout.name] for readout in readouts),
                    fitted=memory.name in design.fitted,
                )
            )

    def add(self, rows: NDArray[np.int64], x: Array) -> None:
        """Run sequences of one length, (sequences, steps, inputs), through both networks.

        `rows` are their numbers.
        """
        unscaled = self.design.reference_input(x)
        x_codes, outside = quantize(unscaled, self.design.network.input, what="input")
        trace = self.golden.trace(x_codes)
        overflows = {INPUT: outside, **trace.overflows}
        reference = self.design.reference.trace(unscaled)
        for probe in self.probes:
            codes = trace.codes[probe.name]
            if probe.name not in self.signals:
                self.signals[probe.name] = SignalStatistics(probe, elements=codes.shape[2])
            self.signals[probe.name].add(
                codes,
                _paired(reference, probe, codes.shape),
                0 if probe.counter is None else overflows[probe.counter],
                rows=rows,
                first_step=x.shape[1] - codes.shape[1],
            )
        answers = _answers(self.design.network, trace, reference)
        self.task.add(rows, *answers, inside_formats(trace, self.probes))
        self._add_noise(trace, reference, self.noise_steps[rows])

    def _add_noise(self, trace: Trace, reference: dict[str, Array], steps: NDArray) -> None:
        """Add the first so many `steps` of each sequence; 0: it is not looked at."""
        for length in np.unique(steps[steps > 0]):
            alike = steps == length
            for noise in self.noises:
                m = noise.memory.name
                arrays = trace.codes[noise.u], trace.codes[m], reference[m]
                noise.add(*(array[alike, :length] for array in arrays))


def _paired(reference: dict[str, Array], probe: Probe, shape: tuple[int, ...]) -> Array:
    """Return the float values that stand beside codes of `shape`: their last steps."""
    if probe.reference not in reference:
        raise NetworkError(f"{probe.name}: the float reference has no node {probe.reference!r}")
    values = reference[probe.reference][:, -shape[1] :]
    if values.shape != shape:
        raise NetworkError(
            f"{probe.name}: the reference must have the shape {shape}, not {values.shape}"
        )
    return values


def _answers(
    network: QuantizedNetwork, trace: Trace, reference: dict[str, Array]
) -> tuple[Array, Array]:
    """Return the outputs of the float and of the fixed network, as `Design.predict` does."""
    layer = network.layers[-1]
    shown = slice(-1, None) if network.answers_once else slice(None)
    floats, fixed = [], []
    for probe in probes(network):
        if probe.name in layer.outputs:
            codes = trace.codes[probe.name][:, shown]
            fixed.append(dequantize(codes, layer.signals[probe.name].format))
            floats.append(_paired(reference, probe, codes.shape))
    answers = np.concatenate(floats, axis=2), np.concatenate(fixed, axis=2)
    return (answers[0][:, 0], answers[1][:, 0]) if network.answers_once else answers


def described_data(x: Sequences, labels: NDArray[np.generic] | None) -> DataReport:
    """Return what a report says of the data that it was measured on."""
    return DataReport(
        source=GIVEN,
        sequences=len(x),
        steps=x.longest,
        shortest=int(x.lengths.min()),
        inputs=x.features,
        x_sha256=sequences_digest(x),
        labels_sha256=None if labels is None else array_digest(labels),
    )


def sequences_digest(x: Sequences) -> str:
    """Return the SHA-256 of sequences: of their array, and of their lengths if these differ."""
    digest = array_digest(x.padded[:, : x.longest])
    if (x.lengths == x.longest).all():
        return digest
    return hashlib.sha256(f"{digest}{array_digest(x.lengths)}".encode()).hexdigest()


def array_digest(array: NDArray[np.generic]) -> str:
    """Return the SHA-256 of shape, type and values."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{little.dtype.str}{little.shape}".encode())
    digest.update(little.data)
    return digest.hexdigest()
