# SPDX-License-Identifier: Apache-2.0
"""Structured memories, run on linear forms of u, the states, and the errors of their narrowings.

A file holds the integers of an update: D, U and W of two recursions (semiseparable), K of running
sums (scan), or K, G and H of two passes of them,

    b[d-1] = 0,     b[k-1] = narrow(U[k] x[k] - W[k]' b[k])
    f[0] = -u e_0,  f[k+1] = narrow(W[k] f[k] + e_0 x[k])
    x'[k] = narrow(x[k] - D[k] x[k] - U[k] . f[k] + b[k][0])

    s[0] = u - (x[0] + ... + x[d-1]),  s[1] = 2 x[0] + s[0] - 2 u,  s[i+2] = s[i] + 2 x[i+1]
    x'[i] = narrow(x[i] + (2i+1) K s[i])

    s[0] = u - T,  s[1] = -u - T + 2 z[0],  s[i+2] = s[i] + 2 z[i+1]
    z[i] = narrow(x[i] + (2i+1) K s[i]),  x'[i] = narrow(x[i] + 2 (2i+1) K s[i])
    T = narrow(G (z[0] + ... + z[d-1]) + H u)  with the z of a first pass for u = T = 0

Run on linear forms in exact integers, this gives ``x' = A x + B u + N n``, with n what the
narrowings inside drop, and f and b, or s, z and T. All of these are rounded to `EXACT_BITS`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lmu_verify.design import Node
from lmu_verify.errors import BadFile
from lmu_verify.fields import NEAREST, Format, Narrowing
from lmu_verify.files import Tensors
from lmu_verify.integers import Codes, rounded, total

__all__ = ["EXACT_BITS", "Forms", "Group", "read_forms"]

EXACT_BITS = 80
_MAX_RANK = 8
_MAX_SHIFT = 256


class Group(NamedTuple):
    """Numbers that an update carries on its way: forms (m, columns), in a format."""

    name: str
    format: Format
    forms: np.ndarray


class Forms(NamedTuple):
    """An update as linear forms over u, the states, and the errors of its narrowings.

    states : (d, columns), groups: Python integers in units of ``2**-EXACT_BITS``; errors : the
    largest of each, as values; nearest : every narrowing that drops something is to nearest.
    """

    states: np.ndarray
    groups: list[Group]
    errors: list[Fraction]
    nearest: bool


def read_forms(node: Node, tensors: Tensors, source: Format) -> Forms:
    """Run the update of a memory that hears a source of some format."""
    if node.update is None:
        raise BadFile(f"{node.name}: must have an update")
    runs = {"semiseparable": _semiseparable, "scan": _scan, "two-pass": _two_pass}
    run = runs[node.update.choice("kind", runs)]
    return run(_Update(node, tensors, source))


class _Update:
    """The integers and formats of an update."""

    def __init__(self, node: Node, tensors: Tensors, source: Format) -> None:
        assert node.update is not None
        self.fields, self.tensors, self.order = node.update, tensors, node.rows
        self.state, self.source = node.requant.format, source

    def codes(self, name: str, *shape: int) -> tuple[np.ndarray, int]:
        """Return the codes of a coefficient and its fraction bits."""
        entry = self.fields.object(name)
        fmt = entry.format("format")
        codes = self.tensors.integers(entry.text("array"), shape)
        if codes.size and not fmt.min_code <= codes.min() <= codes.max() <= fmt.max_code:
            entry.refuse("array", f"codes that fit {entry.get('format')}")
        if fmt.frac_bits < 0:
            entry.refuse("format", "one with fraction bits")
        return codes, fmt.frac_bits

    def narrowing(self, name: str) -> Narrowing:
        """Return a narrowing inside, which must forbid overflow."""
        narrowing = self.fields.narrowing(name)
        if narrowing.overflow != "forbid" or not narrowing.format.signed:
            self.fields.refuse(name, "signed, with overflow forbidden")
        return narrowing

    def holds(self, name: str, fmt: Format, *others: Format) -> None:
        """Refuse a format that would round what it takes without a narrowing."""
        if fmt.frac_bits < max(other.frac_bits for other in others):
            self.fields.refuse(name, "a format with the fraction bits of what it takes")


def _semiseparable(update: _Update) -> Forms:
    d = update.order
    forward, backward = update.narrowing("forward"), update.narrowing("backward")
    update.holds("forward", forward.format, update.source)
    decay, rate_bits = update.codes("decay", d)
    r = update.tensors.get(update.fields.object("coupling").text("array"), None, "int").shape[-1]
    if not 1 <= r <= _MAX_RANK:
        raise BadFile(f"{update.fields.where}: the rank must be from 1 to {_MAX_RANK}, not {r}")
    U, coupling_bits = update.codes("coupling", d, r)
    W, carry_bits = update.codes("carry", d, r, r)
    shifts = update.fields.list("shifts")
    if coupling_bits != rate_bits:
        update.fields.refuse("coupling", "in the format of decay")
    if len(shifts) != d or not all(type(s) is int and 0 <= s <= _MAX_SHIFT for s in shifts):
        update.fields.refuse("shifts", f"{d} integers from 0 to {_MAX_SHIFT}")
    rates, most = [rate_bits + shift for shift in shifts], rate_bits + max(shifts)
    count = r * (d - 1)
    shape = r, 1 + d + 2 * count
    unit = _unit(r)
    f = [Codes(np.zeros(shape, dtype=object), 0)]
    f[0].codes[0, 0] = -1
    for k in range(d - 1):
        bits, first = carry_bits * (k + 1), 1 + d + r * k
        form = W[k].dot(f[k].codes)
        form[0, 1 + k] += 1 << bits
        form[:, first : first + r] += unit << bits
        f.append(Codes(form, bits))
    b = [Codes(np.zeros(shape, dtype=object), most)]
    for k in range(d - 1, 0, -1):
        bits, first = most + carry_bits * (d - k), 1 + d + count + r * (k - 1)
        form = -W[k].T.dot(b[0].codes)
        form[:, 1 + k] += U[k] << (bits - rates[k])
        form[:, first : first + r] += unit << bits
        b.insert(0, Codes(form, bits))
    states = []
    for k, rate in enumerate(rates):
        kept = np.zeros(shape[1], dtype=object)
        kept[1 + k] = (1 << rate) - decay[k]
        coupled = Codes(-U[k].dot(f[k].codes), rate + f[k].bits)
        states.append(total(Codes(kept, rate), coupled, Codes(b[k].codes[0], b[k].bits)))
    # A recursion whose sums have no more fraction bits than its format drops nothing.
    state = update.state.frac_bits
    drops = (
        max(forward.format.frac_bits + carry_bits, state) > forward.format.frac_bits,
        max(backward.format.frac_bits + carry_bits, state + most) > backward.format.frac_bits,
    )
    errors = [
        narrowing.error if drop else Fraction(0)
        for narrowing, drop in zip((forward, backward), drops, strict=True)
    ]
    return Forms(
        _table(states),
        [
            Group(name, narrowing.format, np.vstack([_exact(form) for form in forms]))
            for name, narrowing, forms in (("forward", forward, f), ("backward", backward, b))
        ],
        [errors[0]] * count + [errors[1]] * count,
        all(
            narrowing.rounding in NEAREST or not drop
            for narrowing, drop in zip((forward, backward), drops, strict=True)
        ),
    )


def _scan(update: _Update) -> Forms:
    d, running = update.order, update.fields.format("running")
    update.holds("running", running, update.state, update.source)
    (K,), F = update.codes("rate", 1)
    forms = _unit(1 + d)
    u, m = Codes(forms[0], 0), [Codes(form, 0) for form in forms[1:]]
    sum_of_states = _times(-1, total(*m))
    s = [total(u, sum_of_states), total(_times(-1, u), sum_of_states, _times(2, m[0]))]
    for i in range(d - 2):
        s.append(total(s[i], _times(2, m[i + 1])))
    states = [total(m[i], _times(K * (2 * i + 1), s[i], F)) for i in range(d)]
    return Forms(_table(states), [Group("running sum", running, _table(s[:d]))], [], True)


def _two_pass(update: _Update) -> Forms:
    d, running = update.order, update.narrowing("running")
    update.holds("running", running.format, update.state, update.source)
    (K,), F = update.codes("rate", 1)
    (G, H), fine = update.codes("closing", 2)
    # The errors of the first pass, of T, and of the second pass.
    forms = [Codes(form, 0) for form in _unit(3 * d + 2)]
    u, m, errors = forms[0], forms[1 : 1 + d], forms[1 + d :]

    def swept(s: list[Codes], errors: list[Codes]) -> tuple[list[Codes], list[Codes]]:
        """Return s[0] ... s[d] and z[0] ... z[d-1], from s[0] and what s[1] has without z[0]."""
        z = []
        for i in range(d):
            z.append(total(m[i], errors[i], _times(K * (2 * i + 1), s[i], F)))
            s[i + 1 :] = [total(s[i + 1], _times(2, z[i])), s[i]]
        return s[: d + 1], z

    nothing = _times(0, u)
    first = swept([nothing, nothing], errors[:d])
    closing = total(_times(G, total(*first[1]), fine), _times(H, u, fine), errors[d])
    below = _times(-1, closing)
    second = swept([total(u, below), total(_times(-1, u), below)], errors[d + 1 :])
    states = [total(m[i], _times(2 * K * (2 * i + 1), second[0][i], F)) for i in range(d)]
    groups = (
        ("first pass", [*first[0], *first[1]]),
        ("closing", [closing]),
        ("second pass", [*second[0], *second[1]]),
    )
    return Forms(
        _table(states),
        [Group(name, running.format, _table(group)) for name, group in groups],
        [running.error] * (2 * d + 1),
        running.rounding in NEAREST,
    )


def _unit(size: int) -> np.ndarray:
    unit = np.zeros((size, size), dtype=object)
    unit[np.diag_indices(size)] = 1
    return unit


def _times(factor: int, form: Codes, frac_bits: int = 0) -> Codes:
    return Codes(form.codes * factor, form.bits + frac_bits)


def _table(rows: list[Codes]) -> np.ndarray:
    return np.vstack([_exact(row) for row in rows])


def _exact(form: Codes) -> np.ndarray:
    """Return integers in units of ``2**-EXACT_BITS``, off by half a unit at most."""
    near, _ = rounded(form, EXACT_BITS)
    return near.codes << (EXACT_BITS - near.bits)
