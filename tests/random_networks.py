# SPDX-License-Identifier: Apache-2.0
"""Random quantized networks: any formats, modes and codes that a specification allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu import Role
from lmu_hw.network import (
    INPUT,
    Codes,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Signal,
    Table,
    Term,
)
from tests.random_tables import random_table

__all__ = ["random_input", "random_network"]

_ROUNDINGS = list(Rounding)
_OVERFLOWS = [Overflow.WRAP, Overflow.SATURATE]


def random_network(random: np.random.Generator, *, widest: int = 7) -> QuantizedNetwork:
    """Return a network of one or two LMU-shaped layers; codes of at most `widest` bits."""
    maker = _Maker(random, random.spawn(1)[0], widest)
    signal = Signal(size=maker.integer(1, 3), format=maker.format(2, widest))
    entry = maker.requant(signal.format)
    layers: list[QuantizedLayer] = []
    answers_once = False
    for index in range(maker.integer(1, 2)):
        layers.append(maker.layer(f"l{index}", signal))
        answers_once = answers_once or layers[-1].last_only
        signal = layers[-1].output
    return QuantizedNetwork(
        name="random",
        input=entry,
        input_scale=Fraction(1),
        layers=tuple(layers),
        answers_once=answers_once,
        softmax=False,
        model_digest="0" * 64,
    )


def random_input(
    random: np.random.Generator, network: QuantizedNetwork, sequences: int, steps: int
) -> np.ndarray:
    """Return (sequences, steps, inputs) codes, of which a third are at a limit."""
    fmt = network.input.format
    shape = (sequences, steps, network.inputs)
    codes = random.integers(fmt.min_code, fmt.max_code + 1, shape)
    limits = random.choice([fmt.min_code, fmt.max_code], shape)
    return np.where(random.random(shape) < 1 / 3, limits, codes)


@dataclass
class _Maker:
    random: np.random.Generator
    feedback: np.random.Generator  # of its own: nothing else of a network depends on it
    widest: int

    def integer(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def flag(self) -> bool:
        return bool(self.random.random() < 0.5)

    def format(self, narrowest: int, widest: int, *, signed: bool | None = None) -> FixedFormat:
        width = self.integer(narrowest, widest)
        signed = self.flag() if signed is None else signed
        return FixedFormat.of_width(width, signed=signed, int_bits=self.integer(-2, width + 1))

    def requant(self, fmt: FixedFormat) -> Requant:
        return Requant(
            format=fmt,
            rounding=_ROUNDINGS[self.integer(0, 3)],
            overflow=_OVERFLOWS[self.integer(0, 1)],
        )

    def codes(self, shape: tuple[int, ...], fmt: FixedFormat) -> Codes:
        codes = self.random.integers(fmt.min_code, fmt.max_code + 1, shape)
        return Codes(codes=codes, format=fmt)

    def layer(self, name: str, source: Signal) -> QuantizedLayer:
        """Return u and m, and where they have a reader, h or p."""
        memories, order, units = self.integer(1, 2), self.integer(1, 4), self.integer(1, 4)
        cell = ["none", "copy", "dense", "recurrent"][self.integer(0, 3)]
        once = self.flag() and self.flag()
        shapes = {INPUT: source.size, "u": memories, "m": memories * order, "h": units}
        formats = {INPUT: source.format}
        formats |= {key: self.format(1, self.widest) for key in ("u", "m")}
        activation = self.activation() if cell in ("dense", "recurrent") else None
        requants = {key: self.requant(formats[key]) for key in ("u", "m")}
        if activation is None:
            formats["h"] = self.format(1, self.widest)
            requants["h"] = self.requant(formats["h"])
        else:
            requants["h"], activation, formats["h"] = activation
        reads: dict[str, list[tuple[str, bool, bool]]] = {
            "u": [("h", True, cell == "recurrent"), ("m", True, self.flag()), (INPUT, False, True)],
            "m": [("m", True, True), ("u", False, True)],
            "h": [("h", True, cell == "recurrent"), (INPUT, False, self.flag())],
        }
        reads["h"].append(("m", False, True))
        if cell == "copy":
            reads["h"] = [(INPUT, False, True)]
        kinds = ["u", "m"] if cell == "none" else ["u", "m", "h"]
        nodes = [
            self.node(
                name,
                key,
                [(s, delayed) for s, delayed, wanted in reads[key] if wanted],
                formats,
                shapes,
                segments=memories if key == "m" else 1,
                requant=requants[key],
                activation=activation if key == "h" else None,
                last_only=once and key == "h" and cell != "recurrent",
            )
            for key in kinds
        ]
        outputs = {"none": "m", "copy": "mh", "dense": "h", "recurrent": "h"}[cell]
        return QuantizedLayer(
            name=name,
            input=source,
            nodes=tuple(nodes),
            outputs=tuple(f"{name}.{key}" for key in outputs),
            last_only=once,
        )

    def activation(self) -> tuple[Requant, Table | Rectifier, FixedFormat] | None:
        """Return what enters an activation, the activation, and its output format."""
        kind = self.integer(0, 2)
        if kind == 0:
            return None
        if kind == 1:
            source = self.format(2, self.widest, signed=True)
            output = FixedFormat(signed=False, int_bits=source.int_bits, frac_bits=source.frac_bits)
            return self.requant(source), Rectifier(format=output), output
        source, output = self.format(1, 5), self.format(1, self.widest)
        table = random_table(self.random, source, output)
        return self.requant(source), table, output

    def node(
        self,
        layer: str,
        key: str,
        sources: list[tuple[str, bool]],
        formats: dict[str, FixedFormat],
        shapes: dict[str, int],
        *,
        segments: int,
        requant: Requant,
        activation: Table | Rectifier | None,
        last_only: bool,
    ) -> Node:
        rows = shapes[key] // segments
        terms, products = [], []
        for source, delayed in sources:
            fmt = self.format(1, self.widest, signed=True)
            weights = self.codes((rows, shapes[source] // segments), fmt)
            name = source if source == INPUT else f"{layer}.{source}"
            terms.append(Term(source=name, delayed=delayed, weights=weights))
            products.append(formats[source].frac_bits + fmt.frac_bits)
        shifts = [self.integer(0, 3) for _ in range(rows)] if self.flag() else None
        sum_frac_bits = max(products) + max(shifts or [0]) + self.integer(0, 2)
        bias = self.codes((rows,), FixedFormat.of_width(9, signed=True, int_bits=8 - sum_frac_bits))
        keeps = activation is None and not last_only and sum_frac_bits > requant.format.frac_bits
        error_feedback = keeps and bool(self.feedback.random() < 0.5)
        if error_feedback:
            requant = replace(requant, rounding=Rounding.FLOOR)
        return Node(
            layer=layer,
            role=Role(key),
            segments=segments,
            terms=tuple(terms),
            bias=bias if self.flag() else None,
            row_shifts=None if shifts is None else tuple(shifts),
            sum_frac_bits=sum_frac_bits,
            requant=requant,
            activation=activation,
            last_only=last_only,
            error_feedback=error_feedback,
        )
