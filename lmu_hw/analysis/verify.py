# SPDX-License-Identifier: Apache-2.0
"""Independent check of certificates of fixed-point memories: exact integers, nothing of lmu_hw.

A memory ``m[t] = A m[t-1] + B u[t] + e[t]``, from ``m = 0``, with ``|u| <= u_limit`` and a rounding
error e of at most ``delta`` per state and step, satisfies

    |m_i| <= u_limit G_i + delta T_i,   G_i = sum_k |(A^k B)_i|,   T_i = sum_k sum_j |(A^k)_ij|.

A certificate claims upper bounds of G and T. Both are shown here by N steps of a recursion and a
bound on all that follows:

Stability. ``P - I/2`` and ``rate P - A'PA`` are positive semidefinite, ``rate = lambda^2 < 1``:
with ``||x||_P^2 = x'Px``, ``||x||_2 <= sqrt(2) ||x||_P`` and ``||Ax||_P <= lambda ||x||_P``.

Tails. Let ``p = sum_ab |P_ab|``, so that ``||x||_P <= sqrt(p) max|x|``. For a column h,
``|(A^k h)_i| <= sqrt(2) ||A^k h||_P <= lambda^k sqrt(2p) max|h|``. For a row r, the 1-norm of
``r A^k`` is ``r A^k x`` with a vector x of signs, hence at most
``||r||_2 ||A^k x||_2 <= lambda^k sqrt(2p) ||r||_2``. As ``1/(1-lambda) <= 2/(1-lambda^2)``, the
sums over all k >= 0 are at most ``K max|h|`` and ``K ||r||_2``, with ``K = sqrt(8p)/(1-rate)``.

Rounding of the check itself. Computed is ``X_{k+1} = X_k A + R_k`` from ``X_0 = I``. So for k < N,
``A^k = X_k - sum_{j<k} R_j A^(k-1-j)``, and for k >= N, ``A^k = X_N A^(k-N) - sum_{j<N} (same)``.
Sum the 1-norms of row i over all k: every ``R_j A^l`` occurs once. If row i of R_j has no element
above r_ij, then ``sum_l ||(R_j A^l)_i||_1 <= r_ij (T_1 + ... + T_d)``, so

    T_i <= sum_{k<N} ||(X_k)_i||_1 + K ||(X_N)_i||_2 + (sum_j r_ij) (T_1 + ... + T_d).

Added over i this bounds the sum of all T (finite, as A is stable), and then each T_i. Likewise
``h_{k+1} = A h_k + r_k`` gives ``G_i <= sum_{k<N} |(h_k)_i| + K max|h_N| + (sum_k max|r_k|) T_i``,
where the error of ``h_0 = B`` is one more r_k. The tails are those of the computed X_N and h_N:
how these differ from the true ones is in the last terms already.

Error feedback. What the floor drops, ``r[t]`` in [0, 1) ulp, is added to the next total, so that
``e[t] = r[t-1] - r[t]``. Let ``r = 1/2 + q``, with ``q = -1/2`` before the first step. Then all e
add ``-q[t] + sum_k (A^k - A^(k+1)) q[t-1-k]`` to the states: delta is half an ulp, and T_i becomes
``F_i = 1 + sum_k ||(A^k - A^(k+1))_i||_1``. As above, but with every ``R_j A^l`` occurring twice,

    F_i <= 1 + sum_{k<N} ||(X_k - X_{k+1})_i||_1 + 2 K ||(X_N)_i||_2 + 2 (sum_j r_ij) (T_1 + ...).

The ideal memory rounds nothing. Where its T is needed, K is one.

Structured memories. A file may hold, instead of A and B, the integers of an update: D, U and W of
two sweeps (semiseparable), K of running sums (scan), or K, G and H of two passes of them,

    b[d-1] = 0,     b[k-1] = narrow(U[k] x[k] - W[k]' b[k])
    f[0] = -u e_0,  f[k+1] = narrow(W[k] f[k] + e_0 x[k])
    x'[k] = narrow(x[k] - D[k] x[k] - U[k] . f[k] + b[k][0])

    s[0] = u - (x[0] + ... + x[d-1]),  s[1] = 2 x[0] + s[0] - 2 u,  s[i+2] = s[i] + 2 x[i+1]
    x'[i] = narrow(x[i] + (2i+1) K s[i])

    s[0] = u - T,  s[1] = -u - T + 2 z[0],  s[i+2] = s[i] + 2 z[i+1]
    z[i] = narrow(x[i] + (2i+1) K s[i]),  x'[i] = narrow(x[i] + 2 (2i+1) K s[i])
    T = narrow(G (z[0] + ... + z[d-1]) + H u)  with the z of a first pass for u = T = 0

Run on linear forms of u, the states and the errors n of the narrowings inside, in exact integers,
it gives ``x' = A x + B u + N n``, and f and b, or s, z and T. All of these are rounded to 80 bits.
What that changes of x' is bounded, as x stays within its format, and added to delta.

T_i is now the sum over the rows of ``A^k [I N]``, N being scaled so that its errors count like
those of the states. If no row of N has a larger sum of magnitudes than v, ``|N s| <= v`` for signs
s, and all tails grow by ``1 + v``.

A number inside, ``c x + h u`` with an error of at most o from narrowings of the same step, is at
most ``u_limit (|h| + sum_k |c A^k B|) + delta R + o`` as long as no state overflows. R is the
smaller of ``|c| T`` and what Q shows. For scales s > 0 of the columns of N, let ``S = I + (N s)(N
s)'``, and w the order plus the sum of ``1/s^2``; let Q and ``rate Q - A Q A' - S`` be positive
semidefinite. Then ``sum_k rate^-(k+1) c A^k S A'^k c' <= c Q c'``, and ``||c A^k [I N]||_1^2`` is
at most ``w c A^k S A'^k c'`` by Cauchy and Schwarz; so ``R <= sqrt(w rate / (1 - rate) c Q c')``.
Otherwise the number is at most ``|c| x_max + |h| u_limit + o``.

Rows c and N are float64 where they are multiplied: a sum of products of float64 is off by at most
``terms 2**-52`` of the sum of their magnitudes, in whatever order it is taken (Higham 2002, 3.1).
"""

