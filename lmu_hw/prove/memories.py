# SPDX-License-Identifier: Apache-2.0
"""What structured memories compute, on integers or on forms: the formulas of their updates."""

from __future__ import annotations

from collections.abc import Iterator

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import MemoryNode, entry_of
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.prove.algebra.cases import floor_by_cases
from lmu_hw.prove.algebra.forms import Value, exact, multiply, range_of, weighted_sum
from lmu_hw.prove.narrowing import Naming, narrow

__all__ = ["first_pass", "states"]

Codes = list[Value]


def states(
    node: MemoryNode,
    source: FixedFormat,
    x: Codes,
    begun: Codes,
    u: Value,
    segment: int,
    naming: Naming,
) -> Codes:
    """Return the new states of one memory.

    Parameters
    ----------
    node : MemoryNode
    source : FixedFormat
        Of u.
    x : list of codes
        The states before.
    begun : list of codes
        What `first_pass` returned for them; not empty where a memory has two passes.
    u : code
    segment : int
        Which of the node's memories it is.
    naming : Naming
    """
    if isinstance(node.update, TwoPass):
        totals = _two_pass(node, source, x, begun[-1], u, segment, naming)
    else:
        totals = entry_of(_TOTALS, node.update)(node, source, x, u, segment, naming)
    return [
        narrow(total, node.sum_frac_bits, node.requant, f"{node.name}[{k}]", naming)
        for k, total in enumerate(totals, segment * node.rows)
    ]


def _semiseparable(
    node: MemoryNode, source: FixedFormat, x: Codes, u: Value, segment: int, naming: Naming
) -> Codes:
    """Return D, U, W and both recursions put together; see `lmu_hw.network.semiseparable`."""
    update: Semiseparable = node.update  # type: ignore[assignment]
    d, rank, bits = update.order, update.rank, update.sum_frac_bits(node.requant.format)
    x_bits = node.requant.format.frac_bits
    f_bits, b_bits = update.forward.format.frac_bits, update.backward.format.frac_bits
    row_bits = update.decay.format.frac_bits + update.max_shift
    w_bits = update.carry.format.frac_bits
    up = [update.max_shift - shift for shift in update.shifts]
    D = [int(code) << up[k] for k, code in enumerate(update.decay.codes)]
    U = [[int(code) << up[k] for code in row] for k, row in enumerate(update.coupling.codes)]
    W = update.carry.codes.tolist()

    def carried(recursion: str, k: int, sums: list[Value], frac_bits: int) -> Codes:
        requant = update.forward if recursion == "f" else update.backward
        what = f"{node.name} {recursion}[{segment}, {k}"
        return [narrow(s, frac_bits, requant, f"{what}, {i}]", naming) for i, s in enumerate(sums)]

    b: list[Codes] = [[0] * rank for _ in range(d)]
    for k in range(d - 1, 0, -1):
        sums = [
            weighted_sum(
                [
                    (U[k][i] << bits.backward - row_bits - x_bits, x[k]),
                    *(
                        (-W[k][j][i] << bits.backward - w_bits - b_bits, b[k][j])
                        for j in range(rank)
                    ),
                ]
            )
            for i in range(rank)
        ]
        b[k - 1] = carried("b", k - 1, sums, bits.backward)
    f: list[Codes] = [[-u << f_bits - source.frac_bits, *[0] * (rank - 1)]]
    for k in range(d - 1):
        sums = [
            weighted_sum(
                [
                    *((W[k][i][j] << bits.forward - w_bits - f_bits, f[k][j]) for j in range(rank)),
                    (1 << bits.forward - x_bits if i == 0 else 0, x[k]),
                ]
            )
            for i in range(rank)
        ]
        f.append(carried("f", k + 1, sums, bits.forward))
    return [
        weighted_sum(
            [
                ((1 << bits.state - x_bits) - (D[k] << bits.state - row_bits - x_bits), x[k]),
                *((-U[k][i] << bits.state - row_bits - f_bits, f[k][i]) for i in range(rank)),
                (1 << bits.state - b_bits, b[k][0]),
            ]
        )
        for k in range(d)
    ]


def _running(node: MemoryNode, fmt: FixedFormat, what: str, value: Value, naming: Naming) -> Value:
    """Return a running sum, which its format holds; where that is no matter of course, named.

    Hardware may know less of the range of its sum: it is a matter of course by the symbols alone.
    """
    low, high = range_of(exact(value))
    if fmt.min_code <= low and high <= fmt.max_code:
        return value
    return naming(f"{node.name} {what}", value, fmt, proved=False, carried=False)


