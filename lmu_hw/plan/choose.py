# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: the multiplier arrays of all layers, chosen together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmu_hw.checked import flag, whole
from lmu_hw.errors import ConfigError
from lmu_hw.network import QuantizedLayer, QuantizedNetwork
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.memory import plan_class

__all__ = ["Plan", "checked_lanes", "make_plan"]

FULL = "full"
"""Lanes that unroll everything."""

_AS_FAST = 1.02
"""Among plans whose cycles differ by at most this factor, the one with the fewest multipliers."""

_WORTH_A_CHAIN = 1.5
"""A chain of states slows the clock: each doubling must cut the cycles of a step by this factor."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Schedule of a network: every layer is a stage of a pipeline."""

    layers: tuple[LayerPlan, ...]

    @property
    def lanes(self) -> int:
        """Multipliers of all layers."""
        return sum(layer.lanes for layer in self.layers)

    @property
    def table_multipliers(self) -> int:
        """Multipliers of the slopes in tables, beside `lanes`."""
        return sum(layer.table_multipliers for layer in self.layers)

    @property
    def beat(self) -> int:
        """Elements that move between layers in one cycle."""
        return self.layers[0].beat

    @property
    def every_step(self) -> tuple[LayerPlan, ...]:
        """The layers that run at every step: up to the first one that answers once."""
        for count, layer in enumerate(self.layers, 1):
            if layer.layer.last_only:
                return self.layers[:count]
        return self.layers

    def cycles(self, *, last_step: bool) -> int:
        """Return the cycles from one time step to the next at full load.

        The slowest of the layers that run at every step, and of the transfers between them.
        """
        cycles = self.layers[0].input_beats
        for layer in self.layers if last_step else self.every_step:
            cycles = max(cycles, layer.cycles(last_step=last_step))
            if last_step or not layer.layer.last_only:
                cycles = max(cycles, layer.output_beats + 1)
        return cycles

    def utilization(self, layer: LayerPlan, *, last_step: bool = False) -> float:
        """Return the share of cycles in which the multipliers of a layer do needed work."""
        products = layer.layer.multiplications(last_step=last_step)
        return products / (layer.lanes * self.cycles(last_step=last_step))


def make_plan(
    network: QuantizedNetwork, lanes: int | str | None, *, reloadable: bool = False
) -> Plan:
    """Choose the multiplier arrays of all layers.

    The slowest layer gets `lanes` multipliers; the others get as few as keep up with it. A
    structured memory and the array beside it take turns: each has up to `lanes`.

    Parameters
    ----------
    network : QuantizedNetwork
    lanes : int or None
        None, or ``full``: fully unrolled, all rows and all columns of every layer at once.
    reloadable : bool
        The coefficients of structured memories can be written at run time.

    Raises
    ------
    ConfigError
        If lanes is less than 1.
    """
    lanes, reloadable = checked_lanes(lanes), flag(reloadable, "`reloadable`")
    plans = [_best_at_any_beat(network, lanes, beat) for beat in _beats(network, lanes)]
    fastest = min(plan.cycles(last_step=False) for plan in plans)
    # A wider beat shortens the tail a little, but makes every array at least beat x beat.
    as_fast = [plan for plan in plans if plan.cycles(last_step=False) <= _AS_FAST * fastest]
    plan = min(as_fast, key=lambda plan: (plan.lanes, plan.cycles(last_step=False), plan.beat))
    return Plan(layers=tuple(replace(layer, reloadable=reloadable) for layer in plan.layers))


