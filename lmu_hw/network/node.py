# SPDX-License-Identifier: Apache-2.0
"""The ordinary node: an exact sum of products of codes, one narrowing, at most one activation.

total[r] = (sum over terms of weights[r] . source << shift) << (R - row_shifts[r]) + bias[r]
code[r]  = activation(requantize(total[r]))
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lmu_hw.checked import settle_flags
from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Requant, Rounding
from lmu_hw.lmu import Role, node_name
from lmu_hw.network.activation import ActivatedNode, Activation, check_table
from lmu_hw.network.codes import MAX_SHIFT, Codes, Signal, check_sum_bits
from lmu_hw.records import stored

__all__ = ["INPUT", "Node", "Term"]

INPUT = "x"
"""The name by which the nodes of a layer call the layer's input."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """A matrix-vector product within a node.

    Parameters
    ----------
    source : str
        Name of the node that is read, or `INPUT`.
    delayed : bool
        Read the source's value of the previous step (zero at the first step of a sequence).
    weights : Codes
        (rows, columns).
    """

    source: str
    delayed: bool
    weights: Codes

    def __post_init__(self) -> None:
        settle_flags(self, "delayed", where=self.source)

    @property
    def label(self) -> str:
        """The source as the configuration and the report write it."""
        return f"{self.source}[t-1]" if self.delayed else self.source


@dataclass(frozen=True, kw_only=True, eq=False)
class Node(ActivatedNode):
    """A vector computed at every step; see the module's formula.

    Parameters
    ----------
    layer : str
        Name of its layer.
    role : Role
    segments : int
        How often the rows are computed: once for each memory. Every source is cut into as many
        equal segments, and segment k is computed from the k-th of each, with the same weights.
    terms : tuple of Term
        In the order in which hardware reads them.
    bias : Codes or None
        (rows,) at `sum_frac_bits`.
    row_shifts : tuple of int or None
        Row r of every weight matrix stands for ``code * 2**-(frac_bits + row_shifts[r])``.
    sum_frac_bits : int
        Fraction bits of the total.
    requant : Requant
        The narrowing of the total.
    activation : Table, Rectifier or None
        Applied to the narrowed code.
    last_only : bool
        Computed at the last step of a sequence only.
    error_feedback : bool
        What the narrowing drops is kept and added to the total of the next step (nothing at the
        first step of a sequence): first-order error feedback. The narrowing must floor, so that the
        residue is the `dropped_bits` low bits of the total, unsigned.
    """

    layer: str
    role: Role
    segments: int
    terms: tuple[Term, ...]
    bias: Codes | None
    row_shifts: tuple[int, ...] | None
    sum_frac_bits: int
    requant: Requant
    activation: Activation | None
    last_only: bool
    error_feedback: bool = field(default=False, metadata=stored(sparse=True))

    def __post_init__(self) -> None:
        settle_flags(self, "last_only", "error_feedback", where=self.name)
        check_sum_bits(self.name, self.sum_frac_bits)
        if not all(0 <= shift <= MAX_SHIFT for shift in self.row_shifts or ()):
            raise NetworkError(f"{self.name}: row_shifts must be from 0 to {MAX_SHIFT}")
        rows = {term.weights.codes.shape[0] for term in self.terms}
        if len(rows) != 1:
            raise NetworkError(
                f"{self.name}: all weight matrices must have the same rows, not {rows}"
            )
        for what, value in (
            ("bias", None if self.bias is None else len(self.bias.codes)),
            ("row_shifts", None if self.row_shifts is None else len(self.row_shifts)),
        ):
            if value not in (None, self.rows):
                raise NetworkError(
                    f"{self.name}: {what} must have {self.rows} entries, not {value}"
                )
        for term in self.terms:
            fmt = term.weights.format
            if not fmt.signed:
                raise NetworkError(
                    f"{self.name}: weights of {term.label} must be signed, not {fmt}"
                )
        if self.bias is not None and self.bias.format.frac_bits != self.sum_frac_bits:
            raise NetworkError(
                f"{self.name}: the bias must have {self.sum_frac_bits} fraction bits"
            )
        check_table(self.name, self.activation, self.requant)
        if self.error_feedback:
            self._check_feedback()

    def _check_feedback(self) -> None:
        if self.requant.rounding is not Rounding.FLOOR:
            rounding = self.requant.rounding.value
            raise NetworkError(f"{self.name}: error feedback must round by floor, not {rounding}")
        if self.activation is not None or self.last_only or self.dropped_bits < 1:
            raise NetworkError(
                f"{self.name}: error feedback must be on a node without activation, computed at "
                "every step, whose narrowing drops bits"
            )

    @property
    def name(self) -> str:
        """As in the float trace."""
        return node_name(self.layer, self.role)

    @property
    def reads(self) -> tuple[Term, ...]:
        """What it reads: the sources of its terms."""
        return self.terms

    @property
    def dropped_bits(self) -> int:
        """Fraction bits that the narrowing drops; negative if it adds some."""
        return self.sum_frac_bits - self.requant.format.frac_bits

    @property
    def residue_bits(self) -> int:
        """Bits of what the narrowing drops and the next step's sum gets, in all."""
        return self.signal.size * self.dropped_bits if self.error_feedback else 0

    @property
    def rows(self) -> int:
        """Rows of one segment."""
        return self.terms[0].weights.codes.shape[0]

    @property
    def multiplications(self) -> int:
        """Products computed at a step."""
        return sum(self.segments * term.weights.codes.size for term in self.terms)

    @property
    def coefficients(self) -> tuple[tuple[str, Codes], ...]:
        """The weights of every term, by its label."""
        return tuple((term.label, term.weights) for term in self.terms)

    @property
    def coefficient_bits(self) -> int:
        """Bits of weights and bias."""
        weights = sum(term.weights.codes.size * term.weights.format.width for term in self.terms)
        bias = 0 if self.bias is None else self.bias.codes.size * self.bias.format.width
        return weights + bias

    @property
    def max_row_shift(self) -> int:
        """Largest row shift."""
        return max(self.row_shifts or (0,))

    @property
    def signal(self) -> Signal:
        """The node's output."""
        fmt = self.requant.format if self.activation is None else self.activation.format
        return Signal(size=self.segments * self.rows, format=fmt)
