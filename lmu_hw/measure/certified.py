# SPDX-License-Identifier: Apache-2.0
"""What is proved and predicted about signals and memories, as values of the report.

Errors are in ulp of the node's own format and one for each element; everything else is a value.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CAUSES",
    "ErrorReport",
    "LoopReport",
    "MemoryProof",
    "MemoryReport",
    "NoiseReport",
    "RangeReport",
    "ResidueReport",
]

CAUSES = ("coefficients", "rounding", "input", "mismatch")
"""What an error bound is split into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeReport:
    """Bound of a signal for all inputs and all time.

    Attributes
    ----------
    bound : float
        Largest magnitude before overflow is handled.
    limit : float
        Positive end of the format.
    proved : bool
        The signal cannot leave its format.
    how : str
        ``gain`` (of a memory), ``formats`` (of what is read, and the actual weights), or ``table``
        (the largest entry of an activation).
    """

    bound: float
    limit: float
    proved: bool
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """Certified bound on |fixed - float|, by cause.

    Attributes
    ----------
    conditional : bool
        It holds for the u that the hardware computed (then `input` counts the narrowing of u
        alone), because u has no worst-case bound itself.
    largest, largest_ulp : float
        Over all elements, as a value and in ulp.
    total, coefficients, rounding, input, mismatch : (elements,)
        In ulp: all causes; rounded coefficients; what narrowing drops; what u or the input is off
        by; another discretization of the memory.
    """

    conditional: bool
    largest: float
    largest_ulp: float
    total: tuple[float, ...]
    coefficients: tuple[float, ...]
    rounding: tuple[float, ...]
    input: tuple[float, ...]
    mismatch: tuple[float, ...]

    @property
    def given_u(self) -> tuple[float, ...]:
        """The bound for the u that the hardware computed: all causes but the input, in ulp."""
        parts = zip(self.coefficients, self.rounding, self.mismatch, strict=True)
        return tuple(map(sum, parts))

    @property
    def worst(self) -> int:
        """The element of the largest bound."""
        return self.total.index(max(self.total))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReport:
    """Error of a memory alone, measured: it is driven by the u that the golden model computed.

    Attributes
    ----------
    sequences, steps : int
        Of the data it was measured on, evenly spaced sequences cut to `steps`.
    rms_ulp, max_ulp : (elements,)
        Rounding: the golden states minus the exact recurrence with the same coefficients.
    predicted_ulp : (elements,)
        RMS that white rounding noise makes, averaged over as many steps; empty if there is no
        prediction (rounding toward zero, or a memory that is not stable).
    white : (elements,) bool
        The float state changes by an ulp or more a step (RMS), as the prediction assumes.
    float_max_ulp : (elements,)
        Rounding and coefficients: the golden states minus the float memory that hears the same u.
    """

    sequences: int
    steps: int
    rms_ulp: tuple[float, ...]
    max_ulp: tuple[float, ...]
    predicted_ulp: tuple[float, ...]
    white: tuple[bool, ...]
    float_max_ulp: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopReport:
    """The recurrence through u while u does not saturate; `stable` is proved."""

    spectral_radius: float
    ideal_spectral_radius: float
    stable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidueReport:
    """Largest state, in ulp, in the steps observed after silence; measured when generated.

    Settled: in this silence a memory without rounding falls below an ulp.
    """

    ulp: int
    silence: int
    observed: int
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryProof:
    """What the certificate of a memory says besides its error bound.

    Attributes
    ----------
    u_limit : float
        ``|u|`` never exceeds it.
    u_saturates : bool
        Because the format of u ends there.
    input_gain, rounding_gain : float
        Largest peak gains over all states: from u, and from rounding errors.
    bound, limit : float
        Largest magnitude of any state, and positive end of their format.
    provable_bits : int or None
        Fewest state bits for which the range is proved; None if no number is.
    provable_scale : float or None
        Share of its input that the memory may hear for the range to be proved as it is.
    spectral_radius, ideal_spectral_radius, contraction : float
        Of the recurrence as rounded; of the float one; what is proved of the former.
    loop : LoopReport or None
        None if the states do not feed back into u, or the loop was too large to analyse.
    residue : ResidueReport or None
        None if it was not measured.
    """

    u_limit: float
    u_saturates: bool
    input_gain: float
    rounding_gain: float
    bound: float
    limit: float
    proved: bool
    provable_bits: int | None
    provable_scale: float | None
    spectral_radius: float
    ideal_spectral_radius: float
    contraction: float
    loop: LoopReport | None
    residue: ResidueReport | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReport:
    """One memory: its words, what is proved of it, and its own rounding noise.

    Attributes
    ----------
    name : str
        Of its signal.
    order, segments : int
        States of one memory, and memories that share the coefficients.
    coefficient_bits, state_bits : int
        Widest coefficient of the recurrence, and width of the states.
    feedback : str
        What feeds back into u: ``h``, ``m``, ``m and h``, or nothing.
    proof : MemoryProof or None
        None if measured without a folder.
    """

    name: str
    order: int
    segments: int
    coefficient_bits: int
    state_bits: int
    error_feedback: bool
    feedback: str
    noise: NoiseReport
    proof: MemoryProof | None
