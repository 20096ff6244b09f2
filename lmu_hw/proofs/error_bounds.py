# SPDX-License-Identifier: Apache-2.0
"""Error certificates: bounds on |quantized - ideal| for memory states and linear heads.

Split by cause. The ideal is the float network in the basis and scale of the hardware. With
``m_q = H_q u_q`` plus rounding and ``m = H u``,

    m_q - m = (H_q - H) u_q  +  rounding  +  H (u_q - u)

and each term is bounded by a gain: of the difference system, of rounding, of the ideal memory.
Where a quantized memory stands for another float memory than the ideal, the realized one, the first
term has two causes: mismatch counts for the gain of the difference between both float memories, as
far as that is no more than the whole, and coefficients for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import DenseLayer, LmuLayer, Role
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.network import INPUT, Node, QuantizedLayer, QuantizedNetwork, Rectifier, Table
from lmu_hw.proofs.float_bounds import inflate
from lmu_hw.proofs.gains import Gains, Response, difference_gain, gains_of, input_gain
from lmu_hw.proofs.gramian import FloatGains, float_gains
from lmu_hw.proofs.linear_form import largest_error
from lmu_hw.proofs.memories import QuantizedMemory, values
from lmu_hw.proofs.ranges import published, residual_gain
from lmu_hw.records import stored

__all__ = [
    "CAUSES",
    "Causes",
    "ErrorBound",
    "HeadCertificate",
    "MemoryPair",
    "head_certificates",
    "memory_error",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """What an error bound is split into; a number for each element.

    Attributes
    ----------
    coefficients, rounding, input, mismatch : (n,)
        Rounded coefficients; what narrowing drops; what u (or the input of a head) is off by;
        another discretization or realization of the memory.
    """

    coefficients: tuple[float, ...]
    rounding: tuple[float, ...]
    input: tuple[float, ...]
    mismatch: tuple[float, ...]


CAUSES = tuple(cause.name for cause in fields(Causes))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBound:
    """Bounds on |quantized - ideal| of each element: as values, or in ulp within a report.

    Attributes
    ----------
    conditional : bool
        u depends on what has no worst-case bound (hidden units, earlier layers), so its input
        counts only the narrowing of u: the bound holds for the u that the hardware computed.
    total : (n,)
        All causes.
    by_cause : Causes
    """

    conditional: bool
    total: tuple[float, ...] = field(metadata=stored("error_bound"))
    by_cause: Causes

    def __post_init__(self) -> None:
        for cause in CAUSES:
            if not self.total or len(getattr(self.by_cause, cause)) != len(self.total):
                raise NetworkError(f"by_cause.{cause} must hold a number for each element")

    @classmethod
    def of(cls, *, conditional: bool, **causes: Array) -> ErrorBound:
        """Return the bound that arrays of all causes make."""
        total = inflate(sum(causes.values(), np.zeros(())))
        parts = {cause: tuple(values.tolist()) for cause, values in causes.items()}
        return cls(conditional=conditional, total=tuple(total.tolist()), by_cause=Causes(**parts))

    @property
    def given_u(self) -> tuple[float, ...]:
        """The bound for the u that the hardware computed: all causes but the input."""
        causes = self.by_cause
        parts = zip(causes.coefficients, causes.rounding, causes.mismatch, strict=True)
        return tuple(map(sum, parts))

    @property
    def worst(self) -> int:
        """The element of the largest bound."""
        return self.total.index(max(self.total))

    def each(self, change: Callable[[tuple[float, ...]], tuple[float, ...]]) -> ErrorBound:
        """Return the bound with the numbers of all causes, and of the whole, in another form."""
        parts = {cause: change(getattr(self.by_cause, cause)) for cause in CAUSES}
        return replace(self, total=change(self.total), by_cause=Causes(**parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCertificate:
    """Error bound of a node that reads a memory linearly.

    Valid while neither it nor the copy of the input that it reads saturates.
    """

    name: str
    memory: str
    error: ErrorBound = field(metadata=stored(flat=True))


class _System(NamedTuple):
    """A memory with its gains."""

    A: Array
    B: Array
    gains: Gains | FloatGains

    def difference(self, rows: Array | None, other: _System, other_rows: Array | None) -> Array:
        """Return the peak gain of the difference of two memories, each with its read-out."""
        pair = []
        for one, readout in ((self, rows), (other, other_rows)):
            response = Response(one.A, one.B, one.gains.lyapunov)
            pair.append((response, one.gains.readout(readout), readout))
        return difference_gain(pair[0], pair[1])


class MemoryPair:
    """A quantized memory beside the float layer it stands for, with the gains of both.

    Parameters
    ----------
    network : QuantizedNetwork
    memory : QuantizedMemory
    layer : LmuLayer
        In the same basis and scale.
    realized : (A (d, d), B (d,)), optional
        The float memory whose coefficients were rounded, where it is not that of the layer.

    Raises
    ------
    StabilityError
        If one of them is not stable.
    """

    def __init__(
        self,
        network: QuantizedNetwork,
        memory: QuantizedMemory,
        layer: LmuLayer,
        realized: tuple[Array, Array] | None = None,
    ) -> None:
        self.network, self.memory, self.layer = network, memory, layer
        self.ideal_A, self.ideal_B = layer.memory.A, layer.memory.B
        self.realized = realized
        self.gains = gains_of(memory.A, memory.paths, what=memory.name)
        self.ideal_gains = float_gains(self.ideal_A, what=f"{memory.name} in float")
        self.u_error, self.conditional = _encoder_error(network, memory, layer)

    def coefficient_gain(self, rows: Array | None = None, ideal_rows: Array | None = None) -> Array:
        """Return the published peak gain of the difference system, read by both read-outs."""
        own = _System(self.memory.A, self.memory.B, self.gains)
        return published(own.difference(rows, self._ideal, ideal_rows))

    def mismatch_gain(self, rows: Array | None = None, ideal_rows: Array | None = None) -> Array:
        """Return the published peak gain of the realized memory's difference from the ideal."""
        if self.realized is None:
            count = len(self.ideal_B) if ideal_rows is None else len(ideal_rows)
            return np.zeros(count)
        gains = float_gains(self.realized[0], what=f"{self.memory.name} as realized")
        other = _System(*self.realized, gains)
        return published(other.difference(rows, self._ideal, ideal_rows))

    @property
    def _ideal(self) -> _System:
        return _System(self.ideal_A, self.ideal_B, self.ideal_gains)

    def ideal_input_gain(self, rows: Array | None = None) -> Array:
        """Return the published input gain of the float memory, read by a read-out."""
        lyapunov, rounding = self.ideal_gains.lyapunov, self.ideal_gains.readout(rows)
        return published(input_gain(self.ideal_A, self.ideal_B, lyapunov, rounding, rows))


