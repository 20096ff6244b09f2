# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: its layers are the stages of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.plan.layer import LayerPlan

__all__ = ["Plan", "transfer_cycles"]


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

    def cycles(self, *, last_step: bool) -> int:
        """Return the cycles from one time step to the next at full load.

        The slowest of the layers that run at every step, and of the transfers between them.
        """
        layers = self.layers if last_step else self.every_step
        slowest = max(layer.cycles(last_step=last_step) for layer in layers)
        return max(slowest, transfer_cycles(layers, last_step=last_step))

    def utilization(self, layer: LayerPlan, *, last_step: bool = False) -> float:
        """Return the share of cycles in which the multipliers of a layer do needed work."""
        products = layer.layer.multiplications(last_step=last_step)
        return products / (layer.lanes * self.cycles(last_step=last_step))


def transfer_cycles(layers: tuple[LayerPlan, ...], *, last_step: bool) -> int:
    """Return the cycles that vectors need to get to and from the first layers of a network."""
    answers = [layer.output_beats + 1 for layer in layers if last_step or not layer.layer.last_only]
    return max([layers[0].input_beats, *answers])
