# SPDX-License-Identifier: Apache-2.0
"""What a plan is built of, counted part by part: bits of registers, adders, selectors, memories.

Counted as in lmu_hw.hdl, from the plan alone; `lmu_hw.plan.estimate` knows what each takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.fixed import Overflow
from lmu_hw.network import (
    INPUT,
    MemoryNode,
    Node,
    Table,
    activation_of,
)
from lmu_hw.plan.banks import registers_address
from lmu_hw.plan.chip import DEFAULT, Chip
from lmu_hw.plan.inventory import (
    CELL,
    Memory,
    Multipliers,
    answer_queue,
    memories_of,
    multipliers_of,
    stored_vectors,
    vector_memory,
)
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.pipeline import Plan
from lmu_hw.plan.states import StateMap
from lmu_hw.plan.vectors import has_register

__all__ = ["OPTIONS", "REGISTER_FILE", "Bits", "Counts", "counts_of", "pace_counts", "port_counts"]

Bits = dict[str, float]
"""How many there are, by what is counted."""

REGISTER_FILE = "register file"
"""Bits of memories that become flip-flops."""

OPTIONS = ("registers", "states", "streams")
"""Parts that are there only if they are asked for."""

_COUNTERS = 6
"""Of every design with registers; packets have one more, and each node whose sums saturate has."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a layer, or the ports of a network, are built of.

    Attributes
    ----------
    parts : dict of part to dict of what to number
    memories : tuple of Memory
    multipliers : tuple of Multipliers
    """

    parts: dict[str, Bits]
    memories: tuple[Memory, ...]
    multipliers: tuple[Multipliers, ...]


def counts_of(plan: LayerPlan, chip: Chip = DEFAULT) -> Counts:
    """Return what a layer is built of; the chip says which memories are made of tables."""
    memories = memories_of(plan)
    parts = {
        "array": _array(plan),
        "output": _output(plan),
        "control": _control(plan),
        "vectors": _vectors(plan),
    }
    if plan.layer.elementwise:
        parts["products of vectors"] = _elementwise(plan)
    for node in plan.layer.structured:
        memory = parts.setdefault(f"memory, {node.realization}", {"unit": 0.0, "operands": 0.0})
        memory["unit"] += 1
        for name, count in _memory(plan, node).items():
            memory[name] = memory.get(name, 0.0) + count
    return Counts(
        parts={part: _with_memories(bits, part, memories, chip) for part, bits in parts.items()},
        memories=tuple(memories),
        multipliers=tuple(multipliers_of(plan)),
    )


def port_counts(plan: Plan, chip: Chip = DEFAULT) -> Counts:
    """Return what is around the layers: ports, and the queue of answers."""
    source, answer = plan.layers[0].layer.input, plan.layers[-1].layer.output
    queue = answer_queue(plan)
    # What is chosen from at the input, and what keeps an answer at the output.
    chosen, kept = source.size * source.format.width, answer.size * answer.format.width
    divided = source.size > plan.beat
    if plan.stream.packets:
        chosen, kept = plan.source.elements * source.format.width, queue.width
        divided = plan.source.elements > plan.layers[0].input_beat
    bits = {"ports": 1.0, "inputs": chosen * divided, "outputs": kept, "beat": queue.width}
    options = zip(OPTIONS, (_registers(plan), _states(plan), _streams(plan)), strict=True)
    named = {
        part: {f"{part}: {name}": count for name, count in counts.items()}
        for part, counts in options
        if counts
    }
    return Counts(
        parts={"ports": _with_memories(bits, "ports", [queue], chip), **named},
        memories=(queue,),
        multipliers=(),
    )


def _registers(plan: Plan) -> Bits:
    """Count the registers beside a network, of which most are counters."""
    if not plan.registers:
        return {}
    nodes = [node for layer in plan.layers for node in layer.layer.nodes]
    saturating = sum(node.requant.overflow is Overflow.SATURATE for node in nodes)
    counters = _COUNTERS + plan.stream.packets + saturating
    return {"unit": 1.0, "counters": counters, "states": float(plan.state_access)}


def _states(plan: Plan) -> Bits:
    """Count what reads and writes states between steps."""
    if not plan.state_access:
        return {}
    states = StateMap(plan)
    widths = sum(block.vector.format.width for block in states.blocks)
    return {"port": float(states.data_bits + states.address_bits), "codes": widths}


def _streams(plan: Plan) -> Bits:
    """Count what keeps several streams apart in the layers, and at their ends."""
    if plan.stream.streams == 1:
        return {}
    contexts = sum(layer.contexts for layer in plan.layers)
    return {"layers": float(len(plan.layers)), "contexts": float(contexts)}


def pace_counts(plan: LayerPlan) -> Bits:
    """Return what else the period of the clock depends on than the shape of a layer."""
    factors = [plan.node(node).factor_bits(node.requant.format) for node in plan.layer.structured]
    wide = [-(-a // 18) * -(-b // 18) - 1 for a, b in factors]
    return {
        "design": 1.0,
        "wide": max(wide, default=0),
    }


def _with_memories(bits: Bits, part: str, memories: list[Memory], chip: Chip) -> Bits:
    """Return the bits of a part by name, and of its memories that are not made of blocks."""
    own = [memory for memory in memories if memory.part == part]
    words, _ = CELL
    roms = [(chip.logic_words(rom), rom.width) for rom in own if rom.constant]
    rams = [ram for ram in own if not ram.constant and ram.words > 1 and not chip.in_blocks(ram)]
    tables = rams if chip.lut_ram else []
    return {f"{part}: {name}": count for name, count in bits.items()} | {
        "rom": sum(-(-depth // words) * width for depth, width in roms),
        "ram": sum(ram.cells for ram in tables),
        "deep ram": sum((-(-ram.words // words) - 1) * ram.width for ram in tables),
        REGISTER_FILE: sum(ram.words * ram.width for ram in rams if ram not in tables),
    }


def _array(plan: LayerPlan) -> Bits:
    """Count the multiplier array, and the coefficients on their way to it."""
    layer, widths = plan.layer, plan.widths
    sums, columns = plan.rows * widths.sum, plan.columns * widths.operand
    pair = min(plan.columns, 2)
    sources = {term.source for node in layer.sums for term in node.terms}
    shifts = {layer.term_shift(node, term) for node in layer.sums for term in node.terms}
    return {
        "registers": plan.array_lanes * widths.weight
        + plan.array_lanes // pair * (widths.product + pair - 1)
        + columns
        + 2 * sums
        + _rom_registers(plan),
        "sums": sums,
        "shifts": sums * (len(shifts) - 1),
        "trees": plan.rows * (plan.columns - 1) * widths.product,
        "operands": columns * len(sources),
    }


def _rom_registers(plan: LayerPlan) -> int:
    """Return the bits behind banks of coefficients, or of the address of a small only one."""
    rom, *others = plan.coefficient_roms
    if not others and registers_address(rom.banks, rom.word_bits):
        return max((rom.depth - 1).bit_length(), 1)
    return sum(len(rom.banks) * rom.word_bits for rom in plan.coefficient_roms)


def _output(plan: LayerPlan) -> Bits:
    """Count what turns sums into codes."""
    layer, widths, beat = plan.layer, plan.widths, plan.beat
    finished = [node for node in layer.nodes if not isinstance(node, MemoryNode)]
    tables = [t for n in finished if isinstance(t := activation_of(n), Table)]
    shift = max(node.max_row_shift for node in layer.sums).bit_length()
    code = max(node.requant.format.width for node in finished)
    residues = max((node.dropped_bits for node in layer.sums if node.error_feedback), default=0)
    return {
        "registers": plan.rows * widths.sum
        + beat * (plan.row_constants.bits + 3 * widths.total + code * (1 + plan.table_wait))
        + beat * (widths.code + residues),
        "rows": (plan.rows - beat) * widths.sum,
        "shifts": beat * widths.total * shift,
        "codes": beat * sum(node.requant.format.width for node in finished),
        "tables": beat * sum(table.source.width + table.total_bits for table in tables),
        "stages": (plan.drain_latency + 3) * (_tag_bits(plan) + _row_bits(plan)),
    }


def _tag_bits(plan: LayerPlan) -> int:
    """Return the bits that tell whose sums are on their way."""
    nodes = plan.layer.nodes
    segments = max(node.segments for node in nodes)
    return 2 + (len(nodes) - 1).bit_length() + (segments - 1).bit_length()


def _row_bits(plan: LayerPlan) -> int:
    """Return the bits that number the beats of a node."""
    rows = max(node.rows for node in plan.layer.nodes)
    return (-(-rows // plan.beat)).bit_length()


def _control(plan: LayerPlan) -> Bits:
    """Count the sequencer."""
    slots = 0
    for node in plan.layer.nodes:
        match node:
            case Node():
                schedule = plan.node(node)
                slots += len(schedule.blocks) + bool(schedule.idle)
            case _:
                slots += 1
    return {
        "tag": _tag_bits(plan) + 3,
        "slots": slots,
        "addresses": sum(rom.depth.bit_length() for rom in plan.coefficient_roms),
    }


def _vectors(plan: LayerPlan) -> Bits:
    """Count what is around the memories of vectors."""
    names = [INPUT, *stored_vectors(plan)]
    rams = {name: vector_memory(plan, name) for name in names}
    read = [ram.width for name, ram in rams.items() if has_register(plan, name)]
    return {
        "layer": 1.0,
        "words": sum(read),
        "registers": sum(2 * ram.width for ram in rams.values() if ram.words == 1),
    }


def _elementwise(plan: LayerPlan) -> Bits:
    """Count the unit of element-wise nodes."""
    layer, nodes = plan.layer, plan.layer.elementwise
    width = max(layer.signals[factor.source].format.width for n in nodes for factor in n.factors)
    factors = sum(len(node.factors) for node in nodes)
    registers = 0
    for count in (1, 2):  # a product has its factors in registers, and is in one as wide as both
        numbers = [sum(len(p.factors) == count for p in node.products) for node in nodes]
        registers += 2 * count * width * max(numbers)
    return {
        "registers": plan.beat * registers,
        "factors": plan.beat * factors * width,
    }


def _memory(plan: LayerPlan, node: MemoryNode) -> Bits:
    """Count the unit of a structured memory."""
    schedule = plan.node(node)
    factors = sum(schedule.factor_bits(node.requant.format))
    return {
        "operands": (schedule.lanes + schedule.chain) * factors,
        "segments": (node.segments - 1) * factors,
    }
