# SPDX-License-Identifier: Apache-2.0
"""Networks that are one memory: u is the input, the states are the output.

All hear 0.8 of an input of 16 bits and have states of 16 bits, in the orthonormal basis
(scan and two passes: in the Legendre basis, which they need).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError, RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import (
    Discretizer,
    Generators,
    Role,
    alternating_signs,
    discretize,
    orthonormal_scale,
    semiseparable,
)
from lmu_hw.lmu.scan import smallest_euler_window
from lmu_hw.network import (
    INPUT,
    AnyNode,
    Codes,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Signal,
    Term,
)
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.proofs import prove_range, proved_recursions
from lmu_hw.proofs.memories import quantized_memories
from lmu_hw.realize.recursions import recursion_formats, semiseparable_update
from lmu_hw.realize.scan import scan_update
from lmu_hw.realize.two_pass import two_pass_update
from lmu_hw.realize.weights import weight_codes, weight_format

__all__ = [
    "HEARD",
    "Bits",
    "dense_matrices",
    "dense_network",
    "memory_of",
    "scan_network",
    "scan_window",
    "semiseparable_matrices",
    "semiseparable_network",
    "signed_memory",
    "two_pass_network",
]

Array = NDArray[np.float64]

HEARD = 0.8
"""What the memory hears of its input."""

_UNIT = FixedFormat(signed=True, int_bits=0, frac_bits=15)
_NEGLIGIBLE = 1e-4
_LAYER, _INPUT, _MEMORY = "lmu", "lmu.u", "lmu.m"


@dataclass(frozen=True, slots=True)
class Bits:
    """Width of the coefficients, and whether each row has a power of two of its own."""

    width: int
    row_shifts: bool = True


def signed_memory(order: int, theta: float, method: Discretizer) -> tuple[Array, Array]:
    """Return A and B in the orthonormal basis with alternating signs."""
    A, B = discretize(order, theta, method)
    scale = orthonormal_scale(order) * alternating_signs(order)
    return A * scale / scale[:, None], B / scale


def semiseparable_network(order: int, theta: float, width: int, rank: int = 1) -> QuantizedNetwork:
    """Return the bilinear memory, or with a rank above 1 that of ZOH to that rank.

    Raises
    ------
    RuntimeError
        If its states are not proved to stay below 1.
    """
    update = _sweeps(order, theta, width, rank)
    network = _network(f"semiseparable_{order}", _structured(update))
    proof = prove_range(quantized_memories(network)[0])
    if not proof.proved:
        raise RuntimeError(f"states of order {order} must be proved to stay below 1")
    needed = proved_recursions(proof)
    forward, backward = update.forward, update.backward
    update = replace(
        update,
        forward=replace(forward, format=replace(forward.format, int_bits=needed["forward"])),
        backward=replace(backward, format=replace(backward.format, int_bits=needed["backward"])),
    )
    return _network(network.name, _structured(update))


def _sweeps(order: int, theta: float, width: int, rank: int) -> Semiseparable:
    method = Discretizer.BILINEAR if rank == 1 else Discretizer.ZOH
    A, B = signed_memory(order, theta, method)
    generators = semiseparable(A, HEARD * B, rank)
    formats = recursion_formats(generators, width, _UNIT, _UNIT, where=_MEMORY)
    return semiseparable_update(generators, formats, row_shifts=True, where=_MEMORY)


def semiseparable_matrices(
    order: int, theta: float, width: int, rank: int = 1
) -> tuple[Array, Array]:
    """Return A and B of the quantized memory."""
    update = _sweeps(order, theta, width, rank)
    ulp = update.decay.format.ulp * 2.0 ** -np.array(update.shifts)
    return Generators(
        decay=update.decay.codes * ulp,
        coupling=update.coupling.codes * ulp[:, None],
        carry=np.asarray(update.carry.codes * update.carry.format.ulp, np.float64),
    ).matrices()


def dense_network(order: int, theta: float, bits: Bits) -> QuantizedNetwork:
    """Return the ZOH memory as a plain matrix."""
    (A, B), shifts = _dense_codes(order, theta, bits)
    node = Node(
        layer=_LAYER,
        role=Role.MEMORY,
        segments=1,
        terms=(
            Term(source=_MEMORY, delayed=True, weights=A),
            Term(source=_INPUT, delayed=False, weights=B),
        ),
        bias=None,
        row_shifts=tuple(shifts.tolist()) if shifts.any() else None,
        sum_frac_bits=A.format.frac_bits + int(shifts.max()) + _UNIT.frac_bits,
        requant=_narrowing(_UNIT),
        activation=None,
        last_only=False,
    )
    return _network(f"dense_{order}", node)


def dense_matrices(order: int, theta: float, bits: Bits) -> tuple[Array, Array]:
    """Return A and B of the quantized memory."""
    codes, shifts = _dense_codes(order, theta, bits)
    A, B = (one.codes * one.format.ulp * 2.0 ** -shifts[:, None] for one in codes)
    return A, B[:, 0]


def _dense_codes(
    order: int, theta: float, bits: Bits
) -> tuple[tuple[Codes, Codes], NDArray[np.int64]]:
    A, B = signed_memory(order, theta, Discretizer.ZOH)
    table = np.column_stack([A, HEARD * B])
    fmt = weight_format(table, bits.width, where=_MEMORY)
    shifts = np.zeros(order, np.int64)
    if bits.row_shifts:
        largest = np.abs(table).max(axis=1)
        for shift in range(1, 16):
            shifts[largest * 2.0**shift < fmt.max_value + fmt.ulp / 2] = shift
    codes = weight_codes(table, fmt, shifts, _MEMORY).codes
    return (
        Codes(codes=codes[:, :order], format=fmt),
        Codes(codes=codes[:, order:], format=fmt),
    ), shifts


def scan_window(order: int, theta: float) -> int:
    """Return the smallest power of two from theta on that is far from where Euler is unstable.

    Four times the smallest stable window: closer to it, modes that hardly decay make states large.
    """
    window = 1 << int(np.ceil(np.log2(theta)))
    while window < 4 * smallest_euler_window(order):
        window *= 2
    return window


def scan_network(order: int, theta: float) -> QuantizedNetwork:
    """Return the Euler memory with the window `scan_window`, whose coefficients are exact.

    It saturates.
    """
    window = float(scan_window(order, theta))
    requant = _saturating(*discretize(order, window, Discretizer.EULER))
    update = scan_update(order, window, rate_bits=1, state=requant, source=_UNIT, where=_MEMORY)
    return _running(f"scan_{order}", update, requant)


def two_pass_network(order: int, theta: float) -> QuantizedNetwork | None:
    """Return the bilinear memory by two passes, or None if its sums would grow too much.

    It saturates.
    """
    requant = _saturating(*discretize(order, theta, Discretizer.BILINEAR))
    try:
        update = two_pass_update(
            order, theta, rate_bits=8, state=requant, source=_UNIT, where=_MEMORY
        )
        network = _running(f"two_pass_{order}", update, requant)
        GoldenModel(network)
    except (ConfigError, RangeError):
        return None
    return network


def _saturating(A: Array, B: Array) -> Requant:
    """Return the narrowing of states to 16 bits that hold what an input of at most 1 can reach."""
    reached, state = np.zeros(len(B)), B
    while np.abs(state).max() > _NEGLIGIBLE * np.abs(B).max():
        reached += np.abs(state)
        state = A @ state
    int_bits = int(np.frexp(reached.max())[1])
    fmt = FixedFormat.of_width(_UNIT.width, signed=True, int_bits=int_bits)
    return replace(_narrowing(fmt), overflow=Overflow.SATURATE)


def _running(name: str, update: Scan | TwoPass, requant: Requant) -> QuantizedNetwork:
    node = MemoryNode(layer=_LAYER, segments=1, source=_INPUT, update=update, requant=requant)
    return _network(name, node)


def memory_of(network: QuantizedNetwork) -> AnyNode:
    """Return the memory of a network."""
    return network.layers[0].nodes[1]


def _structured(update: Semiseparable) -> MemoryNode:
    return MemoryNode(
        layer=_LAYER, segments=1, source=_INPUT, update=update, requant=_narrowing(_UNIT)
    )


def _narrowing(fmt: FixedFormat) -> Requant:
    return Requant(format=fmt, rounding=Rounding.HALF_UP, overflow=Overflow.FORBID)


def _network(name: str, memory: AnyNode) -> QuantizedNetwork:
    one = FixedFormat(signed=True, int_bits=1, frac_bits=0)
    u = Node(
        layer=_LAYER,
        role=Role.ENCODED,
        segments=1,
        terms=(
            Term(
                source=INPUT,
                delayed=False,
                weights=Codes(codes=np.ones((1, 1), np.int64), format=one),
            ),
        ),
        bias=None,
        row_shifts=None,
        sum_frac_bits=_UNIT.frac_bits,
        requant=_narrowing(_UNIT),
        activation=None,
        last_only=False,
    )
    layer = QuantizedLayer(
        name=_LAYER,
        input=Signal(size=1, format=_UNIT),
        nodes=(u, memory),
        outputs=(memory.name,),
        last_only=False,
    )
    return QuantizedNetwork(
        name=name,
        input=_narrowing(_UNIT),
        input_scale=Fraction(1),
        layers=(layer,),
        answers_once=False,
        softmax=False,
        model_digest="0" * 64,
    )