def memory_error(pair: MemoryPair, coefficient_gain: Array, rounding_gain: Array) -> ErrorBound:
    """Return the error bound of the states of a memory; both gains are published ones."""
    memory = pair.memory
    mismatch = np.minimum(pair.mismatch_gain(), coefficient_gain)
    return ErrorBound.of(
        coefficients=(coefficient_gain - mismatch) * float(memory.u_limit),
        rounding=rounding_gain * float(memory.rounding_error) * memory.format.ulp,
        input=pair.ideal_input_gain() * float(pair.u_error.max()),
        mismatch=mismatch * float(memory.u_limit),
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
                head = next(node for node in own.sums if node.role is Role.HIDDEN)
                weights = values(head, pair.memory.name, delayed=False)
                passed = (values(head, INPUT, delayed=False), hidden.W_x)
                found.append(_head(pair, head, weights, hidden.W_m, passed, own))
        elif index + 1 < len(layers) and isinstance(layers[index + 1], DenseLayer):
            dense, after = layers[index + 1], network.layers[index + 1]
            if dense.activation == LINEAR:
                head = after.sums[0]
                weights = values(head, INPUT, delayed=False)
                if weights is not None:
                    states = pair.memory.segments * len(pair.memory.B)
                    rounded, dropped = _copied(own, weights[:, states:])
                    passed, ideal = (rounded, dense.W[:, states:]), dense.W[:, :states]
                    found.append(
                        _head(pair, head, weights[:, :states], ideal, passed, own, dropped)
                    )
    return tuple(found)


def _head(
    pair: MemoryPair,
    head: Node,
    weights: Array | None,
    ideal: Array,
    passed: tuple[Array | None, Array | None],
    layer: QuantizedLayer,
    dropped: Array | float = 0.0,
) -> HeadCertificate:
    memory, d = pair.memory, len(pair.memory.B)
    if weights is None:
        weights = np.zeros_like(ideal)
    coefficients, rounding, reached, mismatch = (np.zeros(len(ideal)) for _ in range(4))
    for segment in range(memory.segments):
        part = slice(segment * d, (segment + 1) * d)
        rows, ideal_rows = weights[:, part], ideal[:, part]
        whole = pair.coefficient_gain(rows, ideal_rows)
        other = np.minimum(pair.mismatch_gain(rows, ideal_rows), whole)
        coefficients += (whole - other) * float(memory.u_limit)
        mismatch += other * float(memory.u_limit)
        gain = published(residual_gain(memory, pair.gains, rows))
        rounding += gain * float(memory.rounding_error) * memory.format.ulp
        reached += pair.ideal_input_gain(ideal_rows) * pair.u_error[segment]
    own = head.requant.format.ulp * largest_error(head.requant.rounding)
    bias = 0.0 if head.bias is None else 2.0**-head.sum_frac_bits
    direct = _passed_error(pair.network, layer, *passed)
    return HeadCertificate(
        name=head.name,
        memory=memory.name,
        error=ErrorBound.of(
            coefficients=coefficients + bias + direct[0],
            rounding=rounding + own + dropped,
            input=reached + direct[1],
            mismatch=mismatch,
            conditional=pair.conditional or (direct[2] and layer is not pair.network.layers[0]),
        ),
    )


def _copied(layer: QuantizedLayer, weights: Array) -> tuple[Array, Array | float]:
    """Return weights of the copy of a layer's input as weights of the input, and what it drops."""
    copy = next((node for node in layer.sums if node.role is Role.PASSED_INPUT), None)
    identity = None if copy is None else values(copy, INPUT, delayed=False)
    if copy is None or identity is None:
        return weights, 0.0
    fmt = copy.requant.format
    narrower = fmt.frac_bits < layer.input.format.frac_bits
    off = fmt.ulp * largest_error(copy.requant.rounding) if narrower else 0.0
    return weights @ identity, np.abs(weights).sum(axis=1) * off


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
    node = memory.layer.encoder
    own = np.full(memory.segments, node.requant.format.ulp * largest_error(node.requant.rounding))
    if not memory.open_loop or memory.layer is not network.layers[0] or memory.u_saturates:
        return own, True
    match node.activation:
        case None | Rectifier():  # which leaves errors as they are, or removes them
            pass
        case Table():
            return own, True
        case _:
            assert_never(node.activation)
    encoders = values(node, INPUT, delayed=False)
    direct = _passed_error(network, memory.layer, encoders, layer.E_x)
    bias = 0.0 if node.bias is None else 2.0**-node.sum_frac_bits
    return own + direct[0] + direct[1] + bias, False


def _input_error(network: QuantizedNetwork) -> float:
    """Return the largest rounding error of an input; integers times a scale have none."""
    fmt = network.input.format
    if fmt.frac_bits == 0 and network.input_scale != 1:
        return 0.0
    return fmt.ulp * largest_error(network.input.rounding)
