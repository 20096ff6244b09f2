# SPDX-License-Identifier: Apache-2.0
"""What ``manifest.json`` says of a design, and the plan that is read from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from lmu_hw._version import __version__
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.network import (
    VECTOR,
    WHOLE_VECTORS,
    AnyMemory,
    AnyNode,
    ElementwiseNode,
    LayerNode,
    QuantizedNetwork,
    Stream,
    Table,
    activation_of,
    realization_of,
    stream_of,
    streams_of,
)
from lmu_hw.plan import (
    Additions,
    Choice,
    Goal,
    LayerPlan,
    Option,
    Plan,
    Reloadable,
    StateMap,
    choose_plan,
    step_cycles,
)
from lmu_hw.quantize.fitted import Deviation
from lmu_hw.quantize.refit import Refit
from lmu_hw.quantize.tables import table_error
from lmu_hw.records import decode

__all__ = ["choice_of", "manifest_of", "read_choice", "read_plan", "state_entries"]

_AGAIN = "generate the design again"


@dataclass(frozen=True, slots=True, kw_only=True)
class _LayerEntry:
    """What the manifest says of the plan of a layer; see `LayerPlan`."""

    rows: int
    columns: int
    memory_lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlanEntry:
    """What the manifest says of a plan."""

    beat: int
    cycles_last_step: int
    layers: tuple[_LayerEntry, ...]
    registers: bool = False
    bank_words: int | None = None


def read_plan(folder: DesignFolder, network: QuantizedNetwork) -> Plan:
    """Return the plan that the manifest of a design describes.

    Raises
    ------
    LoadError
        If the manifest does not fit the network.
    """
    path = folder.path / folder.MANIFEST
    try:
        entry = decode(_PlanEntry, folder.manifest, part=True)
        stream = _stream(folder)
        layers = [
            LayerPlan(
                layer=layer,
                rows=scheduled.rows,
                columns=scheduled.columns,
                beat=entry.beat,
                memory_lanes=scheduled.memory_lanes,
                reloadable=_reloadable(folder),
                bank_words=entry.bank_words,
            )
            for layer, scheduled in zip(network.layers, entry.layers, strict=True)
        ]
        layers[0] = replace(layers[0], arriving=stream.arriving(network.layers[0].input))
        plan = Plan(
            layers=tuple(layers),
            stream=stream,
        )
        plan = _additions(folder).to(plan)
        cycles = plan.cycles(last_step=True)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise LoadError(f"{path}: is damaged ({error}); {_AGAIN}") from None
    if cycles != entry.cycles_last_step:
        raise LoadError(
            f"{path}: rows, columns, beat and memory_lanes must give its "
            f"cycles_last_step of {entry.cycles_last_step}, not {cycles}; {_AGAIN}"
        )
    return plan


def state_entries(plan: Plan) -> list[dict[str, Any]]:
    """Return where each vector that persists lies: row r of segment s at first + s * stride + r.

    Those of stream t lie t * stream_stride further.
    """
    states = StateMap(plan)
    of_streams = {"stream_stride": states.stream_stride} if plan.stream.streams > 1 else {}
    return [
        {
            "vector": block.vector.name,
            "format": block.vector.format.notation(),
            "segments": block.segments,
            "rows": block.rows,
            "first": states.first_address(block),
            "stride": states.stride,
            **of_streams,
        }
        for block in states.blocks
    ]


def _stream(folder: DesignFolder) -> Stream:
    """Return how vectors travel, as a manifest says; one that says nothing knows whole vectors."""
    entry = folder.manifest.get("streams", WHOLE_VECTORS.description())
    if entry["width"] == VECTOR:
        return WHOLE_VECTORS
    return stream_of(entry["width"], entry["elements"], entry["last"])


def _interleaving(plan: Plan, busiest: LayerPlan) -> dict[str, Any]:
    """Return what the manifest says of several streams; nothing of one."""
    if plan.stream.streams == 1:
        return {}
    cycles = float(step_cycles(plan))
    products = busiest.layer.multiplications(last_step=False)
    return {
        "count": plan.stream.streams,
        "contexts": plan.layers[0].contexts,
        "cycles_per_step": cycles,
        "multiplier_utilization": products / (busiest.lanes * cycles),
    }


def _additions(folder: DesignFolder) -> Additions:
    """Return what a manifest says beside the plan of the layers."""
    return Additions(
        registers=decode(_PlanEntry, folder.manifest, part=True).registers,
        state_access="states" in folder.manifest,
        streams=streams_of(folder.manifest.get("streams", {}).get("count", 1)),
    )


def _reloadable(folder: DesignFolder) -> Reloadable:
    """Return what can be written, as a manifest says; one that only says yes knows memories."""
    entry = folder.manifest["reloadable"]
    if isinstance(entry, bool):
        return Reloadable.MEMORY if entry else Reloadable.NONE
    return Reloadable(entry)


def read_choice(folder: DesignFolder, network: QuantizedNetwork) -> dict[str, Any]:
    """Return what a manifest has to say of the choice of its plan, by the goal that it names.

    Raises
    ------
    LoadError
        If it names none.
    """
    try:
        entry = folder.manifest["choice"]
        goal = Goal(
            lanes=entry["lanes"],
            clock=entry["clock_mhz"],
            sample_rate=entry["sample_rate_hz"],
            target=entry["target"],
            bank_words=folder.manifest.get("bank_words"),
        )
        choice = choose_plan(
            network,
            goal,
            reloadable=_reloadable(folder),
            stream=_stream(folder),
            additions=_additions(folder),
        )
    except (LookupError, TypeError, ConfigError) as error:
        path = folder.path / folder.MANIFEST
        raise LoadError(f"{path}: is damaged ({error}); {_AGAIN}") from None
    return choice_of(choice, goal)


def manifest_of(design: Design, plan: Plan) -> dict[str, Any]:
    """Return what `manifest.json` says beside its files: formats, schedule, costs of a design."""
    network, deviations = design.network, design.deviations()
    layers = [_layer(plan, layer) for layer in plan.layers]
    busiest = max(plan.every_step, key=lambda one: one.layer.multiplications(last_step=False))
    return {
        "lmu_hw": __version__,
        "name": network.name,
        "model_digest": network.model_digest,
        "design_digest": design.digest,
        "input": {
            "elements": network.inputs,
            "format": network.input.format.notation(),
            "scale": str(network.input_scale),
        },
        "output": {
            "elements": network.output.size,
            "format": network.output.format.notation(),
            "each_step": not network.answers_once,
            "softmax_left_to_host": network.softmax,
        },
        "streams": {
            **plan.stream.description(),
            **_interleaving(plan, busiest),
            "s_axis": plan.source.description(),
            "m_axis": plan.answer.description(),
        },
        "basis": design.config.basis.value,
        "lanes": plan.lanes,
        "table_multipliers": plan.table_multipliers,
        "beat": plan.beat,
        "reloadable": plan.layers[0].reloadable.value,
        "registers": plan.registers,
        **({"states": state_entries(plan)} if plan.state_access else {}),
        **({"bank_words": words} if (words := plan.layers[0].bank_words) else {}),
        "cycles_per_step": plan.cycles(last_step=False),
        "cycles_last_step": plan.cycles(last_step=True),
        "multiplications_per_step": sum(entry["multiplications_per_step"] for entry in layers),
        "multiplications_last_step": sum(entry["multiplications_last_step"] for entry in layers),
        "memories": [_memory(memory) for memory in network.memories],
        "refits": [_refit(refit, deviations[refit.memory]) for refit in design.refits],
        "multiplier_utilization": plan.utilization(busiest),
        "coefficient_bits": sum(node.coefficient_bits for node in network.nodes),
        "table_bits": sum(node.table_bits for node in network.nodes),
        "rom_bits": _rom_bits(plan),
        "state_bits": sum(entry["state_bits"] for entry in layers),
        "layers": layers,
    }


def choice_of(choice: Choice, goal: Goal) -> dict[str, Any]:
    """Return what `manifest.json` says of what a plan was chosen for, and what else was weighed."""
    return {
        "lanes": goal.lanes,
        "clock_mhz": goal.clock,
        "sample_rate_hz": goal.sample_rate,
        "target": goal.target,
        "estimated_for": goal.chip.device,
        "options": [
            {"chosen": option == choice.chosen, **_option(option)} for option in choice.shown
        ],
        "warnings": choice.warnings,
    }


def _option(option: Option) -> dict[str, Any]:
    area, mhz, rate = option.area, option.mhz, option.samples_per_second
    return {
        "lanes": option.lanes,
        "multipliers": option.plan.multipliers,
        "beat": option.plan.beat,
        "cycles": option.cycles,
        "rom_bits": _rom_bits(option.plan),
        "lut": round(area.lut),
        "ff": round(area.ff),
        "block_ram": area.block_ram,
        "dsp": area.dsp,
        "mhz": None if mhz is None else _significant(mhz),
        "samples_per_second": None if rate is None else _significant(rate),
        "does_not_fit": option.lacking_words,
    }


def _rom_bits(plan: Plan) -> int:
    tables = sum(node.table_bits * plan.beat for layer in plan.layers for node in layer.layer.nodes)
    return tables + sum(layer.rom_bits for layer in plan.layers)


def _memory(node: AnyMemory) -> dict[str, Any]:
    return {
        "name": node.name,
        "order": node.rows,
        "memories": node.segments,
        "realization": realization_of(node),
        "multiplications_per_step": node.multiplications,
        "coefficient_bits": node.coefficient_bits,
    }


def _layer(plan: Plan, layer: LayerPlan) -> dict[str, Any]:
    spec = layer.layer
    return {
        "name": spec.name,
        "lanes": layer.lanes,
        "rows": layer.rows,
        "columns": layer.columns,
        "memory_lanes": layer.memory_lanes,
        "cycles_per_step": layer.cycles(last_step=False),
        "cycles_last_step": layer.cycles(last_step=True),
        "multiplications_per_step": int(layer in plan.every_step)
        * spec.multiplications(last_step=False),
        "multiplications_last_step": spec.multiplications(last_step=True),
        "utilization": int(layer in plan.every_step) * plan.utilization(layer),
        "state_bits": spec.state_bits,
        "nodes": [_node(layer, node) for node in spec.nodes],
    }


def _node(layer: LayerPlan, node: AnyNode) -> dict[str, Any]:
    products = {}
    if isinstance(node, ElementwiseNode):
        products["products"] = [product.label for product in node.products]
    return {
        "name": node.name,
        "elements": node.signal.size,
        "format": node.signal.format.notation(),
        "sum": {
            "format": node.requant.format.notation(),
            "rounding": node.requant.rounding.value,
            "overflow": node.requant.overflow.value,
        },
        "activation": node.function,
        **_table(node),
        "last_step_only": node.last_only,
        "row_shifts": node.max_row_shift,
        "cycles": layer.node(node).cycles,
        "weights": _weights(node),
        **products,
    }


def _table(node: AnyNode) -> dict[str, Any]:
    table = activation_of(node)
    if not isinstance(table, Table):
        return {}
    error, beyond = table_error(table, where=node.name)
    return {
        "table": {
            "form": table.form,
            "bits": table.table_bits,
            "error_ulp": _significant(error),
            "error_ulp_beyond_format": _significant(beyond),
        }
    }


def _refit(refit: Refit, deviation: Deviation) -> dict[str, Any]:
    entry = asdict(refit) | {
        "deviation": deviation.fitted,
        "deviation_before": deviation.before,
    }
    floats = {key: value for key, value in entry.items() if isinstance(value, float)}
    return entry | {key: _significant(value) for key, value in floats.items()}


def _significant(number: float) -> float:
    """Return a number in four digits: no more are the same on every machine."""
    return float(f"{number:.4g}")


def _weights(node: LayerNode) -> list[dict[str, Any]]:
    return [
        {
            "source": name,
            "rows": codes.codes.shape[0],
            "columns": codes.codes[0].size,
            "format": codes.format.notation(),
        }
        for name, codes in node.coefficients
    ]
