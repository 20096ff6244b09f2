# SPDX-License-Identifier: Apache-2.0
"""The format of every node: from word lengths, observed ranges, and proofs about the states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu import LmuLayer, Network, Role, node_name
from lmu_hw.lmu.activations import LINEAR, RELU, activation
from lmu_hw.network.float_nodes import (
    AnyFloatNode,
    FloatElementwise,
    FloatNode,
    float_nodes,
    outputs,
)
from lmu_hw.quantize.choose import Choice
from lmu_hw.quantize.config import MemoryScale, NodeConfig, Options
from lmu_hw.quantize.memories import u_share
from lmu_hw.quantize.options import NEAREST
from lmu_hw.quantize.ranges import Range, int_bits_for
from lmu_hw.quantize.tables import saturation_int_bits
from lmu_hw.realize.weights import weight_formats

__all__ = ["FULL_SCALE", "Chooser", "States", "input_format"]

Array = NDArray[np.float64]

FULL_SCALE = 0.999
"""Where the range of a normalised u ends: just below the end of its format."""

_LARGEST_INPUT = 2.0**62


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """What is chosen for the states of a layer's memory.

    Attributes
    ----------
    bits, int_bits : int
    heard : float
        What the memory hears of u; see `MemoryScale`.
    overflow : Overflow
    recursions : mapping of str to int
        Integer bits that are proved for the recursions of a structured memory.
    why, note : tuple of str
        What is proved, and what was not provable at first; for the reader.
    """

    bits: int
    int_bits: int
    heard: float
    overflow: Overflow
    recursions: Mapping[str, int] = field(default_factory=dict)
    why: tuple[str, ...] = field(default=(), compare=False)
    note: tuple[str, ...] = field(default=(), compare=False)


def input_format(x: Array, options: Options) -> Requant:
    """Return how calibration data in units of the input scale become codes."""
    low, high = float(x.min()), float(x.max())
    if not max(-low, high) < _LARGEST_INPUT:
        raise ConfigError(
            f"calibration data divided by the input scale {options.input_scale} must be below "
            f"2**62 in magnitude, but reaches {max(-low, high):.4g}"
        )
    integers = np.rint(x)
    if options.input_scale != 1 and np.allclose(x, integers, rtol=0, atol=1e-3):
        fmt = FixedFormat.spanning(int(integers.min()), int(integers.max()), frac_bits=0)
        if options.input_bits is not None:
            fmt = FixedFormat.of_width(
                options.input_bits, signed=fmt.signed, int_bits=options.input_bits - fmt.signed
            )
    else:
        signed = low < 0
        width = options.input_bits or options.state_bits
        fmt = FixedFormat.of_width(width, signed=signed, int_bits=int_bits_for(low, high))
    return _saturating(fmt)


def _saturating(fmt: FixedFormat) -> Requant:
    return Requant(format=fmt, rounding=Rounding.HALF_UP, overflow=Overflow.SATURATE)


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses the formats of nodes from the ranges of the realized network."""

    network: Network
    ranges: Mapping[str, Range]
    input: Requant
    options: Options
    states: Mapping[str, States]

    def node(self, node: AnyFloatNode) -> NodeConfig:
        match node:
            case FloatNode():
                return self._sum(node)
            case FloatElementwise():
                return self._elementwise(node)
        assert_never(node)

    def _sum(self, node: FloatNode) -> NodeConfig:
        if node.role is Role.ENCODED and node.activation == LINEAR:
            requant, output, why = self._encoded(node)
        elif node.role is Role.PASSED_INPUT:
            copied = _saturating(self._input_format(node.layer))
            requant, output, why = copied, None, ["a copy of x"]
        elif node.activation == LINEAR:
            requant, output, why = self._linear(node)
        elif node.activation == RELU:
            requant, output, why = self._rectified(node)
        else:
            requant, output, why = self._tabulated(node)
        copies = node.role is Role.PASSED_INPUT
        bits = 2 if copies else self.options.weight_bits
        formats = weight_formats(node, bits, margin=1.0 if copies else self.options.weight_margin)
        return NodeConfig(
            requant=requant,
            weights=formats.weights,
            row_shifts=formats.row_shifts,
            output=output,
            table_error=self._table_error(node),
            why=(*why, *formats.why),
        )

    def _table_error(self, node: AnyFloatNode) -> float:
        tabulated = node.activation not in (LINEAR, RELU)
        return self.options.table_error if tabulated else NEAREST

    def _elementwise(self, node: FloatElementwise) -> NodeConfig:
        if node.activation == LINEAR:
            requant, output, why = self._mixed(node)
        elif node.activation == RELU:
            requant, output, why = self._rectified(node)
        else:
            requant, output, why = self._tabulated(node)
        return NodeConfig(
            requant=requant,
            weights={},
            row_shifts=False,
            output=output,
            table_error=self._table_error(node),
            why=tuple(why),
        )

    def memory(
        self, layer: LmuLayer, choice: Choice, source: FixedFormat, scale: MemoryScale | None
    ) -> NodeConfig:
        """Return the formats of a memory, without refit.

        Parameters
        ----------
        layer : LmuLayer
            Realized.
        choice : Choice
            How it is computed, and of how many bits its coefficients are.
        source : FixedFormat
            Of u.
        scale : MemoryScale or None
            Of the layer.

        Raises
        ------
        ConfigError
            If the options ask for what such a memory cannot do.
        """
        realization, options = choice.realization, self.options
        if options.error_feedback and not realization.takes_error_feedback:
            name = node_name(layer.name, Role.MEMORY)
            raise ConfigError(f"{name}: `error_feedback` is not for a {realization.kind} memory")
        requant, why = self._states(layer.name)
        proved = self.states[layer.name].recursions
        formats = realization.formats(layer, choice.bits, requant, source, u_share(scale), proved)
        return NodeConfig(
            requant=requant,
            weights=formats.weights,
            row_shifts=formats.row_shifts,
            output=None,
            error_feedback=options.error_feedback,
            repair=options.repair and realization.trained_matrices,
            realization=formats.realization,
            why=(*why, *formats.why),
        )

    def _observed(self, name: str) -> tuple[float, float, str]:
        low, high = float(self.ranges[name].low.min()), float(self.ranges[name].high.max())
        return low, high, f"calibration: {low:.4g} to {high:.4g}"

    def _input_format(self, layer: str) -> FixedFormat:
        """Format of what enters a layer: that of the layer before it."""
        names = [one.name for one in self.network.layers]
        index = names.index(layer)
        if index == 0:
            return self.input.format
        before = self.network.layers[index - 1]
        answers = [node for node in float_nodes(before) if node.name in outputs(before)]
        return FixedFormat.holding(
            self._states(before.name)[0].format
            if node.role is Role.MEMORY
            else self.node(node).signal_format
            for node in answers
        )

    def _encoded(self, node: FloatNode) -> tuple[Requant, None, list[str]]:
        low, high, seen = self._observed(node.name)
        fmt = self._spanning(low * FULL_SCALE, high * FULL_SCALE, self.options.state_bits)
        return _saturating(fmt), None, [f"{seen}, times a margin of {self.options.margin:g}"]

    def _states(self, layer: str) -> tuple[Requant, list[str]]:
        chosen = self.states[layer]
        feedback = self.options.error_feedback
        requant = Requant(
            format=FixedFormat.of_width(chosen.bits, signed=True, int_bits=chosen.int_bits),
            rounding=Rounding.FLOOR if feedback else Rounding.HALF_UP,
            overflow=chosen.overflow,
        )
        return requant, [self._observed(node_name(layer, Role.MEMORY))[2]]

    def _linear(self, node: AnyFloatNode) -> tuple[Requant, None, list[str]]:
        low, high, seen = self._observed(node.name)
        fmt = self._spanning(low, high, self.options.state_bits)
        return _saturating(fmt), None, [f"{seen}, times a margin of {self.options.margin:g}"]

    def _mixed(self, node: FloatElementwise) -> tuple[Requant, None, list[str]]:
        """Format of a state of a gated cell that no activation follows."""
        if node.role is Role.CELL_STATE:
            return self._linear(node)
        low, high, seen = self._observed(node.name)
        margin, bits = self.options.margin, self.options.activation_bits
        int_bits = int_bits_for(low * margin, high * margin)
        layer = next(layer for layer in self.network.layers if layer.name == node.layer)
        nodes = {other.role: other for other in float_nodes(layer)}
        limit = nodes.get(Role.ACTIVATED_STATE) or nodes.get(Role.CANDIDATE)
        if node.role is Role.HIDDEN and limit:
            # h is a share of what the activation answers, or a mean of such answers.
            int_bits = min(int_bits, self.node(limit).signal_format.int_bits)
        fmt = FixedFormat.of_width(bits, signed=True, int_bits=int_bits)
        return _saturating(fmt), None, [seen]

    def _rectified(self, node: AnyFloatNode) -> tuple[Requant, FixedFormat, list[str]]:
        _, high, seen = self._observed(node.name)
        bits = (
            self.options.state_bits if node.role is Role.ENCODED else self.options.activation_bits
        )
        int_bits = int_bits_for(0.0, high * self.options.margin)
        output = FixedFormat.of_width(bits, signed=False, int_bits=int_bits)
        source = FixedFormat.of_width(bits + 1, signed=True, int_bits=int_bits)
        return _saturating(source), output, [seen, "relu is exact: max(z, 0)"]

    def _tabulated(self, node: AnyFloatNode) -> tuple[Requant, FixedFormat, list[str]]:
        where = node.name
        low, high, seen = self._observed(node.pre_activation)
        margin = self.options.margin
        int_bits = int_bits_for(low * margin, high * margin)
        span = 2.0**int_bits
        f = activation(node.activation, where=where)
        values = f(np.linspace(-span, span, 4097))
        output = self._table_output(float(values.min()), float(values.max()))
        limit = saturation_int_bits(node.activation, output.ulp, where=where)
        why = [f"{seen}; a table of {node.activation}"]
        if limit is not None and limit <= int_bits:
            int_bits = limit
            why.append(f"{node.activation} is constant beyond +-{2.0**limit:g}")
        int_bits = max(int_bits, 1 - output.frac_bits)  # a sum of zeros needs a bit, too
        fmt = FixedFormat(signed=True, int_bits=int_bits, frac_bits=output.frac_bits)
        return _saturating(fmt), output, why

    def _table_output(self, low: float, high: float) -> FixedFormat:
        """Return the output format of a table; a limit of exactly 2**n may saturate by one ulp."""
        signed = low < 0
        int_bits = int_bits_for(low, high)
        bits = self.options.activation_bits
        smaller = FixedFormat.of_width(bits, signed=signed, int_bits=int_bits - 1)
        if high <= 2.0 ** (int_bits - 1) and low >= smaller.min_value:
            return smaller
        return FixedFormat.of_width(bits, signed=signed, int_bits=int_bits)

    def _spanning(self, low: float, high: float, bits: int) -> FixedFormat:
        margin = self.options.margin
        return FixedFormat.of_width(
            bits, signed=True, int_bits=int_bits_for(low * margin, high * margin)
        )
