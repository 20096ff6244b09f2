# SPDX-License-Identifier: Apache-2.0
"""Ranges and memories in a report; what is proved of a memory is the record of its certificate."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.proofs import MemoryProof, ReadoutProof

__all__ = [
    "AdversaryReport",
    "LoopReport",
    "MemoryReport",
    "NoiseReport",
    "RangeReport",
    "ReadoutReport",
]


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
class NoiseReport:
    """Rounding of a memory alone, measured: it is driven by the u that the golden model computed.

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
    """

    sequences: int
    steps: int
    rms_ulp: tuple[float, ...]
    max_ulp: tuple[float, ...]
    predicted_ulp: tuple[float, ...]
    white: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadoutReport:
    """What a node reads of a memory: fixed against float, which hears the u of the golden model.

    Errors are fixed minus float, as values, on the sequences of the memory's `NoiseReport`.

    Attributes
    ----------
    name : str
        Of the node that reads; of the memory itself where the host does.
    delayed : bool
        It reads the states of the step before.
    full_scale, ulp : float
        Largest value of the format that the node narrows to, and its step.
    reference_rms : float or None
        Of what float reads.
    sqnr_db : float or None
        ``10 log10(reference power / error power)``, in dB; None if either power is zero.
    exact : bool
    rms_error : float or None
        Over all elements.
    max_error, max_rounding : (n,)
        Largest error of each element; and of the fixed read-out from itself without rounding.
    proof : ReadoutProof or None
        None if measured without a folder.
    """

    name: str
    delayed: bool
    full_scale: float
    ulp: float
    reference_rms: float | None
    sqnr_db: float | None
    exact: bool
    rms_error: float | None
    max_error: tuple[float, ...]
    max_rounding: tuple[float, ...]
    proof: ReadoutProof | None

    @property
    def label(self) -> str:
        """The node, and the step of the states that it reads."""
        return f"{self.name}[t-1]" if self.delayed else self.name


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
    fitted : bool
        What reads it is fitted to it: only read-outs compare with float, its states do not.
    readouts : tuple of ReadoutReport
        Everything that reads it.
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
    fitted: bool
    noise: NoiseReport
    readouts: tuple[ReadoutReport, ...]
    proof: MemoryProof | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopReport:
    """The loop of a layer in which states or hidden units feed back, in float.

    Attributes
    ----------
    layer : str
    radius : float
        Spectral radius of a step where nothing enters its functions; see `rest_radius`.
    """

    layer: str
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversaryReport:
    """The input that was found, and what both networks answer to it.

    Attributes
    ----------
    sequences, steps : int
        That were tried, and how long they are.
    difference : float
        Largest difference of an output, fixed against float, at the last step.
    on_data : float
        The same of the data that the search began with.
    fixed, floats : (outputs,)
        Answers to the sequence that was found.
    """

    sequences: int
    steps: int
    difference: float
    on_data: float
    fixed: tuple[float | None, ...]
    floats: tuple[float | None, ...]

    @property
    def other_class(self) -> bool:
        """The largest output is another one."""
        return len(self.fixed) > 1 and _largest(self.fixed) != _largest(self.floats)


def _largest(values: tuple[float | None, ...]) -> int:
    known = [float("-inf") if value is None else value for value in values]
    return known.index(max(known))
