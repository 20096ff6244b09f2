# SPDX-License-Identifier: Apache-2.0
"""Certificates of a quantized network: what is proved about its memories, for all inputs and time.

Ranges, errors of what is read, and stability; see `ranges`, `readouts`, `end_to_end` and
`stability` for what exactly, and `certificate_file` for what others need to check it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.lmu import LmuLayer, Network, window
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.network import QuantizedNetwork
from lmu_hw.proofs.end_to_end import NodeError, node_errors
from lmu_hw.proofs.float_bounds import inflate, one_blas_thread
from lmu_hw.proofs.loop import closed_loop
from lmu_hw.proofs.memories import quantized_memories
from lmu_hw.proofs.noise import rounding_covariance
from lmu_hw.proofs.ranges import NodeRange, RangeProof, node_ranges, proved_range
from lmu_hw.proofs.readouts import MemoryPair, ReadoutProof, readouts_of
from lmu_hw.proofs.residue import Residue, measure_residue
from lmu_hw.proofs.stability import StabilityError, lyapunov, spectral_radius
from lmu_hw.records import stored

__all__ = [
    "NOT_CHECKED",
    "Certificate",
    "LoopCertificate",
    "MemoryCertificate",
    "MemoryProof",
    "certify",
]

Array = NDArray[np.float64]

_MAX_LOOP = 1024  # states of a closed loop that is still analysed


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCertificate:
    """The loop ``A + B E_m`` while u does not saturate.

    Attributes
    ----------
    spectral_radius, ideal_spectral_radius : float
        Quantized and float.
    stable : bool
        Shown by a Lyapunov certificate, verified in integers.
    """

    spectral_radius: float
    ideal_spectral_radius: float
    stable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryProof:
    """What is proved, predicted and measured of one memory: what files and reports hold.

    Attributes
    ----------
    name : str
        Of the memory's node.
    order, segments : int
        States of one memory, and memories that share the coefficients.
    format : FixedFormat
        Of the states.
    error_feedback : bool
    u_limit : float
        ``|u|`` never exceeds it.
    u_saturates : bool
        Because the format of u ends there.
    spectral_radius, ideal_spectral_radius, contraction : float
        Of the recurrence as rounded; of the float one; what is proved of the former.
    input_gain, rounding_gain : float
        Largest peak gains over all states: from u, and from rounding errors.
    bound, limit : float
        Largest magnitude of any state, and positive end of their format.
    proved : bool
        No state can leave its format.
    provable_bits : int or None
        Fewest state bits for which the range is proved; None if no number is.
    provable_scale : float or None
        Share of its input that the memory may hear for the range to be proved as it is.
    rounding : (d,)
        What rounding adds to each state in the worst case, as a value.
    predicted_rms_ulp : (d,)
        Stationary rounding noise, in ulp of the states; see `rounding_covariance`.
    loop : LoopCertificate or None
        None if the states do not feed back linearly into u, or the loop is too large.
    residue : Residue or None
        Measured when generated, not proved; None if the sums are too wide for it.
    """

    name: str
    order: int
    segments: int = field(metadata=stored("memories"))
    format: FixedFormat
    error_feedback: bool
    u_limit: float
    u_saturates: bool
    spectral_radius: float
    ideal_spectral_radius: float
    contraction: float
    input_gain: float
    rounding_gain: float
    bound: float
    limit: float
    proved: bool
    provable_bits: int | None
    provable_scale: float | None
    rounding: tuple[float, ...]
    predicted_rms_ulp: tuple[float, ...]
    loop: LoopCertificate | None
    residue: Residue | None


NOT_CHECKED = (
    "spectral_radius",
    "ideal_spectral_radius",
    "predicted_rms_ulp",
    "loop.spectral_radius",
    "loop.ideal_spectral_radius",
    "residue",
    "predicted_rounding",
    "accumulator_bits inside structured memories",
)
"""What `lmu_verify` does not show of all this: predictions and measurements."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MemoryCertificate:
    """The proof of one memory, and what it rests on.

    Attributes
    ----------
    pair : MemoryPair
        The quantized and the float memory with their certified gains.
    range : RangeProof
    proof : MemoryProof
    """

    pair: MemoryPair
    range: RangeProof
    proof: MemoryProof

    @property
    def name(self) -> str:
        """Of the memory's node."""
        return self.proof.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certificate:
    """All certificates of a network.

    Attributes
    ----------
    steps : int
        First steps of a sequence, for which errors have bounds of their own.
    memories : tuple of MemoryCertificate
    readouts : tuple of ReadoutProof
        Of everything that reads a memory.
    errors : tuple of NodeError
        Of all nodes that have a bound against float.
    ranges : tuple of NodeRange
    """

    steps: int
    memories: tuple[MemoryCertificate, ...]
    readouts: tuple[ReadoutProof, ...]
    errors: tuple[NodeError, ...]
    ranges: tuple[NodeRange, ...]


