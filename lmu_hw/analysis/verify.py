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
_CHECK_EVERY = 64
_MAX_STEPS = 2_000_000
_MAX_ORDER = 4096
_MAX_BITS = 256
_PROOF_KEYS = {"name", "rate", "p_frac_bits", "l_frac_bits"}
_KEYS = {"order", "a_frac_bits", "b_frac_bits", "gain_frac_bits", "state_frac_bits", "state_width"}
_KEYS |= {"rounding", "error_feedback", "overflow", "u_limit", "ideal", *_PROOF_KEYS}
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


class _Certificate(NamedTuple):
    """All that a file claims of one memory."""

    quantized: _System
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
        powers, changes = _row_sums(c.quantized, progress, feedback=c.feedback)
        shown["the sum of powers"] = powers
        return _at_least(c.gains["rounding_gain"], changes if c.feedback else powers)

    def input_gain() -> str:
        own = c.quantized, shown["the sum of powers"]
        return _at_least(c.gains["input_gain"], _response_sums([own], progress))

    def coefficient_gain(ideal: _System) -> str:
        own = c.quantized, shown["the sum of powers"]
        other = ideal, _row_sums(ideal, progress)[0]
        return _at_least(c.gains["coefficient_gain"], _response_sums([own, other], progress))

    yield verdict("stability", lambda: _stability(c.quantized))
    yield verdict("rounding gain", rounding_gain, "stability")
    yield verdict("input gain", input_gain, "stability", "the sum of powers")
    yield verdict("range", lambda: _range(c), "input gain", "rounding gain")
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
    s: _System, progress: Progress, *, feedback: bool = False
) -> tuple[list[Fraction], list[Fraction]]:
    """Return upper bounds of T, and those of F if there is error feedback."""
    identity = np.eye(len(s.a.codes), dtype=np.int64) << _MATRIX_BITS
    powers, tail = _Powers(s.a, identity, _MATRIX_BITS), s.tail
    changes = np.zeros(len(identity), dtype=object)
    while True:
        errors = powers.errors()
        if (lost := sum(errors, Fraction(0))) >= 1:
            raise _NotShown(f"{powers.steps} steps are too many for the arithmetic of this check")
        squares = (powers.x.astype(object) ** 2).sum(axis=1)
        tails = np.array([tail * (math.isqrt(square) + 1) for square in squares], dtype=object)
        if (tails << _TAIL_BITS <= (changes if feedback else powers.norms)).all():
            break
        for _ in range(_CHECK_EVERY):
            before = powers.x
            powers.advance()
            if feedback:
                changes += np.abs(powers.x - before).sum(axis=1).astype(object)
        progress(f"{s.name}: power {powers.steps} of A")
    unit = Fraction(1, 1 << _MATRIX_BITS)
    sums = [unit * int(total) for total in powers.norms + tails]
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
    _known(entry, _KEYS)
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
    rounding = _choice(entry, "rounding", [*_ERROR_ULP])
    feedback = entry.get("error_feedback", False)
    if type(feedback) is not bool or (feedback and rounding != "floor"):
        rule = "true or false, and false unless the rounding is floor"
        raise ValueError(f"{name}: error_feedback must be {rule}, not {feedback!r}")
    return _Certificate(
        quantized=quantized,
        ideal=ideal,
        gains=gains,
        bound=_array(file, f"{name}/bound", vector, np.int64).tolist(),
        ulp=Fraction(2) ** -_integer(entry, "state_frac_bits", -_MAX_BITS),
        width=_integer(entry, "state_width", 1),
        error_ulp=Fraction(1, 2) if feedback else _ERROR_ULP[rounding],
        feedback=feedback,
        overflow=_choice(entry, "overflow", ["forbid", "saturate", "wrap"]),
        u_limit=_fraction(entry, "u_limit"),
    )


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