from __future__ import annotations

import json
import math
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Verdict", "main", "verify"]

Progress = Callable[[str], None]

_MATRIX_BITS = 44  # fraction bits of X, in int64
_VECTOR_BITS = 64  # fraction bits of h, in Python integers
_TAIL_BITS = 16  # a recursion ends when its tail is below 2**-16 of the sum,
_ABSOLUTE_BITS = 32  # or below 2**-32 for a difference of memories, which may be nearly zero
_EXACT_BITS = 80  # fraction bits of A, B, N, f and b of a structured memory
_PATH_BITS = 30  # fraction bits of N in S
_FLOAT_ERROR = 2.0**-34  # of a sum of up to 2**17 products of float64, of the sum of magnitudes
_CHECK_EVERY = 64
_MAX_STEPS = 2_000_000
_MAX_ORDER = 4096
_MAX_RANK = 8
_MAX_BITS = 256
_PROOF_KEYS = {"name", "rate", "p_frac_bits", "l_frac_bits"}
_KEYS = {"order", "gain_frac_bits", "state_frac_bits", "state_width", "rounding", "error_feedback"}
_KEYS |= {"overflow", "u_limit", "ideal", *_PROOF_KEYS}
_DENSE_KEYS = {"a_frac_bits", "b_frac_bits"}
_STRUCTURE_KEYS = {"name", "kind", "q_rate", "q_frac_bits", "l_frac_bits", "scale_frac_bits"}
_NARROWING_KEYS = {"name", "frac_bits", "width", "rounding"}
_ERROR_ULP = {
    "half_up": Fraction(1, 2),
    "half_even": Fraction(1, 2),
    "floor": Fraction(1),
    "toward_zero": Fraction(1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one claim on one memory was shown; with what, or why not."""

    memory: str
    claim: str
    holds: bool
    detail: str


class _Codes(NamedTuple):
    """Python integers that stand for ``codes * 2**-bits``."""

    codes: np.ndarray
    bits: int


class _System(NamedTuple):
    """A memory and its proof of stability: P, factors of ``P - I/2`` and ``rate P - A'PA``."""

    name: str
    a: _Codes
    b: _Codes
    p: _Codes
    l_p: _Codes
    l_m: _Codes
    rate: Fraction

    @property
    def tail(self) -> int:
        """K of the module's docstring, rounded up."""
        total = int(np.abs(self.p.codes).sum())
        root = Fraction(math.isqrt(8 * total << self.p.bits) + 1, 1 << self.p.bits)
        return math.ceil(root / (1 - self.rate))


class _Sweep(NamedTuple):
    """What a sweep carries, ``rows x + through u``; `bound` is claimed of its codes."""

    name: str
    rows: np.ndarray
    through: np.ndarray
    own: np.ndarray
    ulp: float
    width: int
    bound: int


class _Structure(NamedTuple):
    """A memory of two sweeps, but for A and B.

    `step_error` is what rounding these to 80 bits changes of a state, in ulp. `paths` is N.
    """

    step_error: Fraction
    paths: np.ndarray
    sweeps: list[_Sweep]
    scales: _Codes
    q: _Codes
    l_q: _Codes
    l_s: _Codes
    rate: Fraction


class _Certificate(NamedTuple):
    """All that a file claims of one memory."""

    quantized: _System
    structure: _Structure | None
    ideal: _System | None
    gains: dict[str, list[Fraction]]
    bound: list[int]
    ulp: Fraction
    width: int
    error_ulp: Fraction
    feedback: bool
    overflow: str
    u_limit: Fraction


class _NotShown(Exception):
    """A claim is false, or what the file holds does not suffice to show it."""


def verify(path: str | PathLike[str], *, progress: Progress | None = None) -> list[Verdict]:
    """Check every claim of a certificate file.

    Parameters
    ----------
    path : path
        An archive of `numpy.savez`; nothing in it is unpickled.
    progress : callable, optional
        Called with a line of text every few steps.

    Raises
    ------
    ValueError
        If the file cannot be read or is malformed.
    """
    try:
        with Path(path).open("rb") as stream:
            if not zipfile.is_zipfile(stream):
                raise ValueError("this must be a whole archive of numpy.savez")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as file:
                certificates = list(_certificates(file))
    except (ValueError, OSError, RuntimeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {error}") from error
    report = progress or (lambda line: None)
    return [verdict for certificate in certificates for verdict in _judge(certificate, report)]


def _judge(c: _Certificate, progress: Progress) -> Iterator[Verdict]:
    """Yield the verdicts on one memory; a claim holds only if all that it rests on holds."""
    shown: dict[str, Any] = {}

    def verdict(claim: str, check: Callable[[], str], *needs: str) -> Verdict:
        try:
            if missing := [need for need in needs if need not in shown]:
                raise _NotShown(f"rests on {missing[0]}, which was not shown")
            shown[claim] = detail = check()
        except _NotShown as reason:
            detail = str(reason)
        return Verdict(memory=c.quantized.name, claim=claim, holds=claim in shown, detail=detail)

    def rounding_gain() -> str:
        paths = None if c.structure is None else c.structure.paths
        powers, changes = _row_sums(c.quantized, progress, feedback=c.feedback, paths=paths)
        shown["the sum of powers"] = powers
        return _at_least(c.gains["rounding_gain"], changes if c.feedback else powers)

    def input_gain() -> str:
        own = c.quantized, shown["the sum of powers"]
        return _at_least(c.gains["input_gain"], _response_sums([own], progress))

    def coefficient_gain(ideal: _System) -> str:
        own = c.quantized, shown["the sum of powers"]
        other = ideal, [Fraction(ideal.tail)] * len(ideal.a.codes)
        return _at_least(c.gains["coefficient_gain"], _response_sums([own, other], progress))

    yield verdict("stability", lambda: _stability(c.quantized))
    yield verdict("rounding gain", rounding_gain, "stability")
    yield verdict("input gain", input_gain, "stability", "the sum of powers")
    yield verdict("range", lambda: _range(c), "input gain", "rounding gain")
    if (structure := c.structure) is not None:
        yield verdict("spread", lambda: _spread(c.quantized.a, structure), "stability")
        needs = "spread", "range", "the sum of powers"
        powers = shown.get("the sum of powers", [])
        yield verdict("sweeps", lambda: _sweeps(c, structure, powers, progress), *needs)
    if (ideal := c.ideal) is not None:
        yield verdict("ideal stability", lambda: _stability(ideal))
        needs = "stability", "the sum of powers", "ideal stability"
        yield verdict("coefficient gain", lambda: coefficient_gain(ideal), *needs)


def _stability(s: _System) -> str:
    """Show that ``P - I/2`` and ``rate P - A'PA`` are positive semidefinite and rate < 1."""
    if s.rate >= 1:
        raise _NotShown(f"the rate must be below 1, not {float(s.rate):.9g}")
    if not np.array_equal(s.p.codes, s.p.codes.T):
        raise _NotShown("P must be symmetric")
    half = _Codes(-np.eye(len(s.p.codes), dtype=object), 1)
    _semidefinite("P - I/2", [s.p, half], s.l_p)
    scaled = s.rate.numerator * s.p.codes, s.p.bits + s.rate.denominator.bit_length() - 1
    image = -s.a.codes.T.dot(s.p.codes).dot(s.a.codes), s.p.bits + 2 * s.a.bits
    _semidefinite("rate P - A'PA", [_Codes(*scaled), _Codes(*image)], s.l_m)
    return f"the spectral radius is at most {math.sqrt(s.rate):.6f}"


def _semidefinite(what: str, terms: list[_Codes], factor: _Codes) -> None:
    """Show that a symmetric matrix M, the sum of some terms, is positive semidefinite.

    ``M - L L'`` is, as it is symmetric and no row weighs more outside the diagonal than on it
    (Gershgorin's circles lie right of 0). ``L L'`` is, for every L. So their sum M is.
    """
    terms = [*terms, _Codes(-factor.codes.dot(factor.codes.T), 2 * factor.bits)]
    scale = max(term.bits for term in terms)
    rest = np.sum([term.codes << (scale - term.bits) for term in terms], axis=0)
    outweighed = 2 * rest.diagonal() < np.abs(rest).sum(axis=1)
    if outweighed.any():
        row = int(np.argmax(outweighed))
        raise _NotShown(f"{what} is not shown to be positive by its factor: row {row}")


class _Powers:
    """Rows ``x_{k+1} = x_k A`` in units of ``2**-x_bits``, rounded, with a bound on the rounding.

    x and A are split into digits of base ``2**w``, none above ``2**(w-1)``. d products of two
    digits add up to at most ``d 2**(2w-2) <= 2**53``: float64 holds every partial sum exactly, in
    whatever order BLAS adds.
    """

    def __init__(self, a: _Codes, x: np.ndarray, x_bits: int) -> None:
        (a_codes, self.a_bits), self.a_error = _rounded(a, x_bits)
        self.digit_bits = (53 - (len(a_codes) - 1).bit_length()) // 2 + 1
        a_digits = _digits(a_codes, self.digit_bits)
        self.a_places, self.a_digits = len(a_digits), np.hstack(a_digits)
        self.x_bits, self.steps = x_bits, 0
        self.norms = np.zeros(len(x), dtype=object)  # sums of ||x_k||_1 over the steps done
        heaviest = max(int(np.abs(a_codes).sum(axis=0).max()), len(a_codes) << self.a_bits)
        self._limit = (1 << (60 + self.a_bits)) // heaviest
        self._set(x)

    def _set(self, x: np.ndarray) -> None:
        """Take an x of int64 or of Python integers; the former must be small enough.

        Then the sums over its elements, and the elements of the next x, are below 2**60.
        """
        self.x, self.size = x, np.abs(x)
        if x.dtype == np.int64 and int(self.size.max()) > self._limit:
            raise _NotShown("the powers of A are too large for the arithmetic of this check")

    def advance(self) -> None:
        """Do one step."""
        if self.steps == _MAX_STEPS:
            raise _NotShown(f"the powers of A do not vanish within {_MAX_STEPS} steps")
        self.norms += self.size.sum(axis=1).astype(object)
        self._set(self._product())
        self.steps += 1

    def _product(self) -> np.ndarray:
        x_digits = _digits(self.x, self.digit_bits)
        # One call of BLAS: the digits of x below each other, those of A beside each other.
        products = (np.concatenate(x_digits) @ self.a_digits).astype(np.int64)
        sums: dict[int, Any] = {}
        for i, rows in enumerate(np.vsplit(products, len(x_digits))):
            for j, product in enumerate(np.hsplit(rows, self.a_places)):
                sums[i + j] = sums.get(i + j, 0) + product
        y = np.zeros_like(self.x)
        for place, total in sums.items():
            total = total.astype(self.x.dtype)
            # What lies right of the unit is rounded to the nearest: an error of at most 1/2 for
            # each such place. Of int64, the sum fits and NumPy adds and shifts modulo 2**64, so
            # parts that do not fit do no harm.
            right = self.a_bits - self.digit_bits * place
            y += (total + (1 << (right - 1))) >> right if right > 0 else total << -right
        return y

    def errors(self) -> list[Fraction]:
        """Return for each row the sum over the steps of the largest error of an element of x.

        Half a unit for each place rounded in a step; and where A itself was rounded, its error in
        one element times ``||x_k||_1``.
        """
        halves = self.steps * -(-self.a_bits // self.digit_bits)
        unit = Fraction(1, 1 << self.x_bits)
        return [unit * (Fraction(halves, 2) + self.a_error * int(norm)) for norm in self.norms]


def _digits(x: np.ndarray, bits: int) -> list[np.ndarray]:
    """Split integers into balanced digits, the least first: ``x = sum of digit[i] << bits*i``."""
    digits, half = [], 1 << (bits - 1)
    while not digits or x.any():
        shifted = x + half
        digits.append(((shifted & (2 * half - 1)) - half).astype(np.float64))
        x = shifted >> bits
    return digits


def _rounded(x: _Codes, limit: int) -> tuple[_Codes, Fraction]:
    """Return codes of at most `limit` fraction bits, and the largest error."""
    if (excess := x.bits - limit) <= 0:
        return x, Fraction(0)
    return _Codes((x.codes + (1 << (excess - 1))) >> excess, limit), Fraction(1, 2 << limit)


def _row_sums(
    s: _System, progress: Progress, *, feedback: bool = False, paths: np.ndarray | None = None
) -> tuple[list[Fraction], list[Fraction]]:
    """Return upper bounds of T, and those of F if there is error feedback; `paths` is N."""
    identity = np.eye(len(s.a.codes), dtype=np.int64) << _MATRIX_BITS
    powers, tail = _Powers(s.a, identity, _MATRIX_BITS), s.tail
    heaviest = 0.0 if paths is None else _row_norm(paths)
    tail = math.ceil(tail * (1 + Fraction(heaviest)))
    through = np.zeros(len(identity), dtype=object)
    changes = np.zeros(len(identity), dtype=object)
    while True:
        errors = powers.errors()
        if (lost := sum(errors, Fraction(0))) >= 1:
            raise _NotShown(f"{powers.steps} steps are too many for the arithmetic of this check")
        squares = (powers.x.astype(object) ** 2).sum(axis=1)
        tails = np.array([tail * (math.isqrt(square) + 1) for square in squares], dtype=object)
        if (tails << _TAIL_BITS <= (changes if feedback else powers.norms + through)).all():
            break
        for _ in range(_CHECK_EVERY):
            before = powers.x
            if paths is not None:
                products = np.abs(before @ paths).sum(axis=1)
                products += _FLOAT_ERROR * heaviest * powers.size.sum(axis=1)
                through += np.ceil(products).astype(np.int64).astype(object) + 1
            powers.advance()
            if feedback:
                changes += np.abs(powers.x - before).sum(axis=1).astype(object)
        progress(f"{s.name}: power {powers.steps} of A")
    unit = Fraction(1, 1 << _MATRIX_BITS)
    sums = [unit * int(total) for total in powers.norms + through + tails]
    total = sum(sums, Fraction(0)) / (1 - lost)
    bounds = [part + error * total for part, error in zip(sums, errors, strict=True)]
    parts = zip(changes + 2 * tails, errors, strict=True)
    return bounds, [1 + unit * int(part) + 2 * error * total for part, error in parts]


def _response_sums(
    systems: list[tuple[_System, list[Fraction]]], progress: Progress
) -> list[Fraction]:
    """Return upper bounds of ``sum_k |(A^k B)_i|``, or of the same for a difference of two.

    Of a difference, the tails and the errors of both count. Each system comes with its T.
    """
    responses, start_errors = [], []
    for s, _ in systems:
        b, error = _rounded(s.b, _VECTOR_BITS)
        start = b.codes[None, :] << (_VECTOR_BITS - b.bits)
        transposed = _Codes(s.a.codes.T, s.a.bits)  # rows h' -> h' A'
        responses.append(_Powers(transposed, start, _VECTOR_BITS))
        start_errors.append(error)
    absolute = 1 << (_VECTOR_BITS - _ABSOLUTE_BITS) if len(systems) > 1 else 0
    sums = np.zeros(responses[0].x.shape[1], dtype=object)
    while True:
        largest = [int(response.size.max()) for response in responses]
        tail = sum(s.tail * h for (s, _), h in zip(systems, largest, strict=True))
        if tail <= max(absolute, min(filter(None, sums), default=0) >> _TAIL_BITS):
            break
        for _ in range(_CHECK_EVERY):
            sums += np.abs(responses[0].x[0] - sum(other.x[0] for other in responses[1:]))
            for response in responses:
                response.advance()
        progress(f"{systems[0][0].name}: step {responses[0].steps} of the impulse response")
    bounds = [Fraction(int(total) + tail, 1 << _VECTOR_BITS) for total in sums]
    for response, start, (_, t) in zip(responses, start_errors, systems, strict=True):
        error = start + response.errors()[0]
        bounds = [bound + error * row for bound, row in zip(bounds, t, strict=True)]
    return bounds


def _row_norm(matrix: np.ndarray) -> float:
    """Return a bound of the sums of magnitudes of the rows."""
    return float(np.abs(matrix).sum(axis=1).max(initial=0.0)) * (1 + 2.0**-30)


def _spread(a: _Codes, structure: _Structure) -> str:
    """Show that Q and ``rate Q - A Q A' - S`` are positive semidefinite and rate < 1."""
    q, rate, order = structure.q, structure.rate, len(a.codes)
    if rate >= 1:
        raise _NotShown(f"the rate must be below 1, not {float(rate):.9g}")
    if not np.array_equal(q.codes, q.codes.T):
        raise _NotShown("Q must be symmetric")
    _semidefinite("Q", [q], structure.l_q)
    paths = np.rint(structure.paths * 2.0**_PATH_BITS).astype(np.int64).astype(object)
    scaled, scaled_bits = paths * structure.scales.codes, _PATH_BITS + structure.scales.bits
    terms = [
        _Codes(rate.numerator * q.codes, q.bits + rate.denominator.bit_length() - 1),
        _Codes(-a.codes.dot(q.codes).dot(a.codes.T), q.bits + 2 * a.bits),
        _Codes(-np.eye(order, dtype=object), 0),
        _Codes(-scaled.dot(scaled.T), 2 * scaled_bits),
    ]
    _semidefinite("rate Q - AQA' - S", terms, structure.l_s)
    return f"rounding spreads at a rate of {float(rate):.9g}"


def _spread_gains(structure: _Structure, rows: np.ndarray) -> np.ndarray:
    """Return what Q shows of the rounding gains of rows.

    S has N to `_PATH_BITS`: as ``R`` counts the identity too, its rounding adds at most the number
    of columns times that to R.
    """
    q = structure.q.codes.astype(np.float64) * 2.0**-structure.q.bits
    form = ((rows @ q) * rows).sum(axis=1)
    form += _FLOAT_ERROR * ((np.abs(rows) @ np.abs(q)) * np.abs(rows)).sum(axis=1)
    scales = structure.scales.codes.astype(np.float64) * 2.0**-structure.scales.bits
    total = len(q) + float((scales**-2.0).sum())
    ratio = float(structure.rate / (1 - structure.rate))
    margin = 1 + len(scales) * 2.0**-_PATH_BITS + 2.0**-30
    return np.sqrt(np.maximum(form, 0.0) * total * ratio) * margin


def _sweeps(
    c: _Certificate, structure: _Structure, powers: list[Fraction], progress: Progress
) -> str:
    """Show that no number of a sweep leaves its format; `powers` bounds the T of A."""
    rows = np.vstack([sweep.rows for sweep in structure.sweeps])
    peaks = _row_responses(c.quantized, rows, [float(t) for t in powers], progress)
    claimed = np.array([float(t) for t in c.gains["rounding_gain"]])
    gains = np.minimum(np.abs(rows) @ claimed, _spread_gains(structure, rows))
    ulp, u_limit, proved = float(c.ulp), float(c.u_limit), max(c.bound) < 1 << (c.width - 1)
    state_limit = 2.0 ** (c.width - 1) * ulp
    off = len(c.bound) * 2.0**-_EXACT_BITS * state_limit  # of c, h and o, which have 80 bits
    details = []
    for sweep in structure.sweeps:
        count = len(sweep.rows)
        peak, peaks = peaks[:count], peaks[count:]
        gain, gains = gains[:count], gains[count:]
        through = np.abs(sweep.through) * u_limit
        reached = np.abs(sweep.rows).sum(axis=1) * state_limit + through
        if proved:
            by_gain = peak * u_limit + float(c.error_ulp) * ulp * gain + through
            reached = np.minimum(reached, by_gain + 2.0**-52 * reached)
        reached = (reached + sweep.own + off) * (1 + 2.0**-32) / sweep.ulp
        most, limit = float(reached.max()), (1 << (sweep.width - 1)) - 1
        if sweep.bound < most:
            raise _NotShown(
                f"{sweep.name}: {most:.9g} codes can be shown, but {sweep.bound} are claimed"
            )
        if sweep.bound > limit:
            raise _NotShown(
                f"{sweep.name}: overflow is forbidden, but the bound is {sweep.bound} of {limit} "
                "codes"
            )
        details.append(f"{sweep.name} at most {sweep.bound} of {limit} codes")
    return ", ".join(details)


def _row_responses(
    s: _System, rows: np.ndarray, powers: list[float], progress: Progress
) -> np.ndarray:
    """Return upper bounds of ``sum_k |c A^k B|`` for each row c."""
    b, start_error = _rounded(s.b, _VECTOR_BITS)
    start = b.codes[None, :] << (_VECTOR_BITS - b.bits)
    response = _Powers(_Codes(s.a.codes.T, s.a.bits), start, _VECTOR_BITS)
    total, weight = np.zeros(len(rows)), np.abs(rows)
    while s.tail * int(response.size.max()) > 1 << (_VECTOR_BITS - _ABSOLUTE_BITS):
        steps = []
        for _ in range(_CHECK_EVERY):
            steps.append(response.x[0].astype(np.float64) * 2.0**-_VECTOR_BITS)
            response.advance()
        block = np.array(steps).T
        total += np.abs(rows @ block).sum(axis=1)
        total += _FLOAT_ERROR * (weight @ np.abs(block).sum(axis=1))
        progress(f"{s.name}: step {response.steps} of the sweeps")
    error = float(start_error + response.errors()[0])
    total += 2.0**-_ABSOLUTE_BITS * weight.sum(axis=1) + error * (weight @ np.array(powers))
    return total * (1 + 2.0**-30)


def _at_least(claims: list[Fraction], bounds: list[Fraction]) -> str:
    """Show that claimed upper bounds are not below those found."""
    for state, (claim, bound) in enumerate(zip(claims, bounds, strict=True)):
        if claim < bound:
            raise _NotShown(
                f"state {state}: {float(bound):.9g} can be shown, but {float(claim):.9g} is claimed"
            )
    return f"{float(max(bounds)):.6g} was shown, {float(max(claims)):.6g} is claimed"


def _range(c: _Certificate) -> str:
    """Show ``bound >= u_limit G + delta T``, in units of ulp, with the claimed gains."""
    gains = zip(c.gains["input_gain"], c.gains["rounding_gain"], strict=True)
    needed = [c.u_limit * g / c.ulp + c.error_ulp * t for g, t in gains]
    _at_least([Fraction(bound) for bound in c.bound], needed)
    largest, limit = max(c.bound), (1 << (c.width - 1)) - 1
    if largest <= limit:
        return f"at most {largest} of {limit} codes, so nothing overflows"
    if c.overflow == "forbid":
        raise _NotShown(f"overflow is forbidden, but the bound is {largest} of {limit} codes")
    return f"at most {largest} codes as long as no state overflows, but {limit} is the largest code"


def _certificates(file: Any) -> Iterator[_Certificate]:
    """Yield what an archive claims; raise `ValueError` for anything not of the form."""
    limit = 8 * _MAX_ORDER**2 + 1024
    if any(member.file_size > limit for member in file.zip.infolist()):
        raise ValueError(f"no array may have more than {limit} bytes")
    if (raw := _read(file, "header")).dtype != np.uint8 or raw.ndim > 1:
        raise ValueError("header must hold the bytes of a text")
    header = json.loads(raw.tobytes().decode())
    if not isinstance(header, dict) or header.get("version") != 1:
        raise ValueError("the header must be an object of version 1")
    memories = header.get("memories")
    if not isinstance(memories, list) or not memories:
        raise ValueError(f"the header must list memories, not {memories!r}")
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in memories]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ValueError(f"every memory must be an object with a name of its own, not {names!r}")
    yield from (_certificate(file, entry) for entry in memories)


def _certificate(file: Any, entry: dict[str, Any]) -> _Certificate:
    name, order = entry["name"], _integer(entry, "order", 1, _MAX_ORDER)
    structured = "structure" in entry
    _known(entry, _KEYS | ({"structure"} if structured else _DENSE_KEYS))
    vector, square = (order,), (order, order)

    def codes(key: str, shape: tuple[int, ...], header: dict[str, Any], bits: str) -> _Codes:
        array = _array(file, f"{name}/{key}", shape, np.int64)
        return _Codes(array.astype(object), _integer(header, bits))

    def floats(key: str, shape: tuple[int, ...]) -> _Codes:
        return _dyadic(f"{name}/{key}", _array(file, f"{name}/{key}", shape, np.float64))

    def system(header: dict[str, Any], prefix: str, a: _Codes, b: _Codes) -> _System:
        p = codes(f"{prefix}P", square, header, "p_frac_bits")
        l_p = codes(f"{prefix}L_P", square, header, "l_frac_bits")
        l_m = codes(f"{prefix}L_M", square, header, "l_frac_bits")
        return _System(header["name"], a, b, p, l_p, l_m, _fraction(header, "rate"))

    def gain(key: str) -> list[Fraction]:
        claimed = codes(key, vector, entry, "gain_frac_bits")
        return [Fraction(code, 1 << claimed.bits) for code in claimed.codes]

    ulp = Fraction(2) ** -_integer(entry, "state_frac_bits", -_MAX_BITS)
    width, u_limit = _integer(entry, "state_width", 1), _fraction(entry, "u_limit")
    rounding = _choice(entry, "rounding", [*_ERROR_ULP])
    feedback = entry.get("error_feedback", False)
    if type(feedback) is not bool or (feedback and (rounding != "floor" or structured)):
        rule = "true or false, and false unless the rounding is floor and the memory dense"
        raise ValueError(f"{name}: error_feedback must be {rule}, not {feedback!r}")
    error_ulp = Fraction(1, 2) if feedback else _ERROR_ULP[rounding]
    structure = None
    if structured:
        a, b, structure = _structure(file, entry, order, ulp, width, u_limit, error_ulp)
        error_ulp += structure.step_error
    else:
        a, b = codes("A", square, entry, "a_frac_bits"), codes("B", vector, entry, "b_frac_bits")
    quantized, ideal = system(entry, "", a, b), None
    gains = {key: gain(key) for key in ("input_gain", "rounding_gain")}
    if not isinstance(header := entry.get("ideal", "missing"), dict | None):
        raise ValueError(f"{name}: ideal must be null or an object, not {header!r}")
    if header is not None:
        header = {**header, "name": f"{name} (ideal)"}
        _known(header, _PROOF_KEYS)
        a, b = floats("ideal_A", square), floats("ideal_B", vector)
        ideal = system(header, "ideal_", a, b)
        gains["coefficient_gain"] = gain("coefficient_gain")
    return _Certificate(
        quantized=quantized,
        structure=structure,
        ideal=ideal,
        gains=gains,
        bound=_array(file, f"{name}/bound", vector, np.int64).tolist(),
        ulp=ulp,
        width=width,
        error_ulp=error_ulp,
        feedback=feedback,
        overflow=_choice(entry, "overflow", ["forbid", "saturate", "wrap"]),
        u_limit=u_limit,
    )


def _structure(
    file: Any,
    entry: dict[str, Any],
    order: int,
    ulp: Fraction,
    width: int,
    u_limit: Fraction,
    error_ulp: Fraction,
) -> tuple[_Codes, _Codes, _Structure]:
    """Return A and B of a structured memory, and what else follows from its integers."""
    name, header = entry["name"], _object(entry, "structure")
    header = {**header, "name": f"{name} (structure)"}
    state_bits = ulp.denominator.bit_length() - ulp.numerator.bit_length()

    def integers(key: str, *shape: int) -> np.ndarray:
        return _array(file, f"{name}/{key}", shape, np.int64)

    def witness(key: str, shape: tuple[int, ...], bits: str) -> _Codes:
        return _Codes(integers(key, *shape).astype(object), _integer(header, bits))

    kind = _choice(header, "kind", [*_KINDS])
    keys, read = _KINDS[kind]
    _known(header, _STRUCTURE_KEYS | keys)
    forms = read(header, integers, order, state_bits)
    errors = np.array([float(error) for error in forms.errors])
    scaled = errors / float(error_ulp * ulp)  # as multiples of the largest error of a state
    paths = (_float(forms.states[:, 1 + order :]) * scaled)[:, errors > 0.0]
    scales = witness("scales", (paths.shape[1],), "scale_frac_bits")
    if (scales.codes <= 0).any():
        raise ValueError(f"{name}/scales must be positive")
    # What rounding A, B and N changes of a state, with everything that is read at its largest.
    read_ulp = order * (1 << (width - 1)) + u_limit / ulp
    read_ulp += error_ulp * Fraction(float(scaled.sum()))
    step_error = read_ulp / (2 << _EXACT_BITS) + error_ulp * Fraction(_row_norm(paths) * 2.0**-52)
    claimed = integers("carried", len(forms.sweeps)).tolist()
    sweeps = []
    for (key, fmt, codes), bound in zip(forms.sweeps, claimed, strict=True):
        table = _float(codes)
        own = np.abs(table[:, 1 + order :]) @ errors + errors.sum() * 2.0**-_EXACT_BITS
        rows, through = table[:, 1 : 1 + order], table[:, 0]
        sweeps.append(_Sweep(key, rows, through, own, 2.0**-fmt.frac_bits, fmt.width, bound))
    square = order, order
    return (
        _Codes(forms.states[:, 1 : 1 + order], _EXACT_BITS),
        _Codes(forms.states[:, 0], _EXACT_BITS),
        _Structure(
            step_error=step_error,
            paths=paths,
            sweeps=sweeps,
            scales=scales,
            q=witness("Q", square, "q_frac_bits"),
            l_q=witness("L_Q", square, "l_frac_bits"),
            l_s=witness("L_S", square, "l_frac_bits"),
            rate=_fraction(header, "q_rate"),
        ),
    )


class _Narrowing(NamedTuple):
    """A format inside an update, and the largest error of narrowing to it, as a value."""

    frac_bits: int
    width: int
    error: Fraction


def _narrowing(header: dict[str, Any], key: str, *, rounds: bool = True) -> _Narrowing:
    own = {**_object(header, key), "name": f"{header['name']}: {key}"}
    _known(own, _NARROWING_KEYS)
    frac_bits, width = _integer(own, "frac_bits", -_MAX_BITS), _integer(own, "width", 1)
    error = _ERROR_ULP[_choice(own, "rounding", ["half_up", "floor"])] if rounds else Fraction(0)
    return _Narrowing(frac_bits, width, error * Fraction(2) ** -frac_bits)


class _Forms(NamedTuple):
    """An update run on linear forms of u, the states, and the errors of its narrowings.

    states : (d, columns), sweeps : (name, format, (m, columns)), Python integers in units of
    ``2**-_EXACT_BITS``; errors : the largest of each, as values.
    """

    states: np.ndarray
    sweeps: list[tuple[str, _Narrowing, np.ndarray]]
    errors: list[Fraction]


def _semiseparable(
    header: dict[str, Any], integers: Callable[..., np.ndarray], d: int, state_bits: int
) -> _Forms:
    r = _integer(header, "rank", 1, _MAX_RANK)
    rate_bits, carry_bits = (_integer(header, f"{key}_frac_bits") for key in ("rate", "carry"))
    forward, backward = _narrowing(header, "forward"), _narrowing(header, "backward")
    decay, shifts = integers("decay", d).tolist(), integers("shifts", d).tolist()
    U, W = integers("coupling", d, r).astype(object), integers("carry", d, r, r).astype(object)
    if not 0 <= min(shifts) <= max(shifts) <= _MAX_BITS:
        raise ValueError(f"{header['name']}: shifts must be from 0 to {_MAX_BITS}")
    rates, most = [rate_bits + shift for shift in shifts], rate_bits + max(shifts)
    count = r * (d - 1)
    # A sweep whose sums have no more fraction bits than its format drops nothing.
    if max(carry_bits, state_bits - forward.frac_bits) <= 0:
        forward = forward._replace(error=Fraction(0))
    if max(carry_bits, state_bits + most - backward.frac_bits) <= 0:
        backward = backward._replace(error=Fraction(0))
    shape = r, 1 + d + 2 * count
    f = [_Codes(np.zeros(shape, dtype=object), 0)]
    f[0].codes[0, 0] = -1
    for k in range(d - 1):
        bits, first = carry_bits * (k + 1), 1 + d + r * k
        form = W[k].dot(f[k].codes)
        form[0, 1 + k] += 1 << bits
        form[:, first : first + r] += np.eye(r, dtype=object) << bits
        f.append(_Codes(form, bits))
    b = [_Codes(np.zeros(shape, dtype=object), most)]
    for k in range(d - 1, 0, -1):
        bits, first = most + carry_bits * (d - k), 1 + d + count + r * (k - 1)
        form = -W[k].T.dot(b[0].codes)
        form[:, 1 + k] += U[k] << (bits - rates[k])
        form[:, first : first + r] += np.eye(r, dtype=object) << bits
        b.insert(0, _Codes(form, bits))
    identity = np.eye(d, shape[1], 1, dtype=object)
    states = []
    for k, rate in enumerate(rates):
        kept = _Codes(identity[k] * ((1 << rate) - decay[k]), rate)
        coupled = _Codes(-U[k].dot(f[k].codes), rate + f[k].bits)
        states.append(_exact(_total(kept, coupled, _Codes(b[k].codes[0], b[k].bits))))
    return _Forms(
        np.array(states, dtype=object),
        [
            (name, fmt, np.vstack([_exact(form) for form in forms]))
            for name, fmt, forms in (("forward", forward, f), ("backward", backward, b))
        ],
        [forward.error] * count + [backward.error] * count,
    )


def _scan(
    header: dict[str, Any], integers: Callable[..., np.ndarray], d: int, state_bits: int
) -> _Forms:
    running = _narrowing(header, "running", rounds=False)
    (K,), F = integers("rate", 1).tolist(), _integer(header, "rate_frac_bits")
    forms = np.eye(1 + d, dtype=object)
    u, m = _Codes(forms[0], 0), [_Codes(form, 0) for form in forms[1:]]
    total = _times(-1, _total(*m))
    s = [_total(u, total), _total(_times(-1, u), total, _times(2, m[0]))]
    for i in range(d - 2):
        s.append(_total(s[i], _times(2, m[i + 1])))
    states = [_total(m[i], _times(K * (2 * i + 1), s[i], F)) for i in range(d)]
    sums = np.array([_exact(one) for one in s[:d]], dtype=object)
    return _Forms(
        np.array([_exact(one) for one in states], dtype=object),
        [("running sum", running, sums)],
        [],
    )


def _two_pass(
    header: dict[str, Any], integers: Callable[..., np.ndarray], d: int, state_bits: int
) -> _Forms:
    running = _narrowing(header, "running")
    (K,), F = integers("rate", 1).tolist(), _integer(header, "rate_frac_bits")
    (G, H), fine = integers("closing", 2).tolist(), _integer(header, "closing_frac_bits")
    # The errors of the first pass, of T, and of the second pass.
    forms = [_Codes(form, 0) for form in np.eye(3 * d + 2, dtype=object)]
    u, m, errors = forms[0], forms[1 : 1 + d], forms[1 + d :]

    def swept(s: list[_Codes], errors: list[_Codes]) -> tuple[list[_Codes], list[_Codes]]:
        """Return s[0] ... s[d] and z[0] ... z[d-1], from s[0] and what s[1] has without z[0]."""
        z = []
        for i in range(d):
            z.append(_total(m[i], errors[i], _times(K * (2 * i + 1), s[i], F)))
            s[i + 1 :] = [_total(s[i + 1], _times(2, z[i])), s[i]]
        return s[: d + 1], z

    nothing = _times(0, u)
    first = swept([nothing, nothing], errors[:d])
    closing = _total(_times(G, _total(*first[1]), fine), _times(H, u, fine), errors[d])
    below = _times(-1, closing)
    second = swept([_total(u, below), _total(_times(-1, u), below)], errors[d + 1 :])
    states = [_total(m[i], _times(2 * K * (2 * i + 1), second[0][i], F)) for i in range(d)]
    groups = (
        ("first pass", [*first[0], *first[1]]),
        ("closing", [closing]),
        ("second pass", [*second[0], *second[1]]),
    )
    return _Forms(
        np.array([_exact(one) for one in states], dtype=object),
        [
            (name, running, np.array([_exact(one) for one in group], dtype=object))
            for name, group in groups
        ],
        [running.error] * (2 * d + 1),
    )


_KINDS: dict[str, tuple[set[str], Callable[..., _Forms]]] = {
    "semiseparable": (
        {"rank", "rate_frac_bits", "carry_frac_bits", "forward", "backward"},
        _semiseparable,
    ),
    "scan": ({"rate_frac_bits", "running"}, _scan),
    "two-pass": ({"rate_frac_bits", "closing_frac_bits", "running"}, _two_pass),
}


def _total(*terms: _Codes) -> _Codes:
    bits = max(term.bits for term in terms)
    return _Codes(np.sum([term.codes << (bits - term.bits) for term in terms], axis=0), bits)


def _times(factor: int, form: _Codes, frac_bits: int = 0) -> _Codes:
    return _Codes(form.codes * factor, form.bits + frac_bits)


def _exact(form: _Codes) -> np.ndarray:
    """Return integers in units of ``2**-_EXACT_BITS``, off by half a unit at most."""
    rounded, _ = _rounded(form, _EXACT_BITS)
    return rounded.codes << (_EXACT_BITS - rounded.bits)


def _float(codes: np.ndarray) -> np.ndarray:
    return codes.astype(np.float64) * 2.0**-_EXACT_BITS


def _object(entry: dict[str, Any], key: str) -> dict[str, Any]:
    if not isinstance(value := entry.get(key), dict):
        raise ValueError(f"{entry['name']}: {key} must be an object, not {value!r}")
    return value


def _read(file: Any, key: str) -> np.ndarray:
    if key not in file:
        raise ValueError(f"the array {key} is missing")
    try:
        array = file[key]
    except Exception as error:  # whatever zipfile, zlib, numpy and its tokenizer meet
        raise ValueError(f"{key} cannot be read: {error}") from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{key} must be an array of NumPy")
    return array


def _array(file: Any, key: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
    array = _read(file, key)
    if array.dtype != kind or array.shape != shape:
        rule = f"{kind.__name__} of the shape {shape}"
        raise ValueError(f"{key} must be {rule}, not {array.dtype} of the shape {array.shape}")
    return array


def _dyadic(what: str, values: np.ndarray) -> _Codes:
    """Return finite floats as integers over one power of two, exactly."""
    if not np.isfinite(values).all():
        raise ValueError(f"{what} must be finite")
    ratios = [value.as_integer_ratio() for value in values.ravel().tolist()]
    scale = max(denominator for _, denominator in ratios)
    codes = [numerator * (scale // denominator) for numerator, denominator in ratios]
    array = np.array(codes, dtype=object).reshape(values.shape)
    return _Codes(array, scale.bit_length() - 1)


def _known(entry: dict[str, Any], keys: set[str]) -> None:
    """Refuse keys that might change what the others claim."""
    if unknown := sorted(set(entry) - keys):
        raise ValueError(f"{entry['name']}: the header must not have {unknown[0]!r}")


def _integer(entry: dict[str, Any], key: str, low: int = 0, high: int = _MAX_BITS) -> int:
    value = entry.get(key)
    if type(value) is not int or not low <= value <= high:
        rule = f"an integer from {low} to {high}"
        raise ValueError(f"{entry['name']}: {key} must be {rule}, not {value!r}")
    return value


def _fraction(entry: dict[str, Any], key: str) -> Fraction:
    match entry.get(key):
        case [int(n), int(k)] if 0 <= n < 1 << _MAX_BITS and 0 <= k <= _MAX_BITS:
            return Fraction(n, 1 << k)
        case value:
            rule = f"[n, k] for n / 2**k, n from 0 to 2**{_MAX_BITS} - 1, k from 0 to {_MAX_BITS}"
            raise ValueError(f"{entry['name']}: {key} must be {rule}, not {value!r}")


def _choice(entry: dict[str, Any], key: str, allowed: list[str]) -> str:
    if (value := entry.get(key)) not in allowed:
        raise ValueError(f"{entry['name']}: {key} must be one of {allowed}, not {value!r}")
    return value


def main(arguments: list[str]) -> int:
    """Print the verdicts on a file; return 0 if all claims hold, 1 if not, 2 without a verdict."""
    if len(arguments) != 1:
        print("usage: python -m lmu_hw.analysis.verify FILE", file=sys.stderr)
        return 2
    try:
        verdicts = verify(arguments[0])
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for v in verdicts:
        print(f"{v.memory}: {v.claim} {'holds' if v.holds else 'FAILS'}: {v.detail}")
    return 0 if all(v.holds for v in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