def certify(
    network: QuantizedNetwork,
    reference: Network,
    *,
    steps: int,
    ranges: Collection[RangeProof] = (),
    progress: Callable[[str], None] | None = None,
) -> Certificate:
    """Prove ranges and stability of all memories of a network, and errors of what reads them.

    Parameters
    ----------
    network : QuantizedNetwork
    reference : Network
        The float network it stands for, in the same basis and scale.
    steps : int
        First steps of a sequence for which errors get bounds of their own.
    ranges : collection of RangeProof, optional
        What is proved already: a memory for which one of them holds is not proved again.
    progress : callable, optional
        Told the name of the memory that is analysed next.

    Raises
    ------
    StabilityError
        If a memory is not stable, or not shown to be.
    """
    memories, readouts, gains = [], [], {}
    for memory in quantized_memories(network):
        if progress is not None:
            progress(memory.name)
        layer = next(one for one in reference.layers if one.name == memory.layer.name)
        if not isinstance(layer, LmuLayer):
            raise NetworkError(f"{memory.name}: must stand for an LMU layer, not {layer!r}")
        with one_blas_thread():
            pair = MemoryPair(memory, layer, steps)
            memories.append(_certify(pair, proved_range(memory, ranges)))
            for readout in readouts_of(network, reference, memory):
                key = readout.name, readout.memory, readout.delayed
                gains[key] = pair.gains_through(readout)
                readouts.append(pair.proof(readout, gains[key]))
    return Certificate(
        steps=steps,
        memories=tuple(memories),
        readouts=tuple(readouts),
        errors=node_errors(network, reference, gains),
        ranges=node_ranges(network, {one.name: one.range for one in memories}),
    )


def require_forbidden(network: QuantizedNetwork, proofs: Mapping[str, RangeProof]) -> None:
    """Raise if a node forbids an overflow that may happen.

    Parameters
    ----------
    network : QuantizedNetwork
    proofs : mapping of memory name to RangeProof

    Raises
    ------
    NetworkError
    """
    for entry in node_ranges(network, proofs):
        if entry.overflow is Overflow.FORBID and not entry.proved:
            proof = proofs.get(entry.name)
            choices = (
                _in_general(network, entry) if proof is None else in_words(proof, scalable=True)
            )
            raise NetworkError(
                f"{entry.name}: overflow is forbidden, but not proved impossible: the bound is "
                f"{entry.bound} codes and the format ends at {entry.limit}; provable: {choices}"
            )


def _in_general(network: QuantizedNetwork, entry: NodeRange) -> str:
    nodes = {node.name for layer in network.layers for node in layer.nodes}
    if entry.name in nodes:
        return "more bits or saturation"
    missing = entry.bound.bit_length() - entry.limit.bit_length()
    return f"{missing} more integer bits" if missing > 1 else "one more integer bit"


def in_words(proof: RangeProof, *, scalable: bool) -> str:
    """Return what would make a range provable; `scalable`: the memory may hear less of u."""
    fmt = proof.memory.format
    choices = []
    if proof.bits is not None:
        choices.append(f"{proof.bits} state bits instead of {fmt.width}")
    if scalable and proof.scale is not None:
        choices.append(f"a memory that hears {proof.scale:.3f} of this input")
    return " or ".join([*choices, "states that saturate and count"])


def _certify(pair: MemoryPair, reach: RangeProof) -> MemoryCertificate:
    memory, contraction = pair.memory, pair.gains.lyapunov.contraction
    covariance = rounding_covariance(memory.A, noise=memory.noise, feedback=memory.error_feedback)
    proof = MemoryProof(
        name=memory.name,
        order=len(memory.B),
        segments=memory.segments,
        format=memory.format,
        error_feedback=memory.error_feedback,
        u_limit=float(memory.u_limit),
        u_saturates=memory.u_saturates,
        spectral_radius=pair.gains.radius,
        ideal_spectral_radius=pair.ideal_gains.radius,
        contraction=contraction,
        input_gain=float(reach.input_gain.max()),
        rounding_gain=float(reach.rounding_gain.max()),
        bound=reach.value,
        limit=memory.format.max_value,
        proved=reach.proved,
        provable_bits=reach.bits,
        provable_scale=reach.scale,
        rounding=tuple(
            inflate(reach.rounding_gain * float(memory.rounding_error) * memory.format.ulp).tolist()
        ),
        predicted_rms_ulp=tuple(np.sqrt(np.diag(covariance)).tolist()),
        loop=_loop(pair),
        residue=measure_residue(memory, contraction, window(pair.layer.memory)),
    )
    return MemoryCertificate(pair=pair, range=reach, proof=proof)


def _loop(pair: MemoryPair) -> LoopCertificate | None:
    memory, layer = pair.memory, pair.layer
    if not memory.E_m.any() or layer.E_m is None or memory.E_m.shape[1] > _MAX_LOOP:
        return None
    if layer.encoder != LINEAR:
        return None
    ideal = closed_loop(pair.ideal_A, pair.ideal_B, layer.E_m)
    try:
        lyapunov(memory.closed_loop)
        stable = True
    except StabilityError:
        stable = False
    return LoopCertificate(
        spectral_radius=spectral_radius(memory.closed_loop),
        ideal_spectral_radius=spectral_radius(ideal),
        stable=stable,
    )
