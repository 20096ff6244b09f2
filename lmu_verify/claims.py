# SPDX-License-Identifier: Apache-2.0
"""The claims of a certificate on one memory, and whether each is shown.

A memory ``m[t] = A m[t-1] + B u[t] + e[t] + N n[t]``, from ``m = 0``, with ``|u| <= u_limit`` and
errors of at most delta each, satisfies

    |m_i| <= u_limit G_i + delta T_i,   G_i = sum_k |(A^k B)_i|,   T_i = sum_k ||(A^k [I N])_i||_1.

With error feedback delta is half an ulp, and T_i becomes ``1 + sum_k ||(A^k (I - A))_i||_1``.

Stability. ``P - I/2`` and ``rate P - A'PA`` are positive semidefinite, ``rate < 1``: with
``||x||_P^2 = x'Px``, ``||x||_2 <= sqrt(2) ||x||_P`` and ``||Ax||_P <= sqrt(rate) ||x||_P``.

What an update carries, ``c m[t-1] + h u[t]`` with an error of at most o from narrowings of the same
step, is at most ``u_limit (|h| + sum_k |c A^k B|) + delta R + o`` as long as no state overflows. R
is the smaller of ``|c| T`` and what a Gramian shows. Otherwise it is at most ``|c| m_max + |h|
u_limit + o``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lmu_verify.errors import BadFile, NotShown
from lmu_verify.fields import Fields
from lmu_verify.files import Arrays
from lmu_verify.forms import EXACT_BITS
from lmu_verify.gramian import Gramian
from lmu_verify.integers import Codes, exact_product, identity, require_positive, total
from lmu_verify.memory import Carried, Memory
from lmu_verify.reference import FloatLayer
from lmu_verify.sums import Progress, System, power_sums, response_sums

__all__ = ["LEVELS", "Claims", "Judge", "Verdict", "attempts", "read_claims", "shown"]

_MAX_BITS = 256
LEVELS = 3  # of effort: a claim may be too close to the truth for the first
_PROOF = {"rate", "p_frac_bits", "l_frac_bits"}
_ARRAYS = {"input_gain", "rounding_gain", "bound"}
_ARRAYS |= {f"{prefix}{part}" for prefix in ("", "ideal_") for part in ("P", "L_P", "L_M")}
_KEYS = {"name", "gain_frac_bits", "ideal", *_PROOF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one claim was shown; with what, or why not."""

    memory: str
    claim: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Witness:
    """P, and factors of ``P - I/2`` and ``rate P - A'PA``."""

    rate: Fraction
    p: Codes
    l_p: Codes
    l_m: Codes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claims:
    """What a certificate claims of one memory: gains of each state, bounds in codes."""

    input_gain: list[Fraction]
    rounding_gain: list[Fraction]
    bound: list[int]
    carried: list[int]
    witness: Witness
    ideal: Witness


def read_claims(entry: Fields, arrays: Arrays, memory: Memory) -> Claims:
    """Return the claims on a memory; raise `BadFile` for anything not of the form."""
    entry.known(_KEYS)
    name, order = entry.text("name"), memory.order
    gain_bits = entry.integer("gain_frac_bits", 0, _MAX_BITS)

    def gains(key: str) -> list[Fraction]:
        codes = arrays.integers(f"{name}/{key}", (order,))
        return [Fraction(int(code), 1 << gain_bits) for code in codes]

    def witness(fields: Fields, prefix: str) -> Witness:
        def matrix(part: str, bits: str) -> Codes:
            codes = arrays.integers(f"{name}/{prefix}{part}", (order, order))
            return Codes(codes, fields.integer(bits, 0, _MAX_BITS))

        return Witness(
            rate=fields.ratio("rate", _MAX_BITS),
            p=matrix("P", "p_frac_bits"),
            l_p=matrix("L_P", "l_frac_bits"),
            l_m=matrix("L_M", "l_frac_bits"),
        )

    ideal = entry.object("ideal")
    ideal.known(_PROOF)
    known = {f"{name}/{key}" for key in _ARRAYS | ({"carried"} if memory.carried else set())}
    own = {key for key in arrays.arrays if key.startswith(f"{name}/")}
    if strange := sorted(own - known):
        raise BadFile(f"{arrays.where}: {strange[0]} is no claim or witness")
    carried = []
    if memory.carried:
        carried = arrays.integers(f"{name}/carried", (len(memory.carried),)).tolist()
    return Claims(
        input_gain=gains("input_gain"),
        rounding_gain=gains("rounding_gain"),
        bound=arrays.integers(f"{name}/bound", (order,)).tolist(),
        carried=carried,
        witness=witness(entry, ""),
        ideal=witness(ideal, "ideal_"),
    )


