# SPDX-License-Identifier: Apache-2.0
"""How far a quantized memory, or what reads it linearly, can be from the float reference.

With ``m_q = H_q u_q`` plus rounding and ``m = H u``,

    m_q - m = (H_q - H) u_q  +  rounding  +  H (u_q - u)

and each term is bounded by a gain times what it is given: `coefficients` and `mismatch` together,
`rounding`, `input`. Where hidden units or earlier layers feed u, ``u_q - u`` counts the narrowing
of u alone: the bound holds for the u that the hardware computed (`conditional`). All of it while
neither u, nor what reads the memory, nor the copy of the input that it reads saturates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lmu_verify.claims import Judge
from lmu_verify.design import INPUT, Design, Layer, Node
from lmu_verify.errors import NotShown
from lmu_verify.integers import Codes, dyadic, exact_product, identity, total
from lmu_verify.memory import Memory
from lmu_verify.reference import FloatLayer
from lmu_verify.sums import response_sums

__all__ = ["Deviation", "Head", "heads", "input_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Bounds of each element, as values; `coefficients` includes another discretization."""

    coefficients: list[Fraction]
    rounding: list[Fraction]
    input: list[Fraction]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """A node that reads a memory linearly, and what it stands for."""

    node: Node
    judge: Judge
    design: Design
    float_layer: FloatLayer
    matrix: str
    vector: str
    columns: slice  # of `matrix` that read the memory
    passed: tuple[str, slice] | None  # what reads the layer's input

    def deviation(self, level: int) -> Deviation:
        """Return the bounds that can be shown at a level of effort."""
        self.require_linear()
        judge, node = self.judge, self.node
        memory, count = judge.memory, self.node.rows
        weights, ideal = self._weights(), self._ideal(self.matrix, self.columns)
        errors, _ = input_error(self.design, memory, judge.float_layer)
        whole, dropped, heard = ([Fraction(0)] * count for _ in range(3))
        for segment in range(memory.node.segments):
            part = slice(segment * memory.order, (segment + 1) * memory.order)
            rows, ideal_rows = (Codes(w.codes[:, part], w.bits) for w in (weights, ideal))
            whole = _add(whole, judge.difference(rows, ideal_rows, level))
            dropped = _add(dropped, judge.rounding(rows, level))
            parts = [(judge.ideal, ideal_rows)]
            gains = response_sums(parts, judge.progress, level=level)
            heard = _add(heard, [gain * errors[segment] for gain in gains])
        bias = _bias_errors(node, self.float_layer, self.vector)
        off, direct, copied = self._direct(memory.layer)
        delta = memory.error_ulp * memory.format.ulp
        return Deviation(
            coefficients=_add([memory.u_limit * w for w in whole], bias, off),
            rounding=[
                delta * d + node.requant.error + c for d, c in zip(dropped, copied, strict=True)
            ],
            input=_add(heard, direct),
        )

    @property
    def conditional(self) -> bool:
        """More than what is counted may differ."""
        memory = self.judge.memory
        _, conditional = input_error(self.design, memory, self.judge.float_layer)
        return conditional or (
            self.passed is not None and memory.layer is not self.design.layers[0]
        )

    def require_linear(self) -> None:
        """Show that the node reads the memory and what is passed on, and nothing else."""
        layer, memory, node = self.judge.memory.layer, self.judge.memory, self.node
        inside = self.matrix == "W_m"
        allowed = {(memory.name, False), (INPUT, False)} if inside else {(INPUT, False)}
        if _sources(node) - allowed or node.activation or node.segments != 1:
            raise NotShown(f"{node.name}: must be linear, in the memory and what is passed on")
        outputs = [memory.name, *([f"{layer.name}.p"] if self.passed else [])]
        if not inside and layer.outputs != outputs:
            raise NotShown(f"{layer.name}: must answer with {' and '.join(outputs)}")

    def _weights(self) -> Codes:
        memory = self.judge.memory
        size = memory.node.size
        source = memory.name if self.node.name.startswith(f"{memory.layer.name}.") else INPUT
        weights = self.node.weights(source, delayed=False)
        if weights is None:
            return Codes(np.zeros((self.node.rows, size), dtype=object), 0)
        return Codes(weights.codes[:, :size], weights.bits)

    def _ideal(self, matrix: str, columns: slice) -> Codes:
        tensor = self.float_layer.tensors.get(f"{self.float_layer.name}.{matrix}", None, "float64")
        if tensor.ndim != 2 or len(tensor) != self.node.rows:
            raise NotShown(f"{self.node.name}: the reference's {matrix} has other rows")
        return dyadic(tensor[:, columns])

    def _direct(self, layer: Layer) -> tuple[list[Fraction], list[Fraction], list[Fraction]]:
        """Return what rounded weights, a rounded input and its copy do to what is passed on."""
        nothing = [Fraction(0)] * self.node.rows
        if self.passed is None:
            return nothing, nothing, nothing
        ideal, own = self._ideal(*self.passed), self.node.weights(INPUT, delayed=False)
        dropped = nothing
        if own is not None and self.matrix == "W":  # behind the copy of the input
            own = Codes(own.codes[:, self.columns.stop :], own.bits)
            own, dropped = _copied(layer, own)
        return *_passed(self.design, layer, own, ideal), dropped