def checked_lanes(lanes: object) -> int | None:
    """Return a number of multipliers; None, or ``full``, unrolls everything.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if lanes is None or (isinstance(lanes, str) and lanes == FULL):
        return None
    if isinstance(lanes, str):
        raise ConfigError(f"`lanes` must be a number or '{FULL}', not {lanes!r}")
    return whole(lanes, "`lanes`", least=1)


def _beats(network: QuantizedNetwork, lanes: int | None) -> list[int]:
    # Segments of one element, and outputs of several nodes, cannot be packed into wider beats.
    for layer in network.layers:
        if len(layer.outputs) > 1 or any(node.segments > 1 for node in layer.nodes):
            return [1]
    # An array has at least one beat of rows and one beat of columns.
    return [beat for beat in (1, 2, 4, 8, 16, 32, 64) if lanes is None or beat**2 <= lanes]


def _best_at_any_beat(network: QuantizedNetwork, lanes: int | None, beat: int) -> Plan:
    fastest = [_fastest(layer, lanes, beat) for layer in network.layers]
    if lanes is None:
        return Plan(layers=tuple(fastest))
    slowest = Plan(layers=tuple(fastest)).cycles(last_step=False)
    once = Plan(layers=tuple(fastest)).cycles(last_step=True)
    running = Plan(layers=tuple(fastest)).every_step
    # A layer behind one that answers once has the cycles of a last step.
    return Plan(
        layers=tuple(
            _smallest(plan, lanes, slowest if plan in running else once) for plan in fastest
        )
    )


def _shapes(
    layer: QuantizedLayer, lanes: int | None, beat: int, memory_lanes: int
) -> list[LayerPlan]:
    """Return every useful array of at most `lanes` multipliers."""
    most_rows = -(-max(node.rows for node in layer.sums) // beat) * beat
    most_columns = max(term.weights.codes.shape[1] for node in layer.sums for term in node.terms)
    plans = []
    columns = beat
    while columns == beat or columns < 2 * most_columns:
        rows = most_rows if lanes is None else min(lanes // columns // beat * beat, most_rows)
        if rows:
            plans.append(
                LayerPlan(
                    layer=layer, rows=rows, columns=columns, beat=beat, memory_lanes=memory_lanes
                )
            )
        columns *= 2
    return plans


def _memory_lanes(layer: QuantizedLayer, lanes: int | None, beat: int) -> list[int]:
    """Return the useful numbers of multipliers for the memories of a layer, in increasing order."""
    updates = [node.update for node in layer.structured]
    counts = {n for update in updates for n in plan_class(update).lane_counts(update, lanes, beat)}
    return sorted(counts) or [1]


def _fastest(layer: QuantizedLayer, lanes: int | None, beat: int) -> LayerPlan:
    """Return the plan with the fewest cycles, but for chains that are not worth it."""
    best = None
    for count in _memory_lanes(layer, lanes, beat):
        plan = _fastest_array(_shapes(layer, lanes, beat, count))
        chained = any(plan.node(node).chain > 1 for node in layer.structured)
        factor = _WORTH_A_CHAIN if chained else 1.0
        if best is None or factor * plan.cycles(last_step=True) < best.cycles(last_step=True):
            best = plan
    assert best is not None
    return best


def _fastest_array(plans: list[LayerPlan]) -> LayerPlan:
    return min(plans, key=lambda plan: (plan.cycles(last_step=True), plan.lanes))


def _smallest(fastest: LayerPlan, lanes: int, cycles: int) -> LayerPlan:
    """Return the plan with the fewest multipliers that needs at most `cycles` for a step."""
    counts = _memory_lanes(fastest.layer, lanes, fastest.beat)
    found = [
        _smallest_array(replace(fastest, memory_lanes=count), lanes, cycles)
        for count in counts
        if count <= fastest.memory_lanes
    ]
    kept = [plan for plan in found if plan.cycles(last_step=True) <= cycles]
    return min(kept, key=lambda plan: plan.lanes, default=fastest)


def _smallest_array(fastest: LayerPlan, lanes: int, cycles: int) -> LayerPlan:
    """Return the smallest array that needs at most `cycles`, or the given one."""
    low, high = 1, min(lanes, fastest.array_lanes)
    best = fastest
    while low <= high:
        count = (low + high) // 2
        plans = _shapes(fastest.layer, count, fastest.beat, fastest.memory_lanes)
        plan = _fastest_array(plans) if plans else None
        if plan is not None and plan.cycles(last_step=True) <= cycles:
            best, high = plan, count - 1
        else:
            low = count + 1
    return best
