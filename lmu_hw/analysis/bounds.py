# SPDX-License-Identifier: Apache-2.0
"""Error certificates: bounds on |quantized - ideal| for memory states and linear heads.

Split by cause. The ideal is the float network in the basis and scale of the hardware. With
``m_q = H_q u_q`` plus rounding and ``m = H u``,

    m_q - m = (H_q - H) u_q  +  rounding  +  H (u_q - u)

and each term is bounded by a gain: of the difference system, of rounding, of the ideal memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.analysis.gains import Response, difference_gain, gains_of, input_gain
from lmu_hw.analysis.memory import QuantizedMemory, values
from lmu_hw.analysis.ranges import published, residual_gain
from lmu_hw.analysis.rigour import inflate
from lmu_hw.fixed import Rounding
from lmu_hw.lmu import DenseLayer, LmuLayer
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.spec import INPUT, Node, QuantizedLayer, QuantizedNetwork

__all__ = ["ErrorBound", "HeadCertificate", "MemoryPair", "head_certificates", "memory_error"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorBound:
    """Bounds on |quantized - ideal|, split by cause, as values; (n,) float64 each.

    Attributes
    ----------
    coefficients, rounding, input, mismatch : (n,) float64
        Rounded coefficients; what narrowing drops; what u (or the input of a head) is off by;
        another discretization or realization of the memory.
    conditional : bool
        u depends on what has no worst-case bound (hidden units, earlier layers), so `input` counts
        only the narrowing of u: the bound holds for the u that the hardware computed.
    """

    coefficients: Array
    rounding: Array
    input: Array
    mismatch: Array
    conditional: bool

    @property
    def total(self) -> Array:
        """Sum of all causes."""
        return inflate(self.coefficients + self.rounding + self.input + self.mismatch)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadCertificate:
    """Error bound of a node that reads a memory linearly; valid while it does not saturate."""

    name: str
    memory: str
    error: ErrorBound


class MemoryPair:
    """A quantized memory beside the float layer it stands for, with the gains of both.

    Raises
    ------
    StabilityError
        If one of them is not stable.
    """

    def __init__(self, network: QuantizedNetwork, memory: QuantizedMemory, layer: LmuLayer) -> None:
        self.network, self.memory, self.layer = network, memory, layer
        self.ideal_A, self.ideal_B = layer.memory.A, layer.memory.B
        self.gains = gains_of(memory.A, what=memory.name)
        self.ideal_gains = gains_of(self.ideal_A, what=f"{memory.name} in float")
        self.u_error, self.conditional = _encoder_error(network, memory, layer)

    def coefficient_gain(self, rows: Array | None = None, ideal_rows: Array | None = None) -> Array:
        """Return the published peak gain of the difference system, read by both read-outs."""
        pair = []
        for A, B, gains, readout in (
            (self.memory.A, self.memory.B, self.gains, rows),
            (self.ideal_A, self.ideal_B, self.ideal_gains, ideal_rows),
        ):
            pair.append((Response(A, B, gains.lyapunov), gains.readout(readout), readout))
        return published(difference_gain(pair[0], pair[1]))

    def ideal_input_gain(self, rows: Array | None = None) -> Array:
        """Return the published input gain of the float memory, read by a read-out."""
        lyapunov, rounding = self.ideal_gains.lyapunov, self.ideal_gains.readout(rows)
        return published(input_gain(self.ideal_A, self.ideal_B, lyapunov, rounding, rows))


def memory_error(pair: MemoryPair, coefficient_gain: Array, rounding_gain: Array) -> ErrorBound:
    """Return the error bound of the states of a memory; both gains are published ones."""
    memory = pair.memory
    return ErrorBound(
        coefficients=coefficient_gain * float(memory.u_limit),
        rounding=rounding_gain * float(memory.rounding_error) * memory.format.ulp,
        input=pair.ideal_input_gain() * float(pair.u_error.max()),
        mismatch=np.zeros(len(memory.B)),
        conditional=pair.conditional,
    )


def head_certificates(pairs: tuple[MemoryPair, ...], layers: tuple) -> tuple[HeadCertificate, ...]:
    """Return the error bounds of all nodes that read a memory linearly.

    A linear hidden cell without recurrence, or a linear dense layer behind a layer without hidden
    cell.

    Parameters
    ----------
    pairs : tuple of MemoryPair
    layers : tuple of LmuLayer and DenseLayer
        Of the float network.
    """
    found = []
    for pair in pairs:
        network, own = pair.network, pair.memory.layer
        index = network.layers.index(own)
        hidden = pair.layer.hidden
        if hidden is not None:
            if hidden.activation == LINEAR and hidden.W_h is None:
                head = next(node for node in own.nodes if node.name == f"{own.name}.h")
                weights = values(head, pair.memory.name, delayed=False)
                passed = (values(head, INPUT, delayed=False), hidden.W_x)
                found.append(_head(pair, head, weights, hidden.W_m, passed, own))
        elif index + 1 < len(layers) and isinstance(layers[index + 1], DenseLayer):
            dense, after = layers[index + 1], network.layers[index + 1]
            if dense.activation == LINEAR:
                head = after.nodes[0]
                weights = values(head, INPUT, delayed=False)
                if weights is not None:
                    states = pair.memory.segments * len(pair.memory.B)
                    passed = (weights[:, states:], dense.W[:, states:])
                    ideal = dense.W[:, :states]
                    found.append(_head(pair, head, weights[:, :states], ideal, passed, own))
    return tuple(found)


def _head(
    pair: MemoryPair,
    head: Node,
    weights: Array | None,
    ideal: Array,
    passed: tuple[Array | None, Array | None],
    layer: QuantizedLayer,
) -> HeadCertificate:
    memory, d = pair.memory, len(pair.memory.B)
    if weights is None:
        weights = np.zeros_like(ideal)
    coefficients, rounding, reached = (np.zeros(len(ideal)) for _ in range(3))
    for segment in range(memory.segments):
        part = slice(segment * d, (segment + 1) * d)
        rows, ideal_rows = weights[:, part], ideal[:, part]
        coefficients += pair.coefficient_gain(rows, ideal_rows) * float(memory.u_limit)
        dropped = published(residual_gain(memory, pair.gains, rows))
        rounding += dropped * float(memory.rounding_error) * memory.format.ulp
        reached += pair.ideal_input_gain(ideal_rows) * pair.u_error[segment]
    own = head.requant.format.ulp * _share(head.requant.rounding)
    bias = 0.0 if head.bias is None else 2.0**-head.sum_frac_bits
    direct = _passed_error(pair.network, layer, *passed)
    return HeadCertificate(
        name=head.name,
        memory=memory.name,
        error=ErrorBound(
            coefficients=coefficients + bias + direct[0],
            rounding=rounding + own,
            input=reached + direct[1],
            mismatch=np.zeros(len(ideal)),
            conditional=pair.conditional or (direct[2] and layer is not pair.network.layers[0]),
        ),
    )


def _passed_error(
    network: QuantizedNetwork, layer: QuantizedLayer, weights: Array | None, ideal: Array | None
) -> tuple[Array | float, Array | float, bool]:
    """Return what rounded weights and a rounded input do to ``W x``, and whether there is any."""
    if ideal is None or not ideal.size:
        return 0.0, 0.0, False
    rounded = np.zeros_like(ideal) if weights is None else weights
    fmt = layer.input.format
    off = np.abs(rounded - ideal).sum(axis=1) * fmt.max_magnitude * fmt.ulp
    return off, np.abs(ideal).sum(axis=1) * _input_error(network), True


def _encoder_error(
    network: QuantizedNetwork, memory: QuantizedMemory, layer: LmuLayer
) -> tuple[Array, bool]:
    """Return how far each u can be from its ideal, and whether more than that is unknown."""
    node = next(n for n in memory.layer.nodes if n.name == f"{memory.layer.name}.u")
    own = np.full(memory.segments, node.requant.format.ulp * _share(node.requant.rounding))
    if not memory.open_loop or memory.layer is not network.layers[0] or memory.u_saturates:
        return own, True
    encoders = values(node, INPUT, delayed=False)
    direct = _passed_error(network, memory.layer, encoders, layer.E_x)
    bias = 0.0 if node.bias is None else 2.0**-node.sum_frac_bits
    return own + direct[0] + direct[1] + bias, False


def _input_error(network: QuantizedNetwork) -> float:
    """Return the largest rounding error of an input; integers times a scale have none."""
    fmt = network.input.format
    if fmt.frac_bits == 0 and network.input_scale != 1:
        return 0.0
    return fmt.ulp * _share(network.input.rounding)


def _share(rounding: Rounding) -> float:
    """Return the largest rounding error in ulp."""
    return 0.5 if rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN) else 1.0
