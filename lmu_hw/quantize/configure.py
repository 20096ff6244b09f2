# SPDX-License-Identifier: Apache-2.0
"""Choosing every format from word lengths, calibration data, and what is proved of the memories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from lmu_hw.errors import ConfigError, RangeError
from lmu_hw.fixed import Overflow
from lmu_hw.lmu import LmuLayer, Network, Role, node_name
from lmu_hw.quantize.attempts import Attempts
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
from lmu_hw.quantize.config import Config, MemoryRange, Options
from lmu_hw.quantize.convert import Quantization
from lmu_hw.quantize.formats import States
from lmu_hw.quantize.provable import require_stable
from lmu_hw.quantize.ranges import Range, observed_ranges
from lmu_hw.quantize.states import StateSearch
from lmu_hw.quantize.transform import in_hardware_units
from lmu_hw.realize import DenseRealization, Realization, realization
from lmu_hw.sequences import Sequences, SequencesLike

__all__ = ["choose_formats", "configure"]

_FIT_BITS = 10
"""With fewer, fitting made some of the shipped networks better and others worse."""

_ROUNDS = 12


def configure(
    network: Network,
    x: SequencesLike,
    options: Options,
    *,
    progress: Callable[[str], None] | None = None,
) -> Config:
    """Choose every format of a design; see `choose_formats`."""
    return choose_formats(network, x, options, progress=progress).config


def choose_formats(
    network: Network,
    x: SequencesLike,
    options: Options,
    *,
    progress: Callable[[str], None] | None = None,
) -> Quantization:
    """Choose every format of a design, and return it with all that this has settled.

    `convert` gives the same of its configuration.

    Parameters
    ----------
    network : Network
        As trained.
    x : Sequences, array (sequences, steps, inputs), or list of arrays (steps, inputs)
        Calibration data in the network's own units.
    options : Options
        Word lengths, basis, input scale.
    progress : callable, optional
        Told what is being done.

    Raises
    ------
    ConfigError
        If a range does not fit the word length asked for, or is not provable though it must be.
    StabilityError
        If a memory is not stable, as trained or as rounded.
    """
    x = network.check_input(x, what="calibration data")
    require_stable(network)  # before it runs to infinity
    scale = options.input_scale
    unscaled = x.mapped(x.padded * scale.denominator / scale.numerator)
    trained = in_hardware_units(network, options.input_scale)
    tell = progress or (lambda text: None)
    tell(f"running {network.name} on calibration data")
    ranges = observed_ranges(trained, unscaled)
    return _FormatSearch(network, unscaled, ranges, options, tell).chosen()


class _FormatSearch:
    """Tries states until their range is proved, and fits until they are shown to help."""

    def __init__(
        self,
        network: Network,
        x: Sequences,
        ranges: Mapping[str, Range],
        options: Options,
        tell: Callable[[str], None],
    ) -> None:
        self.network, self.x, self.options, self.tell = network, x, options, tell
        self.attempts = Attempts(network, x, ranges, options)
        self.layers, self.rescalable = self.attempts.layers, self.attempts.rescalable
        self.search = StateSearch(options, self.rescalable)
        self.choices = self._choices()

    def chosen(self) -> Quantization:
        """Return the network in which every state is proved, and every refit helps."""
        horizons = {name: self._horizon(layer) for name, layer in self.layers.items()}
        if self.options.refit and not any(horizons.values()):
            raise ConfigError(
                f"{self.network.name}: `refit` needs a memory that is read through weights, and "
                "there is none; leave it out"
            )
        chosen = self._proved(horizons)
        reasons = refused(chosen)
        if reasons and self.options.refit:
            name, reason = next(iter(reasons.items()))
            memory = node_name(name, Role.MEMORY)
            raise ConfigError(f"{memory}: `refit` must bring it closer, but {reason}; leave it out")
        if reasons:
            horizons |= dict.fromkeys(reasons, 0)
            chosen = self._proved(horizons)
        if self.options.refit is None and measurable(self.network, horizons):
            plain = self._proved(dict.fromkeys(horizons, 0))
            worse = self._measured_worse(chosen, plain)
            if worse is not None:
                reasons |= {name: worse for name, horizon in horizons.items() if horizon}
                chosen = plain
        return replace(chosen, config=with_reasons(chosen.config, reasons))

    def _measured_worse(self, fitted: Quantization, plain: Quantization) -> str | None:
        """Return how much worse a fit is on calibration data, or None if it is not."""
        self.tell(f"running {self.network.name} with the fit and without")
        try:
            off, before = measured_errors((fitted, plain), self.x)
        except RangeError:  # formats that no design can be built with
            return None
        if off <= NOISE * before:
            return None
        return (
            f"with the fit the answers to calibration data would be off by "
            f"{100 * off:.3g} % (RMS), without by {100 * before:.3g} %"
        )

    def _proved(self, horizons: Mapping[str, int]) -> Quantization:
        """Return the network in which every state is proved, or saturates on purpose."""
        saturates = self.options.memory_range is MemoryRange.SATURATE
        overflow = Overflow.SATURATE if saturates else Overflow.FORBID
        states = {
            name: self.search.first(name, choice.realization, overflow)
            for name, choice in self.choices.items()
        }
        moving: dict[str, States] = {}
        for count in range(1, 2 * _ROUNDS + 1):
            self.tell(f"proving the ranges of the memories of {self.network.name}, round {count}")
            quantization = self.attempts.quantized(self.choices, states, horizons)
            better = {
                name: self.search.better(
                    name,
                    self.choices[name].realization,
                    state,
                    quantization.ranges[node_name(name, Role.MEMORY)],
                )
                for name, state in states.items()
            }
            moving = {name: state for name, state in better.items() if state != states[name]}
            if not moving:
                return replace(quantization, config=self._explained(quantization.config, better))
            if count >= _ROUNDS:  # coefficients of few bits need not follow what is heard
                better |= {
                    name: self.search.coarser(name, self.choices[name].realization, state)
                    for name, state in moving.items()
                }
            states = better
        raise ConfigError(
            f"{node_name(next(iter(moving)), Role.MEMORY)}: the formats of its states must settle, "
            f"but did not in {2 * _ROUNDS} rounds; choose `memory_range` saturate"
        )

    def _explained(self, config: Config, states: Mapping[str, States]) -> Config:
        """Return a configuration that says of memories why they are as they are."""
        nodes = dict(config.nodes)
        for name, state in states.items():
            memory = node_name(name, Role.MEMORY)
            node, choice = nodes[memory], self.choices[name]
            chosen = (choice.why,) if choice.why else ()
            why = (*chosen, *state.why, *state.note, *node.why)
            nodes[memory] = replace(node, why=why)
        return replace(config, nodes=nodes)

    def _choices(self) -> dict[str, Choice]:
        """Return how each memory is computed."""
        options = self.options
        bits = options.memory_bits or options.weight_bits
        if options.realization is not Realization.AUTO:
            kind, tolerance = realization(options.realization.value), options.memory_tolerance
            return {
                name: Choice(
                    realization=kind.of(
                        layer.memory, tolerance, where=node_name(name, Role.MEMORY)
                    ),
                    bits=bits,
                )
                for name, layer in self.layers.items()
            }
        choices = {}
        for name in self.layers:
            self.tell(f"choosing how {name}.m is computed")
            choices[name] = self._cheapest(name, bits)
        return choices

    def _cheapest(self, name: str, bits: int) -> Choice:
        """Return the cheapest realization of a memory that is as close to the trained one."""
        if name not in self.rescalable:
            why = "dense: it is an output of the network, so its basis must stay as trained"
            return Choice(realization=DenseRealization(), bits=bits, why=why)
        if self.options.error_feedback:
            why = "dense: only such a memory has feedback"
            return Choice(realization=DenseRealization(), bits=bits, why=why)

        def candidate(choice: Choice) -> Candidate:
            state = self.search.first(name, choice.realization, Overflow.SATURATE)
            return self.attempts.candidate(name, choice, state)

        return choose_realization(
            Setting(
                memory=self.layers[name].memory,
                where=node_name(name, Role.MEMORY),
                horizon=self._steps(self.layers[name]),
                bits=bits,
                candidate=candidate,
            )
        )

    def _horizon(self, layer: LmuLayer) -> int:
        """Return the steps over which what reads a memory is fitted to it; 0: it is not."""
        choice, wanted = self.choices[layer.name], self.options.refit
        if wanted is None:
            wanted = not choice.realization.trained_matrices or choice.bits >= _FIT_BITS
        return self._steps(layer) if wanted and layer.name in self.rescalable else 0

    def _steps(self, layer: LmuLayer) -> int:
        """Return the steps over which a memory must be like the trained one."""
        if self.options.horizon is not None:
            return self.options.horizon
        steps = reach(layer, windows=WINDOWS)
        if self.network.answers_once:  # to a sequence about as long as its longest window
            steps = min(steps, max(reach(other, windows=1) for other in self.layers.values()))
        return steps
