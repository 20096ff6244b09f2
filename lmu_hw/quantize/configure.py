# SPDX-License-Identifier: Apache-2.0
"""Choosing every format from word lengths, calibration data, and what is proved of the memories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError, RangeError
from lmu_hw.fixed import Overflow
from lmu_hw.lmu import LmuLayer, Network, orthonormal_scale
from lmu_hw.network.float_nodes import float_nodes, memory_nodes
from lmu_hw.proofs import prove_range, quantized_memories
from lmu_hw.quantize.benefit import (
    NOISE,
    WINDOWS,
    measurable,
    measured_errors,
    reach,
    refused,
    with_reasons,
)
from lmu_hw.quantize.choose import Candidate, Choice, Setting, choose_realization
from lmu_hw.quantize.config import (
    Basis,
    Config,
    MemoryRange,
    MemoryScale,
    NodeConfig,
    Options,
    Realization,
)
from lmu_hw.quantize.convert import quantize
from lmu_hw.quantize.formats import FULL_SCALE, Chooser, States, input_format
from lmu_hw.quantize.memories import LEGENDRE, memory_node, quantize_memories, structure_of
from lmu_hw.quantize.provable import require_stable
from lmu_hw.quantize.ranges import Range, int_bits_for, observed_ranges
from lmu_hw.quantize.refit import TAIL
from lmu_hw.quantize.states import StateSearch
from lmu_hw.quantize.transform import HOMOGENEOUS, can_rescale, realize, state_scale

__all__ = ["configure"]

Array = NDArray[np.float64]

_FIT_BITS = 10
"""With fewer, fitting made some of the shipped networks better and others worse."""

_ROUNDS = 12


def configure(
    network: Network,
    x: Array,
    options: Options,
    *,
    progress: Callable[[str], None] | None = None,
) -> Config:
    """Choose every format of a design.

    Parameters
    ----------
    network : Network
        As trained.
    x : (sequences, steps, inputs) float64
        Calibration data in the network's own units.
    options : Options
        Word lengths, basis, input scale.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        If a range does not fit the word length asked for, or is not provable though it must be.
    StabilityError
        If a memory is not stable, as trained or as rounded.
    """
    x = network.check_input(x, what="calibration data")
    require_stable(network)  # before it runs to infinity
    unscaled = x * options.input_scale.denominator / options.input_scale.numerator
    trained = realize(
        network, basis=Basis.TRAINED, input_scale=options.input_scale, memory_scale={}
    )
    tell = progress or (lambda text: None)
    tell(f"running {network.name} on calibration data")
    ranges = observed_ranges(trained, unscaled)
    return _Configuration(network, unscaled, ranges, options, tell).settled()


class _Configuration:
    """Formats that follow from what is chosen for the states, until their range is proved."""

    def __init__(
        self,
        network: Network,
        x: Array,
        ranges: Mapping[str, Range],
        options: Options,
        tell: Callable[[str], None],
    ) -> None:
        self.network, self.ranges, self.options, self.tell = network, ranges, options, tell
        self.input = input_format(x, options)
        self.x = x
        self.layers = {one.name: one for one in network.layers if isinstance(one, LmuLayer)}
        self.rescalable = frozenset(name for name in self.layers if can_rescale(network, name))
        self.search = StateSearch(options, self.rescalable)
        self.choices = self._choices()

    def settled(self) -> Config:
        """Return the configuration in which every state is proved, and every refit helps."""
        horizons = {name: self._horizon(layer) for name, layer in self.layers.items()}
        if self.options.refit and not any(horizons.values()):
            raise ConfigError(
                f"{self.network.name}: `refit` needs a memory that is read through weights, and "
                "there is none; leave it out"
            )
        config = self._provable(horizons)
        reasons = refused(self.network, config)
        if reasons and self.options.refit:
            name, reason = next(iter(reasons.items()))
            raise ConfigError(f"{name}.m: `refit` must bring it closer, but {reason}; leave it out")
        if reasons:
            horizons |= dict.fromkeys(reasons, 0)
            config = self._provable(horizons)
        if self.options.refit is None and measurable(self.network, horizons):
            plain = self._provable(dict.fromkeys(horizons, 0))
            self.tell(f"running {self.network.name} with the fit and without")
            try:
                fitted, before = measured_errors(self.network, (config, plain), self.x)
            except RangeError:  # formats that no design can be built with
                fitted = before = 0.0
            if fitted > NOISE * before:
                text = (
                    f"with the fit the answers to calibration data would be off by "
                    f"{100 * fitted:.3g} % (RMS), without by {100 * before:.3g} %"
                )
                reasons |= dict.fromkeys((name for name, h in horizons.items() if h), text)
                config = plain
        return with_reasons(config, reasons)

    def _provable(self, horizons: Mapping[str, int]) -> Config:
        """Return the configuration in which every state is proved, or saturates on purpose."""
        saturates = self.options.memory_range is MemoryRange.SATURATE
        overflow = Overflow.SATURATE if saturates else Overflow.FORBID
        states = {
            name: self.search.first(name, choice.kind, overflow)
            for name, choice in self.choices.items()
        }
        moving: dict[str, States] = {}
        for count in range(1, 2 * _ROUNDS + 1):
            self.tell(f"proving the ranges of the memories of {self.network.name}, round {count}")
            quantized = quantize(self.network, self._config(states, horizons), model_digest="")
            proofs = {m.layer.name: prove_range(m) for m in quantized_memories(quantized)}
            better = {
                name: self.search.better(name, self.choices[name].kind, state, proofs[name])
                for name, state in states.items()
            }
            moving = {name: state for name, state in better.items() if state != states[name]}
            if not moving:
                return self._config(better, horizons)
            if count >= _ROUNDS:  # coefficients of few bits need not follow what is heard
                better |= {
                    name: self.search.coarser(name, self.choices[name].kind, state)
                    for name, state in moving.items()
                }
            states = better
        raise ConfigError(
            f"{next(iter(moving))}.m: the formats of its states must settle, but did not in "
            f"{2 * _ROUNDS} rounds; choose `memory_range` saturate"
        )

    def _choices(self) -> dict[str, Choice]:
        """Return how each memory is computed."""
        options = self.options
        bits = options.memory_bits or options.weight_bits
        chosen = {name: Choice(structure=None, bits=bits, why="") for name in self.layers}
        for name, layer in self.layers.items():
            if options.realization is Realization.AUTO:
                self.tell(f"choosing how {name}.m is computed")
                chosen[name] = self._cheapest(name, bits)
            elif options.realization is not Realization.DENSE:
                structure = structure_of(
                    layer.memory,
                    options.realization,
                    options.memory_tolerance,
                    where=f"{name}.m",
                )
                chosen[name] = replace(chosen[name], structure=structure)
        return chosen

    def _cheapest(self, name: str, bits: int) -> Choice:
        """Return the cheapest realization of a memory that is as close to the trained one."""
        if name not in self.rescalable:
            why = "dense: it is an output of the network, so its basis must stay as trained"
            return Choice(structure=None, bits=bits, why=why)
        if self.options.error_feedback:
            return Choice(structure=None, bits=bits, why="dense: only such a memory has feedback")
        return choose_realization(
            Setting(
                memory=self.layers[name].memory,
                where=f"{name}.m",
                horizon=self._steps(self.layers[name]),
                bits=bits,
                candidate=partial(self._candidate, name),
            )
        )

    def _candidate(self, name: str, choice: Choice) -> Candidate:
        """Return a memory in integers, as it would be for a choice; its range is left open."""
        kind, order = choice.kind, self.layers[name].memory.order
        state = self.search.first(name, kind, Overflow.SATURATE)
        if kind in LEGENDRE:  # its states are the orthonormal ones, below 1.05, times a scale
            state = replace(state, int_bits=int_bits_for(0.0, 1.05 * orthonormal_scale(order)[-1]))
        scales = {name: self._scale(name, state.heard)}
        realized = self._realized(scales, {name: kind})
        memories = (one for one in realized.layers if isinstance(one, LmuLayer))
        layer = next(one for one in memories if one.name == name)
        chooser = self._chooser(realized, scales, {name: state}, {name: kind})
        config = chooser.memory(layer, choice, scales[name])
        source = chooser.node(memory_nodes(layer)[0]).signal_format
        node = memory_node(layer, config, source, scales[name])
        return Candidate(choice=choice, layer=layer, heard=state.heard, node=node)

    def _horizon(self, layer: LmuLayer) -> int:
        """Return the steps over which what reads a memory is fitted to it; 0: it is not."""
        choice, wanted = self.choices[layer.name], self.options.refit
        if wanted is None:
            wanted = choice.structure is not None or choice.bits >= _FIT_BITS
        return self._steps(layer) if wanted and layer.name in self.rescalable else 0

    def _steps(self, layer: LmuLayer) -> int:
        """Return the steps over which a memory must be like the trained one."""
        if self.options.horizon is not None:
            return self.options.horizon
        steps = reach(layer, windows=WINDOWS)
        if self.network.answers_once:  # to a sequence about as long as its longest window
            steps = min(steps, max(reach(one, windows=1) for one in self.layers.values()))
        return steps

    def _config(self, states: Mapping[str, States], horizons: Mapping[str, int]) -> Config:
        scales = {
            name: self._scale(name, chosen.heard)
            for name, chosen in states.items()
            if name in self.rescalable
        }
        kinds = {name: one.kind for name, one in self.choices.items()}
        realized = self._realized(scales, kinds)
        chooser = self._chooser(realized, scales, states, kinds)
        lmus = [layer for layer in realized.layers if isinstance(layer, LmuLayer)]
        memories: dict[str, NodeConfig] = {}
        for layer in lmus:
            u, m = memory_nodes(layer)
            memories[u.name] = chooser.node(u)
            config = chooser.memory(layer, self.choices[layer.name], scales.get(layer.name))
            if horizons[layer.name]:
                config = replace(config, refit=horizons[layer.name], tail=TAIL)
            memories[m.name] = config
        fitted = quantize_memories(realized, scales, memories).network
        nodes = [node for layer in fitted.layers for node in float_nodes(layer)]
        return Config(
            basis=self.options.basis,
            input=self.input,
            input_scale=self.options.input_scale,
            memory_scale=scales,
            nodes={
                node.name: memories[node.name] if node.kind == "m" else chooser.node(node)
                for node in nodes
            },
        )

    def _scale(self, name: str, heard: float) -> MemoryScale:
        largest = self.ranges[f"{name}.u"].magnitude or 1.0
        u = _rounded(largest * self.options.margin / FULL_SCALE)
        scalable = self.layers[name].encoder in HOMOGENEOUS
        return MemoryScale(u=u if scalable else 1.0, m=_rounded(u / heard))

    def _realized(
        self, scales: Mapping[str, MemoryScale], realizations: Mapping[str, Realization]
    ) -> Network:
        return realize(
            self.network,
            basis=self.options.basis,
            input_scale=self.options.input_scale,
            memory_scale=scales,
            realizations=realizations,
        )

    def _chooser(
        self,
        realized: Network,
        scales: Mapping[str, MemoryScale],
        states: Mapping[str, States],
        realizations: Mapping[str, Realization],
    ) -> Chooser:
        ranges = self._scaled_ranges(scales, realizations)
        return Chooser(realized, ranges, self.input, self.options, states)

    def _scaled_ranges(
        self, scales: Mapping[str, MemoryScale], realizations: Mapping[str, Realization]
    ) -> dict[str, Range]:
        ranges = dict(self.ranges)
        for name, scale in scales.items():
            layer = self.layers[name]
            realization = realizations.get(name, Realization.DENSE)
            states = state_scale(layer, self.options.basis, realization)
            factors = scale.m * np.tile(states, layer.memory_d)
            ranges[f"{name}.u"] = ranges[f"{name}.u"].divided_by(scale.u)
            ranges[f"{name}.m"] = ranges[f"{name}.m"].divided_by(factors)
            if f"{name}.u_pre" in ranges:
                ranges[f"{name}.u_pre"] = ranges[f"{name}.u_pre"].divided_by(scale.u)
        return ranges


def _rounded(scale: float) -> float:
    """Round to four digits, so that no bit depends on the order in which a machine adds."""
    return float(f"{scale:.3e}")