class Judge:
    """Yields verdicts on one memory; a claim holds only if all that it rests on holds."""

    def __init__(
        self, memory: Memory, float_layer: FloatLayer, claims: Claims, progress: Progress
    ) -> None:
        self.memory, self.float_layer, self.claims = memory, float_layer, claims
        self.ideal = System(f"{memory.name} (ideal)", *float_layer.memory(memory.order))
        self.progress = progress
        self.shown: dict[str, str] = {}
        self.spread: Gramian | None = None

    def verdict(self, claim: str, check: Callable[[], str], *needs: str) -> Verdict:
        """Return the verdict on a claim that rests on others."""
        try:
            if missing := [need for need in needs if need not in self.shown]:
                raise NotShown(f"rests on {missing[0]}, which was not shown")
            self.shown[claim] = detail = check()
        except NotShown as reason:
            detail = str(reason)
        return Verdict(
            memory=self.memory.name, claim=claim, holds=claim in self.shown, detail=detail
        )

    def verdicts(self) -> Iterator[Verdict]:
        """Yield the verdicts on all that the certificate claims of the memory."""
        claims, system = self.claims, self.memory.system
        yield self.verdict("stability", lambda: _stability(system.a, claims.witness))
        yield self.verdict("rounding gain", self._rounding_gain, "stability")
        yield self.verdict("input gain", self._input_gain, "stability")
        yield self.verdict("range", self._range, "input gain", "rounding gain")
        if self.memory.carried:
            yield self.verdict("sweeps", self._sweeps, "range")
        yield self.verdict("ideal stability", lambda: _stability(self.ideal.a, claims.ideal))

    def _rounding_gain(self) -> str:
        claimed = self.claims.rounding_gain
        return attempts(claimed, lambda level: self.rounding(claimed, level))

    def rounding(self, enough: Sequence[Fraction], level: int) -> list[Fraction]:
        """Return bounds of what errors of 1 add to states; residues if there is error feedback.

        None is closer than what is enough.
        """
        system, rows = self.memory.system, identity(self.memory.order)
        if not self.memory.node.error_feedback:
            return power_sums(system, rows, self.progress, level=level, enough=enough)
        image = exact_product(rows, system.a)
        left = total(rows, Codes(-image.codes, image.bits))
        own = rows.row_sums()
        rest = [bound - each for bound, each in zip(enough, own, strict=True)]
        sums = power_sums(system, left, self.progress, level=level, enough=rest)
        return [each + more for each, more in zip(own, sums, strict=True)]

    def _input_gain(self) -> str:
        parts: list[tuple[System, Codes | None]] = [(self.memory.system, None)]
        return attempts(
            self.claims.input_gain, lambda level: response_sums(parts, self.progress, level=level)
        )

    def _range(self) -> str:
        """Show ``bound >= u_limit G + delta T``, in units of ulp, with the claimed gains."""
        memory, claims = self.memory, self.claims
        gains = zip(claims.input_gain, claims.rounding_gain, strict=True)
        heard = memory.u_limit / memory.format.ulp
        needed = [heard * g + memory.error_ulp * t for g, t in gains]
        _compare([Fraction(bound) for bound in claims.bound], needed)
        largest, limit = max(claims.bound), memory.format.max_code
        if largest <= limit:
            return f"at most {largest} of {limit} codes, so nothing overflows"
        if memory.node.requant.overflow == "forbid":
            raise NotShown(f"overflow is forbidden, but the bound is {largest} of {limit} codes")
        return f"at most {largest} codes as long as no state overflows, but {limit} is the largest"

    def _sweeps(self) -> str:
        """Show that nothing that the update carries leaves its format."""
        details = []
        in_range = max(self.claims.bound) <= self.memory.format.max_code
        gains = self.claims.rounding_gain if in_range else None
        for carried, bound in zip(self.memory.carried, self.claims.carried, strict=True):
            limit = carried.format.max_code
            if bound > limit:
                raise NotShown(
                    f"{carried.name}: overflow is forbidden, but the bound is {bound} of {limit} "
                    "codes"
                )
            attempts(
                [Fraction(bound)],
                lambda level, c=carried: [self.reach(c, level, gains)],
                [carried.name],
            )
            details.append(f"{carried.name} at most {bound} of {limit} codes")
        return ", ".join(details)

    def reach(self, carried: Carried, level: int, gains: list[Fraction] | None) -> Fraction:
        """Return what no carried number exceeds, in codes.

        `gains` is what rounding adds to the states, as long as none overflows; None: some may.
        """
        memory, rows = self.memory, carried.rows
        ulp, u_limit = memory.format.ulp, memory.u_limit
        state_limit = memory.format.magnitude * ulp
        off = (memory.order * state_limit + u_limit) / (2 << EXACT_BITS)
        reached = [norm * state_limit + h * u_limit for norm, h in self._through(carried)]
        if gains is not None:
            parts: list[tuple[System, Codes | None]] = [(memory.system, rows)]
            peaks = response_sums(parts, self.progress, level=level)
            weights = Codes(np.abs(rows.codes), rows.bits)
            weighted = _weighted(weights, gains)
            spread = memory.system.gramian.sums(rows)
            delta = memory.error_ulp * ulp
            by_gain = [
                u_limit * (peak + h) + delta * min(gain, other)
                for peak, h, gain, other in zip(
                    peaks, carried.through, weighted, spread, strict=True
                )
            ]
            reached = list(map(min, reached, by_gain))
        own = zip(reached, carried.own, strict=True)
        return max(value + error + off for value, error in own) / carried.format.ulp

    def _through(self, carried: Carried) -> Iterator[tuple[Fraction, Fraction]]:
        return zip(carried.rows.row_sums(), carried.through, strict=True)


