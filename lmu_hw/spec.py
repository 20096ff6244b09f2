# SPDX-License-Identifier: Apache-2.0
"""The quantized network: the only source of truth about numbers.

The golden model and the hardware generator both read it, and neither reads the other. Every node
of every layer is the same thing: an exact sum of products of codes, one narrowing, and at most one
activation,

    total[r] = (sum over terms of weights[r] . source << shift) << (R - row_shifts[r]) + bias[r]
    code[r]  = activation(requantize(total[r]))

If a bit of behaviour is not in here, it does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import SpecError
from lmu_hw.fixed import FixedFormat, Requant, Rounding

__all__ = [
    "INPUT",
    "Codes",
    "Node",
    "QuantizedLayer",
    "QuantizedNetwork",
    "Rectifier",
    "Signal",
    "Table",
    "Term",
]

INPUT = "x"
"""The name by which the nodes of a layer call the layer's input."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Codes:
    """A read-only array of codes with its format.

    Raises
    ------
    SpecError
        If a code does not fit the format.
    """

    codes: NDArray[np.int64]
    format: FixedFormat

    def __post_init__(self) -> None:
        codes = np.array(self.codes, dtype=np.int64)
        if codes.size and not (
            self.format.min_code <= codes.min() and codes.max() <= self.format.max_code
        ):
            raise SpecError(
                f"codes must fit {self.format}, not {int(codes.min())} to {int(codes.max())}"
            )
        codes.setflags(write=False)
        object.__setattr__(self, "codes", codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A vector of `size` codes."""

    size: int
    format: FixedFormat


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

    @property
    def label(self) -> str:
        """The source as the configuration and the report write it."""
        return f"{self.source}[t-1]" if self.delayed else self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectifier:
    """``max(code, 0)``: the rectified linear unit, exact."""

    format: FixedFormat


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A tabulated activation: ``codes[c]`` for the code c read as an unsigned address.

    Parameters
    ----------
    function : str
        Name of the tabulated function.
    codes : Codes
        (2**input_width,) outputs; negative inputs are in the upper half.
    """

    function: str
    codes: Codes

    @property
    def format(self) -> FixedFormat:
        """Format of the outputs."""
        return self.codes.format


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """A vector computed at every step; see the module's formula.

    Parameters
    ----------
    name : str
        ``layer.node``, as in the float trace.
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

    name: str
    segments: int
    terms: tuple[Term, ...]
    bias: Codes | None
    row_shifts: tuple[int, ...] | None
    sum_frac_bits: int
    requant: Requant
    activation: Table | Rectifier | None
    last_only: bool
    error_feedback: bool = False

    def __post_init__(self) -> None:
        rows = {term.weights.codes.shape[0] for term in self.terms}
        if len(rows) != 1:
            raise SpecError(f"{self.name}: all weight matrices must have the same rows, not {rows}")
        for what, value in (
            ("bias", None if self.bias is None else len(self.bias.codes)),
            ("row_shifts", None if self.row_shifts is None else len(self.row_shifts)),
        ):
            if value not in (None, self.rows):
                raise SpecError(f"{self.name}: {what} must have {self.rows} entries, not {value}")
        for term in self.terms:
            fmt = term.weights.format
            if not fmt.signed:
                raise SpecError(f"{self.name}: weights of {term.label} must be signed, not {fmt}")
        if self.bias is not None and self.bias.format.frac_bits != self.sum_frac_bits:
            raise SpecError(f"{self.name}: the bias must have {self.sum_frac_bits} fraction bits")
        if isinstance(self.activation, Table):
            size, needed = len(self.activation.codes.codes), 1 << self.requant.format.width
            if size != needed:
                raise SpecError(f"{self.name}: the table must have {needed} entries, not {size}")
        if self.error_feedback:
            self._check_feedback()

    def _check_feedback(self) -> None:
        if self.requant.rounding is not Rounding.FLOOR:
            rounding = self.requant.rounding.value
            raise SpecError(f"{self.name}: error feedback must round by floor, not {rounding}")
        if self.activation is not None or self.last_only or self.dropped_bits < 1:
            raise SpecError(
                f"{self.name}: error feedback must be on a node without activation, computed at "
                "every step, whose narrowing drops bits"
            )

    @property
    def dropped_bits(self) -> int:
        """Fraction bits that the narrowing drops; negative if it adds some."""
        return self.sum_frac_bits - self.requant.format.frac_bits

    @property
    def rows(self) -> int:
        """Rows of one segment."""
        return self.terms[0].weights.codes.shape[0]

    @property
    def max_row_shift(self) -> int:
        """Largest row shift."""
        return max(self.row_shifts or (0,))

    @property
    def pre_activation(self) -> str:
        """Trace name of what enters the activation: ``layer.z`` for the node ``layer.h``."""
        return f"{self.name.rpartition('.')[0]}.z"

    @property
    def signal(self) -> Signal:
        """The node's output."""
        fmt = self.requant.format if self.activation is None else self.activation.format
        return Signal(size=self.segments * self.rows, format=fmt)


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedLayer:
    """Nodes in evaluation order, fed by one input vector and answering with one output vector.

    Parameters
    ----------
    name : str
    input : Signal
    nodes : tuple of Node
    outputs : tuple of str
        Nodes whose values follow each other in the output vector.
    last_only : bool
        Answer at the last step of a sequence only.

    Raises
    ------
    SpecError
        If a term reads what does not exist, or shapes or binary points do not fit.
    """

    name: str
    input: Signal
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    last_only: bool

    def __post_init__(self) -> None:
        done: set[str] = {INPUT}
        for node in self.nodes:
            for term in node.terms:
                self._check(node, term, done)
            done.add(node.name)
        in_order = tuple(node.name for node in self.nodes if node.name in self.outputs)
        if not self.outputs or self.outputs != in_order:
            raise SpecError(
                f"{self.name}: outputs must be nodes of the layer, in order, not {self.outputs}"
            )
        for node in self.nodes:
            if node.last_only and node.name in self.outputs and not self.last_only:
                raise SpecError(f"{self.name}: must answer every step, so {node.name} must too")

    def _check(self, node: Node, term: Term, done: set[str]) -> None:
        if term.source not in self.signals or not (term.delayed or term.source in done):
            raise SpecError(f"{node.name}: source {term.label!r} is not computed before it")
        if term.delayed and term.source == INPUT:
            raise SpecError(f"{node.name}: the input of the previous step is not kept")
        late = {other.name for other in self.nodes if other.last_only}
        if term.source in late and (term.delayed or not node.last_only):
            raise SpecError(f"{node.name}: {term.source} is computed at the last step only")
        source = self.signals[term.source]
        columns = term.weights.codes.shape[1]
        if columns * node.segments != source.size:
            raise SpecError(
                f"{node.name}: {node.segments} segments of {columns} columns must make up the "
                f"{source.size} elements of {term.label}"
            )
        if self.term_shift(node, term) < 0:
            raise SpecError(f"{node.name}: the sum has too few fraction bits for {term.label}")

    @property
    def signals(self) -> dict[str, Signal]:
        """Every vector of the layer by name."""
        return {INPUT: self.input, **{node.name: node.signal for node in self.nodes}}

    @property
    def states(self) -> frozenset[str]:
        """Names of the nodes whose previous value is read."""
        return frozenset(t.source for node in self.nodes for t in node.terms if t.delayed)

    @property
    def output(self) -> Signal:
        """The output vector: the smallest format that holds every output node exactly."""
        formats = [self.signals[name].format for name in self.outputs]
        signed = any(fmt.signed for fmt in formats)
        return Signal(
            size=sum(self.signals[name].size for name in self.outputs),
            format=FixedFormat(
                signed=signed,
                int_bits=max(fmt.int_bits for fmt in formats),
                frac_bits=max(fmt.frac_bits for fmt in formats),
            ),
        )

    def term_shift(self, node: Node, term: Term) -> int:
        """Return the left shift that aligns a term's products with the node's sum."""
        products = self.signals[term.source].format.frac_bits + term.weights.format.frac_bits
        return node.sum_frac_bits - node.max_row_shift - products

    def sum_bounds(self, node: Node) -> tuple[int, int]:
        """Return bounds on every partial sum of a node, and on its total.

        Computed from the formats of the sources and the actual weights, so hardware may size its
        accumulators by the first and the rounding stage by the second.
        """
        partial = np.zeros(node.rows, dtype=object)
        for term in node.terms:
            weight = np.abs(term.weights.codes).astype(object).sum(axis=1)  # beyond 64 bits too
            largest = self.signals[term.source].format.max_magnitude
            partial += weight * (largest << self.term_shift(node, term))
        total = partial
        if node.row_shifts is not None:
            total = partial * [1 << (node.max_row_shift - shift) for shift in node.row_shifts]
        if node.bias is not None:
            total = total + np.abs(node.bias.codes).astype(object)
        if node.error_feedback:
            total = total + ((1 << node.dropped_bits) - 1)
        return int(max(partial)), int(max(total))

    def multiplications(self, *, last_step: bool) -> int:
        """Return the products computed in one step."""
        return sum(
            node.segments * term.weights.codes.size
            for node in self.nodes
            for term in node.terms
            if last_step or not node.last_only
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedNetwork:
    """A network as integers and formats.

    Parameters
    ----------
    name : str
        Names the Verilog top.
    input : Requant
        How x becomes codes, after division by `input_scale`.
    input_scale : Fraction
        ``x = input_scale * value(code)``; folded into the weights.
    layers : tuple of QuantizedLayer
    answers_once : bool
        One answer for each sequence instead of one for each step.
    softmax : bool
        The trained network ends in a softmax, left to the host: the outputs are its arguments.
    model_digest : str
        SHA-256 of the trained network.

    Raises
    ------
    SpecError
        If layers do not fit each other.
    """

    name: str
    input: Requant
    input_scale: Fraction
    layers: tuple[QuantizedLayer, ...]
    answers_once: bool
    softmax: bool
    model_digest: str

    def __post_init__(self) -> None:
        if self.layers[0].input.format != self.input.format:
            raise SpecError(f"{self.name}: the first layer must read {self.input.format}")
        for before, after in pairwise(self.layers):
            if (before.output.size, before.output.format) != (after.input.size, after.input.format):
                raise SpecError(f"{self.name}: {after.name} must read the output of {before.name}")

    @property
    def inputs(self) -> int:
        """Number of input features."""
        return self.layers[0].input.size

    @property
    def output(self) -> Signal:
        """The output vector."""
        return self.layers[-1].output

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes in evaluation order."""
        return tuple(node for layer in self.layers for node in layer.nodes)
