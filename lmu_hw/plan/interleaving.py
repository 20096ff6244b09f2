# SPDX-License-Identifier: Apache-2.0
"""Several streams on the layers of a plan: steps of different streams overlap.

A layer computes a batch of steps, each in a context of its own: one node for all of them, then the
next node. While the codes of one context are on their way to memory, another one is read. The
schedule here is cycle by cycle that of `lmu_hw.hdl.interleaved_sequencer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import assert_never

from lmu_hw.errors import ConfigError
from lmu_hw.network import ElementwiseNode, MemoryNode, Node
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.node import is_fresh
from lmu_hw.plan.pipeline import Plan

__all__ = [
    "interleaved",
    "layer_cycles",
    "one_stream",
    "phases_of",
    "planned_cycles",
    "step_cycles",
]

_CONTEXTS = (2, 4, 8)
_AS_FAST = Fraction(101, 100)  # of numbers of contexts that are as fast, the smallest is taken
_WARM_UP = 4  # rounds of all streams


def phases_of(plan: LayerPlan) -> tuple[range, ...]:
    """Return the places of the nodes that a context computes before the next one does.

    From the first node that answers, or that only the last step has, a context computes all: so
    answers leave in the order of steps, each in one piece.
    """
    nodes = plan.layer.nodes
    ordinary = sum(not node.last_only for node in nodes)
    answering = min(n for n, node in enumerate(nodes) if node.name in plan.layer.outputs)
    last = max(min(ordinary - 1, answering), 0)
    return (*(range(n, n + 1) for n in range(last)), range(last, len(nodes)))


def interleaved(plan: Plan, streams: int) -> Plan:
    """Return a plan for a number of streams, with as many contexts as make it fast.

    Parameters
    ----------
    plan : Plan
    streams : int
        A power of two.
    """
    if streams == 1:
        return plan
    plans = [_with_contexts(plan, streams, n) for n in _CONTEXTS if n <= streams]
    most = _AS_FAST * min(map(step_cycles, plans))
    return next(plan for plan in plans if step_cycles(plan) <= most)


def _with_contexts(plan: Plan, streams: int, contexts: int) -> Plan:
    layers = (replace(layer, streams=streams, contexts=contexts) for layer in plan.layers)
    return replace(plan, layers=tuple(layers), stream=replace(plan.stream, streams=streams))


def one_stream(plan: Plan, what: str, why: str) -> None:
    """Raise `ConfigError` if a plan has several streams, with which something does not go."""
    if (streams := plan.stream.streams) > 1:
        raise ConfigError(f"{what} must be given a design of one stream, not of {streams}: {why}")


def step_cycles(plan: Plan) -> Fraction:
    """Return the cycles of a step at full load, where all streams take turns.

    The slowest of the layers that run at every step, and of the transfers between them.
    """
    layers = plan.every_step
    if plan.stream.streams == 1:
        return Fraction(plan.cycles(last_step=False))
    transfers = plan.transfer_cycles(len(layers), last_step=False)
    return max(Fraction(transfers), *map(layer_cycles, layers))


def planned_cycles(plan: Plan) -> int | float:
    """Return `step_cycles` as files and tables have it: whole numbers are whole."""
    cycles = step_cycles(plan)
    return int(cycles) if cycles.denominator == 1 else float(cycles)


def layer_cycles(plan: LayerPlan) -> Fraction:
    """Return the cycles of a step in a layer whose input is always there."""
    starts = _Schedule(plan).starts()
    steps = [next(starts) for _ in range((_WARM_UP + 1) * plan.streams + 1)]
    return Fraction(steps[-1] - steps[-1 - plan.streams], plan.streams)


@dataclass
class _Schedule:
    """A layer at full load, whose streams take turns.

    Attributes
    ----------
    written : list of int
        For each context, the first cycle in which all of its codes are written.
    drained : int
        The same of all that leaves the array or the unit of a memory.
    """

    plan: LayerPlan
    written: list[int] = field(init=False)
    drained: int = 0

    def __post_init__(self) -> None:
        self.written = [0] * self.plan.contexts

    def starts(self) -> Iterator[int]:
        """Yield the cycles in which steps begin."""
        plan, nodes, cycle = self.plan, self.plan.layer.nodes, 0
        streams = [-1] * plan.contexts
        following = 0
        first, *others = phases_of(plan)
        while True:
            for context in range(plan.contexts):
                # A stream begins its next step when all of the one before is written.
                waits = [context, *(n for n, stream in enumerate(streams) if stream == following)]
                cycle = max(cycle, *(self.written[n] for n in waits))
                yield cycle
                streams[context], following = following, (following + 1) % plan.streams
                for number in first:
                    if not nodes[number].last_only:
                        cycle = self._node(number, context, cycle + 1)
            for phase in others:
                for context in range(plan.contexts):
                    for number in phase:
                        if not nodes[number].last_only:
                            cycle = self._node(number, context, cycle + 1)

    def _node(self, number: int, context: int, cycle: int) -> int:
        """Return the cycle in which a node is read to its end, if it may begin in a cycle."""
        plan = self.plan
        node = plan.layer.nodes[number]
        match node:
            case Node():
                schedule = plan.node(node)
                before = schedule.idle
                for term, words in zip(node.terms, schedule.blocks, strict=True):
                    if is_fresh(term):
                        cycle = max(cycle, self.written[context] - before)
                        break
                    before += words
                busy, tail = schedule.segments * schedule.groups * schedule.period, schedule.tail
            case ElementwiseNode():
                unit = plan.node(node)
                cycle = max(cycle, self.drained, self.written[context] - unit.ahead)
                busy, tail = unit.busy, unit.tail
            case MemoryNode():
                memory = plan.node(node)
                cycle = max(cycle, *self.written)
                busy, tail = memory.busy, memory.tail
            case _:
                assert_never(node)
        end = cycle + busy - 1
        self.written[context] = end + tail + 1
        if not isinstance(node, ElementwiseNode):
            self.drained = self.written[context]
        return end