def _weighted(weights: Codes, values: list[Fraction]) -> list[Fraction]:
    scale = max(value.denominator for value in values)
    whole = np.array([int(value * scale) for value in values], dtype=object)
    unit = scale << weights.bits
    return [Fraction(int(value), unit) for value in weights.codes.dot(whole)]


def _stability(a: Codes, witness: Witness) -> str:
    """Show that ``P - I/2`` and ``rate P - A'PA`` are positive semidefinite and rate < 1."""
    rate, p = witness.rate, witness.p
    if rate >= 1:
        raise NotShown(f"the rate must be below 1, not {float(rate):.9g}")
    if not np.array_equal(p.codes, p.codes.T):
        raise NotShown("P must be symmetric")
    half = Codes(-identity(len(p.codes)).codes, 1)
    require_positive("P - I/2", total(p, half), witness.l_p)
    scaled = Codes(rate.numerator * p.codes, p.bits + rate.denominator.bit_length() - 1)
    image = exact_product(a.T, p, a)
    rest = total(scaled, Codes(-image.codes, image.bits))
    require_positive("rate P - A'PA", rest, witness.l_m)
    return f"the spectral radius is at most {float(rate) ** 0.5:.6f}"


def attempts(
    claims: list[Fraction],
    bounds: Callable[[int], list[Fraction]],
    names: list[str] | None = None,
) -> str:
    """Show that claimed upper bounds are not below those that are found, at some level."""
    reason = NotShown("nothing was tried")
    for level in range(LEVELS):
        try:
            return _compare(claims, bounds(level), names)
        except NotShown as error:
            reason = error
    raise reason


def _compare(claims: list[Fraction], bounds: list[Fraction], names: list[str] | None = None) -> str:
    """Show that no claim is below its bound; names are those of the states, or given."""
    for index, (claim, bound) in enumerate(zip(claims, bounds, strict=True)):
        if claim < bound:
            name = f"state {index}" if names is None else names[index]
            raise NotShown(f"{name}: {shown(bound)} can be shown, but {shown(claim)} is claimed")
    return f"{shown(max(bounds))} was shown, {shown(max(claims))} is claimed"


def shown(value: Fraction) -> str:
    """Return a number for reading, whatever its size."""
    try:
        return f"{float(value):.9g}"
    except OverflowError:
        return f"2**{abs(value.numerator).bit_length() - value.denominator.bit_length()}"