def _copied(layer: Layer, weights: Codes) -> tuple[Codes, list[Fraction]]:
    """Return weights of the copy of a layer's input as weights of the input, and what it drops."""
    copy = layer.node("p")
    image = None if copy is None else copy.weights(INPUT, delayed=False)
    linear = copy is not None and not (_sources(copy) - {(INPUT, False)} or copy.activation)
    if copy is None or image is None or not linear or copy.bias is not None:
        raise NotShown(f"{layer.name}: there must be a copy of its input, {layer.name}.p")
    eye = identity(copy.rows)
    same = image.codes.shape == eye.codes.shape
    same = same and not total(image, Codes(-eye.codes, 0)).codes.any()
    bits = layer.input_format.frac_bits if same else copy.sum_frac_bits
    drops = bits > copy.requant.format.frac_bits
    error = copy.requant.error if drops else Fraction(0)
    return exact_product(weights, image), [value * error for value in weights.row_sums()]


def heads(design: Design, reference: list[FloatLayer], judges: list[Judge]) -> Iterator[Head]:
    """Yield every node that reads a memory linearly.

    A linear hidden cell without recurrence, or a linear dense layer behind a bare memory.
    """
    for judge in judges:
        memory, own = judge.memory, judge.float_layer
        index, size = design.layers.index(memory.layer), memory.node.size
        shared = {"judge": judge, "design": design}
        if own.hidden != "none":
            node = memory.layer.node("h")
            if own.hidden == "dense" and own.fields.get("activation") == "linear" and node:
                passed = ("W_x", slice(None)) if own.has("W_x") else None
                yield Head(
                    **shared, node=node, float_layer=own, matrix="W_m", vector="b_h",
                    columns=slice(None), passed=passed,
                )  # fmt: skip
        elif index + 1 < len(reference):
            after = reference[index + 1]
            node = design.layers[index + 1].node("y")
            if after.fields.get("kind") == "dense" and after.fields.get("activation") == "linear":
                if node is None or node.weights(INPUT, delayed=False) is None:
                    continue
                wide = design.layers[index + 1].input_size > size
                passed = ("W", slice(size, None)) if wide else None
                yield Head(
                    **shared, node=node, float_layer=after, matrix="W", vector="b",
                    columns=slice(0, size), passed=passed,
                )  # fmt: skip


def input_error(design: Design, memory: Memory, layer: FloatLayer) -> tuple[list[Fraction], bool]:
    """Return how far each u can be from its ideal, and whether more than that is unknown."""
    u = memory.u
    own = [u.requant.error] * u.size
    first = memory.layer is design.layers[0]
    if not first or not memory.open_loop or memory.u_saturates or u.table:
        return own, True
    if _sources(u) - {(INPUT, False)} or u.segments != 1:
        raise NotShown(f"{u.name}: must read the input alone, as its reference does")
    ideal = layer.get("E_x", u.size, memory.layer.input_size)
    direct = _passed(design, memory.layer, u.weights(INPUT, delayed=False), ideal)
    return _add(own, *direct, _bias_errors(u, layer, "b_u")), False


def _sources(node: Node) -> set[tuple[str, bool]]:
    """Return what a node reads by weights that are not zero, and whether of the step before."""
    return {(t.source, t.delayed) for t in node.terms if t.weights.codes.any()}


def _passed(
    design: Design, layer: Layer, own: Codes | None, ideal: Codes
) -> tuple[list[Fraction], list[Fraction]]:
    """Return what rounded weights and a rounded input do to ``W x``."""
    nothing = Codes(np.zeros_like(ideal.codes), 0)
    off = total(own or nothing, Codes(-ideal.codes, ideal.bits)).row_sums()
    largest = layer.input_format.magnitude * layer.input_format.ulp
    whole = design.input.format.frac_bits == 0 and design.input_scale != 1
    error = Fraction(0) if whole else design.input.error
    return [value * largest for value in off], [value * error for value in ideal.row_sums()]


def _bias_errors(node: Node, layer: FloatLayer, tensor: str) -> list[Fraction]:
    nothing = Codes(np.zeros(node.rows, dtype=object), 0)
    ideal = layer.get(tensor, node.rows) if layer.has(tensor) else nothing
    off = total(node.bias or nothing, Codes(-ideal.codes, ideal.bits))
    return [Fraction(abs(int(code)), 1 << off.bits) for code in off.codes]


def _add(*parts: list[Fraction]) -> list[Fraction]:
    return [sum(values, Fraction(0)) for values in zip(*parts, strict=True)]
