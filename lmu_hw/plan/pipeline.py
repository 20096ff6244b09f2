# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: its layers are the stages of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.network import WHOLE_VECTORS, Node, Packet, Stream
from lmu_hw.plan.layer import LayerPlan

__all__ = ["ANSWERS_HELD", "Plan"]

ANSWERS_HELD = 3
"""Answers that the memory has room for from which packets are sent: one that leaves, one that is
there, and one on its way. With two, a layer would wait for the last beat of one that takes as long
as a step."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Schedule of a network: every layer is a stage of a pipeline.

    Parameters
    ----------
    layers : tuple of LayerPlan
    stream : Stream
        How input vectors and answers travel.
    registers : bool
        The network is the core of a top that has registers beside it.
    state_access : bool
        What persists from step to step can be read and written from outside.
    """

    layers: tuple[LayerPlan, ...]
    stream: Stream = WHOLE_VECTORS
    registers: bool = False
    state_access: bool = False

    @property
    def source(self) -> Packet:
        """The beats of an input vector."""
        return self.stream.packet(self.layers[0].layer.input)

    @property
    def answer(self) -> Packet:
        """The beats of an answer."""
        return self.stream.packet(self.layers[-1].layer.output)

    @property
    def answer_word(self) -> int:
        """Elements of a word of the memory from which answers are sent."""
        return max(self.answer.elements, self.beat) if self.stream.packets else self.beat

    @property
    def answers_held(self) -> int:
        """Answers that there is room for in the memory at the output.

        Of several streams, two batches and more; in all, a number before a power of two.
        """
        if self.stream.streams > 1:
            return 4 * self.layers[-1].contexts - 1
        return ANSWERS_HELD if self.stream.packets else 1

    @property
    def lanes(self) -> int:
        """Multipliers of all layers."""
        return sum(layer.lanes for layer in self.layers)

    @property
    def table_multipliers(self) -> int:
        """Multipliers of the slopes in tables, beside `lanes`."""
        return sum(layer.table_multipliers for layer in self.layers)

    @property
    def multipliers(self) -> int:
        """All multipliers of all layers, those of the slopes in tables included."""
        return sum(layer.multipliers for layer in self.layers)

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

    @property
    def slowest_layer(self) -> int:
        """The place of the slowest layer that runs at every step: its starts tell the pace."""
        cycles = [layer.cycles(last_step=False) for layer in self.every_step]
        return cycles.index(max(cycles))

    @property
    def answers_slowest(self) -> bool:
        """Whether the beats of an answer take longer than anything else: then they tell the pace.

        Layers only wait for them when all that there is room for is there.
        """
        slowest = self.layers[self.slowest_layer].cycles(last_step=False)
        planned = self.cycles(last_step=False)
        return self.stream.packets and self.answer.beats == planned > max(
            slowest, self.source.beats
        )

    def cycles(self, *, last_step: bool) -> int:
        """Return the cycles from one time step to the next at full load.

        The slowest of the layers that run at every step, of the transfers between them, and of the
        beats at both ends.
        """
        layers = self.layers if last_step else self.every_step
        slowest = max(layer.cycles(last_step=last_step) for layer in layers)
        return max(slowest, self.transfer_cycles(len(layers), last_step=last_step))

    @property
    def latency(self) -> tuple[int, int]:
        """Return the cycles from the last beat of a vector to the last one of its answer.

        Of the last step of a sequence, where nothing else is under way and nothing waits: at least
        and at most. They differ only where words of answers are sent in several beats each.
        """
        # A vector is whole with its last row, whatever is left of the beats of a group of rows.
        cycles = sum(
            layer.cycles(last_step=True) - _beats_without_rows(layer) for layer in self.layers
        )
        # Into each layer and out of it; into the register, or the memory, that answers leave from.
        cycles += 2 * len(self.layers) + (3 if self.stream.packets else 4)
        answer, word = self.answer, self.answer_word
        if answer.whole:
            return cycles, cycles
        before = (answer.vector.size - 1) // word  # words that are sent before the last one
        beats = word // answer.elements * answer.parts
        alone = answer.beats - before * beats - 1
        return cycles + alone, cycles + (alone if beats == 1 else answer.beats - 1)

    def transfer_cycles(self, layers: int, *, last_step: bool) -> int:
        """Return the cycles that vectors need to get to and from the first layers of a network."""
        first = self.layers[:layers]
        answering = [n for n, layer in enumerate(first) if last_step or not layer.layer.last_only]
        cycles = [first[0].input_beats, *(first[n].output_beats + 1 for n in answering)]
        if self.stream.packets:
            cycles.append(self.source.beats)
            if len(self.layers) - 1 in answering:
                cycles.append(self.answer.beats)
        return max(cycles)

    def utilization(self, layer: LayerPlan, *, last_step: bool = False) -> float:
        """Return the share of cycles in which the multipliers of a layer do needed work."""
        products = layer.layer.multiplications(last_step=last_step)
        return products / (layer.lanes * self.cycles(last_step=last_step))


def _beats_without_rows(layer: LayerPlan) -> int:
    """Return the beats of the last group of rows of a step that have none."""
    node = layer.layer.nodes[-1]
    if not isinstance(node, Node) or node.name not in layer.layer.outputs:
        return 0
    rows = node.rows - (layer.node(node).groups - 1) * layer.rows
    return layer.beats_per_group - -(-rows // layer.beat)