def _unnamed(
    what: str, value: Value, fmt: FixedFormat | None, *, proved: bool, **_: object
) -> Value:
    """Return a result that hardware never holds by itself, as it is."""
    return value


def _scan(
    node: MemoryNode, source: FixedFormat, x: Codes, u: Value, segment: int, naming: Naming
) -> Codes:
    """Return m + K (2i+1) s; see `lmu_hw.network.scan`."""
    update: Scan = node.update  # type: ignore[assignment]
    fmt = update.running
    m = [state << fmt.frac_bits - node.requant.format.frac_bits for state in x]
    u = u << fmt.frac_bits - source.frac_bits
    total = weighted_sum([(1, state) for state in m])
    s: Codes = []
    for i in range(update.order):
        match i:
            case 0:
                value = u - total
            case 1:
                value = -u - total + m[0] * 2
            case _:
                value = s[i - 2] + m[i - 1] * 2
        s.append(_running(node, fmt, f"s[{segment}, {i}]", value, naming))
    rate, up = int(update.rate.codes.item()), update.rate.format.frac_bits
    return [weighted_sum([(1 << up, m[i]), (rate * (2 * i + 1), s[i])]) for i in range(len(m))]


def first_pass(node: MemoryNode, x: Codes, segment: int, naming: Naming) -> Codes:
    """Return s[0] ... s[d] of a first pass, then R; nothing where a memory has one pass.

    It needs no input, so hardware runs it as soon as it has the states, which is in their step.
    """
    if not isinstance(node.update, TwoPass):
        return []
    sums = list(_pass(node, _scaled(node, node.update, x), 1, (0, 0), segment, naming))
    last, end = (0, *sums)[-2:]
    return [*sums, floor_by_cases(end + last, 1)]  # the sum is never odd


def _scaled(node: MemoryNode, update: TwoPass, x: Codes) -> Codes:
    up = update.running.format.frac_bits - node.requant.format.frac_bits
    return [state << up for state in x]


def _pass(
    node: MemoryNode,
    m: Codes,
    number: int,
    begin: tuple[Value, Value],
    segment: int,
    naming: Naming,
) -> Iterator[Value]:
    """Yield s[0] ... s[d] of a pass."""
    update: TwoPass = node.update  # type: ignore[assignment]
    fmt, bits = update.running.format, update.sum_frac_bits(node.requant.format)
    rate, up = int(update.rate.codes.item()), update.rate.format.frac_bits
    first, before = begin
    s = _running(node, fmt, f"s{number}[{segment}, 0]", first, naming)
    yield s
    for i in range(update.order):
        total = weighted_sum([(1 << up, m[i]), (rate * (2 * i + 1), s)])
        # A mean is a state and a narrowed product: within sums, hardware adds them one by one.
        z = narrow(total, bits.mean, update.running, "", _unnamed)
        what = f"s{number}[{segment}, {i + 1}]"
        before, s = s, _running(node, fmt, what, before + z * 2, naming)
        yield s


def _two_pass(
    node: MemoryNode,
    source: FixedFormat,
    x: Codes,
    R: Value,
    u: Value,
    segment: int,
    naming: Naming,
) -> Iterator[Value]:
    """Yield m + 2 K (2i+1) s of the second pass; see `lmu_hw.network.two_pass`."""
    update: TwoPass = node.update  # type: ignore[assignment]
    fmt, bits = update.running.format, update.sum_frac_bits(node.requant.format)
    m, u = _scaled(node, update, x), u << fmt.frac_bits - source.frac_bits
    rate, up = int(update.rate.codes.item()), update.rate.format.frac_bits
    G, H = update.closing.codes.tolist()
    closing = multiply(R, G) + multiply(u, H)
    what = f"{node.name} T[{segment}]"
    T = narrow(closing, bits.closing, update.running, what, naming, carried=False)
    # Each state has its name before the next sum is formed, of which it may be a part.
    sums = _pass(node, m, 2, (u - T, -u - T), segment, naming)
    for i, s in zip(range(len(m)), sums, strict=False):
        yield weighted_sum([(1 << up - 1, m[i]), (rate * (2 * i + 1), s)])


_TOTALS = {Semiseparable: _semiseparable, Scan: _scan}
