# SPDX-License-Identifier: Apache-2.0
"""What a plan takes of a chip, counted in the bits of what it is built of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

from lmu_hw.network import MemoryNode, QuantizedLayer
from lmu_hw.plan.banks import LUTS_PER_BLOCK, fits_luts, memory_cost
from lmu_hw.plan.layer import LayerPlan

__all__ = ["Area", "Parts", "Widths", "area_of", "parts_of", "pieces", "widths_of"]

_BLOCK, _MULTIPLIER = 400, 500
"""Tables that a part has beside each block of memory and beside each multiplier, about: of ECP5
parts 402 to 434, and 536 to 867."""

_MULTIPLIER_BITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What a plan takes of a part.

    Attributes
    ----------
    lut, ff : float
        Tables of four inputs, and flip-flops.
    block_ram : float
        Blocks of 18 kbit.
    dsp : int
        Multipliers of 18 x 18 bits.
    """

    lut: float = 0.0
    ff: float = 0.0
    block_ram: float = 0.0
    dsp: int = 0

    def __add__(self, other: Area) -> Area:
        return Area(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    @property
    def tables(self) -> float:
        """All of it in tables: a table comes with a flip-flop, a block with 400, a multiplier 500.

        So a plan is as large as the piece of a part that it leaves to nobody else.
        """
        logic = (self.lut + self.ff) / 2
        return logic + _BLOCK * self.block_ram + _MULTIPLIER * self.dsp


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Bits of what a layer is built of.

    Attributes
    ----------
    products : int
        Coefficients and products, of every multiplier of the array.
    trees : int
        Adders of the products of a row.
    sums : int
        Sums of the rows of the array.
    operands : int
        Elements that the array is offered, of every vector.
    beats : int
        What a beat of rows passes on its way from sums to codes.
    memories : int
        Operands of the multipliers of structured memories.
    elements : int
        The same of element-wise nodes.
    ports : int
        Vectors at the input and at the output.
    layers : int
        1: what every layer has.
    """

    products: int = 0
    trees: int = 0
    sums: int = 0
    operands: int = 0
    beats: int = 0
    memories: int = 0
    elements: int = 0
    ports: int = 0
    layers: int = 0

    @property
    def bits(self) -> tuple[int, ...]:
        """All of them, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))


LUT = Parts(
    products=0, trees=1, sums=4, operands=1, beats=5, memories=7, elements=2, ports=2, layers=150
)
FF = Parts(
    products=1, trees=0, sums=3, operands=1, beats=3, memories=6, elements=2, ports=2, layers=100
)
"""Tables and flip-flops of a bit of each part: registers and adders as they are in hdl/, counted by
hand, to compare plans with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Bits of what the array of a layer works with."""

    weight: int
    operand: int
    sum: int
    total: int
    code: int

    @property
    def product(self) -> int:
        return self.weight + self.operand


@lru_cache(maxsize=32)
def widths_of(layer: QuantizedLayer) -> Widths:
    terms = [term for node in layer.sums for term in node.terms]
    formats = [layer.signals[term.source].format for term in terms]
    bounds = [layer.sum_bounds(node) for node in layer.sums]
    return Widths(
        weight=max(term.weights.format.width for term in terms),
        operand=max(fmt.width + (not fmt.signed) for fmt in formats),
        sum=1 + max(partial.bit_length() for partial, _ in bounds),
        total=1 + max(total.bit_length() for _, total in bounds),
        code=max(node.signal.format.width for node in layer.nodes),
    )


def parts_of(plan: LayerPlan) -> Parts:
    """Return what a layer is built of."""
    layer, widths = plan.layer, widths_of(plan.layer)
    sources = {term.source for node in layer.sums for term in node.terms}
    return Parts(
        products=plan.array_lanes * (widths.weight + widths.product),
        trees=plan.rows * (plan.columns - 1) * widths.product,
        sums=plan.rows * widths.sum,
        operands=plan.columns * widths.operand * len(sources),
        beats=plan.beat * (widths.total + widths.code),
        memories=sum(_memory_bits(plan, node) for node in layer.structured),
        elements=plan.elementwise_lanes * 2 * widths.code,
        ports=plan.beat * (layer.input.format.width + layer.output.format.width),
        layers=1,
    )


def area_of(plan: LayerPlan) -> Area:
    """Return what a layer takes of a part, about."""
    parts = parts_of(plan).bits
    tables, blocks = _memories(plan)
    return Area(
        lut=sum(n * bits for n, bits in zip(LUT.bits, parts, strict=True)) + tables,
        ff=sum(n * bits for n, bits in zip(FF.bits, parts, strict=True)),
        block_ram=blocks,
        dsp=_multipliers(plan),
    )


def _operands(node: MemoryNode) -> tuple[int, int]:
    """Return the bits of the widest coefficient and operand of a structured memory."""
    products = node.update.products(node.requant.format)
    return max(p.coefficient for p in products), max(p.operand for p in products)


def _memory_bits(plan: LayerPlan, node: MemoryNode) -> int:
    schedule = plan.node(node)
    return (schedule.lanes + schedule.chain) * sum(_operands(node))


def _multipliers(plan: LayerPlan) -> int:
    """Return the 18 x 18 multipliers of a layer."""
    widths = widths_of(plan.layer)
    array = plan.array_lanes * pieces(widths.weight, widths.operand)
    memories = sum(
        plan.node(node).lanes * pieces(*_operands(node)) for node in plan.layer.structured
    )
    elements = plan.elementwise_lanes * pieces(widths.code, widths.code)
    return array + memories + elements + plan.table_multipliers


def pieces(*widths: int) -> int:
    """Return the multipliers that a product of signed numbers takes."""
    pieces = 1
    for width in widths:
        pieces *= -(-width // _MULTIPLIER_BITS)
    return pieces


def _memories(plan: LayerPlan) -> tuple[float, float]:
    """Return the tables and the blocks of all memories of a layer."""
    layer = plan.layer
    shapes = _coefficients(plan)
    shapes += [(node.table_bits // 16, 16) for node in layer.nodes] * plan.beat
    shapes += [(bits // 32, 32) for n in layer.structured if (bits := plan.node(n).rom_bits)]
    for name in {read.source for node in layer.nodes for read in node.reads}:
        width = plan.columns * layer.signals[name].format.width
        shapes.append((2 * plan.storage(name).words, width))
    shapes = [shape for shape in shapes if shape[0]]
    tables = [LUTS_PER_BLOCK * memory_cost(*shape) for shape in shapes if fits_luts(*shape)]
    blocks = [memory_cost(*shape) for shape in shapes if not fits_luts(*shape)]
    return sum(tables), sum(blocks)


def _coefficients(plan: LayerPlan) -> list[tuple[int, int]]:
    """Return words and bits of the coefficient ROMs: of all nodes in one, or of each in its own."""
    roms = [
        (
            plan.node(node).rom_words,
            plan.array_lanes * max(term.weights.format.width for term in node.terms),
        )
        for node in plan.layer.sums
    ]
    shared = (sum(words for words, _ in roms), max(width for _, width in roms))
    if memory_cost(*shared) <= sum(memory_cost(*rom) for rom in roms):
        return [shared]
    return roms
