# SPDX-License-Identifier: Apache-2.0
"""From a trained network and a target to the cheapest design that reaches it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from lmu_hw.checked import member
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import Network
from lmu_hw.quantize import Config, Options, quantize, require_provable
from lmu_hw.search.cost import Cost, CostModel, Costs, costs_of
from lmu_hw.search.find import Finder, Unreachable
from lmu_hw.search.lengths import Knob, Limits, WordLengths
from lmu_hw.search.pools import Pool, Workers, open_pool
from lmu_hw.search.prepare import Progress, prepared_problem, silent, with_floats
from lmu_hw.search.problem import Refusal, configured
from lmu_hw.search.target import Figures, Target, figures
from lmu_hw.search.trials import Judge, Trial
from lmu_hw.sequences import SequencesLike

__all__ = ["SearchResult", "search"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchResult:
    """The cheapest design that reaches a target, and how it was found.

    Attributes
    ----------
    design : Design
        Ready for `lmu_hw.emit`.
    options : Options
        That give this design with the same calibration data.
    lengths : WordLengths
    limits : Limits
        What was searched; a knob with equal limits was given.
    target : Target
    figures : Figures
        What the design and the float network reach on the data.
    sequences, sequences_given : int
        Sequences that the design was measured on, and that there were.
    cost : Cost
        What was made small.
    costs : Costs
        Of the design.
    default_lengths : WordLengths
        What is generated when nothing is asked for.
    default_costs : Costs or None
        At the default word lengths; None if there is no such design.
    history : tuple of Trial
        Everything that was measured, in order.
    """

    design: Design
    options: Options
    lengths: WordLengths
    limits: Limits
    target: Target
    figures: Figures
    sequences: int
    sequences_given: int
    cost: Cost
    costs: Costs
    default_lengths: WordLengths
    default_costs: Costs | None
    history: tuple[Trial, ...]

    @property
    def neighbours(self) -> tuple[Trial, ...]:
        """The trials of word lengths that are narrower by one bit: all missed, for certain."""
        narrower = self.limits.narrower(self.lengths)
        return tuple(trial for trial in self.history if trial.lengths in narrower)


def search(
    network: Network,
    calibration: SequencesLike,
    x: SequencesLike,
    labels: SequencesLike | None,
    *,
    target: Target,
    options: Options,
    fixed: Collection[Knob] = (),
    limits: Limits | None = None,
    cost: Cost | str = Cost.MULTIPLIER_AREA,
    sequences: int | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Find the cheapest word lengths that reach a target.

    Parameters
    ----------
    network : Network
    calibration : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        What ranges are taken from.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        What designs are measured on.
    labels : array or None
        Classes of `x`, for an accuracy.
    target : ErrorTarget or AccuracyTarget
    options : Options
        Everything that is not searched.
    fixed : collection of Knob
        Knobs that stay as `options` have them.
    limits : Limits, optional
        Of the other knobs.
    cost : Cost
        What to make small.
    sequences : int, optional
        At most that many, evenly spread, are run; None: `SEQUENCES`.
    workers : Workers, optional
        Who computes; never changes the result.
    progress : callable, optional

    Raises
    ------
    Unreachable
        If the widest word lengths do not reach the target.
    StabilityError
        If a memory is not shown to be stable: no design of it would have a certificate.
    ConfigError, NetworkError
        If data or labels do not fit the network, or no design exists.
    """
    cost = member(cost, "`cost`", Cost)
    workers, limits, progress = workers or Workers(), limits or Limits(), progress or silent
    for knob in (member(name, "a knob", Knob) for name in fixed):
        limits = limits.fixed(knob, WordLengths.of(options).get(knob))
    problem = prepared_problem(
        network, calibration, x, labels, options=options, sequences=sequences
    )
    target.check(problem)
    require_provable(network, options)
    default = WordLengths.of(Options())
    with open_pool(problem, workers) as pool:
        configs = dict(pool.run(configured, [default, limits.widest]))
        default_costs = _costs(network, configs[0])
        widest, config = _widest(pool, limits, configs[1])
        quantized = quantize(network, config, model_digest="")
        problem = with_floats(problem, pool, progress)
    limits = replace(limits, activation_bits=(limits.activation_bits[0], widest.activation_bits))
    problem = problem.reordered(target.order(problem))
    model = CostModel(quantized, widest, widest.applied(options))
    with open_pool(problem, workers) as pool:
        judge = Judge(problem, target, pool, progress)
        lengths = _found(Finder(judge, limits, model, cost), judge)
        design = Design.build(network, judge.config(lengths), calibration)
        return SearchResult(
            design=design,
            options=lengths.applied(options),
            lengths=lengths,
            limits=limits,
            target=target,
            figures=figures(judge.losses(lengths), problem),
            sequences=len(problem.x),
            sequences_given=len(x),
            cost=cost,
            costs=costs_of(design.network),
            default_lengths=default,
            default_costs=default_costs,
            history=judge.trials,
        )


def _costs(network: Network, config: Config | Refusal) -> Costs | None:
    if isinstance(config, Refusal):
        return None
    return costs_of(quantize(network, config, model_digest=""))


def _widest(pool: Pool, limits: Limits, outcome: Config | Refusal) -> tuple[WordLengths, Config]:
    """Return the widest word lengths of which there is a design: tables may get too long."""
    lengths, reason = limits.widest, ""
    while isinstance(outcome, Refusal):
        reason = reason or outcome.reason
        bits = lengths.activation_bits - 1
        if bits < limits.activation_bits[0]:
            raise ConfigError(f"there is no design with the widest words: {reason}")
        lengths = lengths.turned(Knob.ACTIVATION, bits)
        (outcome,) = (config for _, config in pool.run(configured, [lengths]))
    return lengths, outcome


def _found(finder: Finder, judge: Judge) -> WordLengths:
    """Return what a search finds, or say how far the widest word lengths are from it."""
    try:
        return finder.find()
    except Unreachable:
        widest = finder.limits.widest
        reached = judge.target.reached(figures(judge.losses(widest), judge.problem))
        raise Unreachable(
            f"{judge.target} cannot be reached: the widest word lengths, {widest} bits, give "
            f"{reached}"
        ) from None
