# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: the multiplier arrays of all layers, chosen together by time and area."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from lmu_hw.checked import flag
from lmu_hw.errors import ConfigError
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan.area import Area
from lmu_hw.plan.candidates import Candidate, Front, candidates_of
from lmu_hw.plan.goal import Goal
from lmu_hw.plan.pipeline import Plan, transfer_cycles

__all__ = ["SLOWEST", "Choice", "Option", "choose_plan", "make_plan"]

SLOWEST = 1.5
"""No plan is chosen that takes longer than the fastest one by more than this factor."""

_BEATS = (1, 2, 4, 8, 16, 32, 64)

_AS_GOOD = 1.05
"""Of plans whose area x time differs by at most this factor, the fastest is taken."""

_AS_FAST = 1.02
"""Of fully unrolled plans whose cycles differ by at most this factor, the smallest is taken."""

_APART, _SHOWN = 1.15, 4
"""Options that are shown differ in time by this factor; so many are faster, and as many smaller."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Option:
    """A plan of a network, and what it is chosen by.

    Attributes
    ----------
    plan : Plan
    cycles : int
        Of a step with all nodes, in the layers that run at every step.
    period : float
        Of the fastest clock, in ns.
    area : Area
    """

    plan: Plan
    cycles: int
    period: float
    area: Area

    @property
    def time(self) -> float:
        """Of a step, in ns."""
        return self.cycles * self.period

    @property
    def area_time(self) -> float:
        """Area times time: what a step takes of a part, and for how long."""
        return self.area.tables * self.time

    @property
    def lanes(self) -> int:
        """Least value of ``--lanes`` that allows the plan."""
        return max(max(layer.array_lanes, layer.memory_lanes) for layer in self.plan.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A plan, and the options that it was chosen from.

    Attributes
    ----------
    chosen : Option
    options : tuple of Option
        From the fastest on; those that no other one is both smaller and faster than.
    """

    chosen: Option
    options: tuple[Option, ...]

    @property
    def shown(self) -> tuple[Option, ...]:
        """The chosen option, and some that are clearly faster or smaller, from the fastest on."""
        place = self.options.index(self.chosen)
        faster = _apart(self.chosen, self.options[:place][::-1])
        smaller = _apart(self.chosen, self.options[place + 1 :])
        return (*faster[::-1], self.chosen, *smaller)


def _apart(chosen: Option, options: Sequence[Option]) -> list[Option]:
    """Return the first options whose times differ clearly from each other."""
    shown = [chosen]
    for option in options:
        if not 1 / _APART < option.time / shown[-1].time < _APART and len(shown) <= _SHOWN:
            shown.append(option)
    return shown[1:]


def make_plan(
    network: QuantizedNetwork, lanes: int | str | None, *, reloadable: bool = False
) -> Plan:
    """Choose the multiplier arrays of all layers; see `choose_plan`.

    Raises
    ------
    ConfigError
        If lanes is less than 1.
    """
    goal = Goal(lanes="full" if lanes is None else lanes)
    return choose_plan(network, goal, reloadable=reloadable).chosen.plan


def choose_plan(network: QuantizedNetwork, goal: Goal, *, reloadable: bool = False) -> Choice:
    """Choose the multiplier arrays of all layers.

    All plans are weighed in which every layer has the fewest multipliers that keep up with some
    number of cycles, and of as many multipliers the smallest area. A layer behind one that answers
    once keeps up with the last step if it can.

    Parameters
    ----------
    network : QuantizedNetwork
    goal : Goal
    reloadable : bool
        The coefficients of structured memories can be written at run time.

    Raises
    ------
    ConfigError
        If no plan is what the goal asks for.
    """
    reloadable = flag(reloadable, "`reloadable`")
    options = [option for beat in _beats(network, goal) for option in _options(network, goal, beat)]
    chosen = _best(options, goal)
    front = {*_front(options), chosen}
    weighed = sorted(front, key=lambda option: (option.time, option.area.tables))
    final = [_reloadable(option, reloadable) for option in weighed]
    return Choice(chosen=final[weighed.index(chosen)], options=tuple(final))


def _beats(network: QuantizedNetwork, goal: Goal) -> list[int]:
    # Segments of one element, and outputs of several nodes, cannot be packed into wider beats.
    for layer in network.layers:
        if len(layer.outputs) > 1 or any(node.segments > 1 for node in layer.nodes):
            return [1]
    # An array has at least one beat of rows and one beat of columns.
    return [beat for beat in _BEATS if goal.most is None or beat**2 <= goal.most]


def _options(network: QuantizedNetwork, goal: Goal, beat: int) -> Iterator[Option]:
    """Yield the plans with a beat: one for each number of cycles and each period of the clock."""
    layers = [
        candidates_of(layer, beat, lanes=goal.most, full=goal.full) for layer in network.layers
    ]
    for period in sorted({candidate.period for layer in layers for candidate in layer}):
        allowed = [[c for c in layer if c.period <= period] for layer in layers]
        if all(allowed):
            fronts = [Front(candidates) for candidates in allowed]
            yield from _at_any_speed(network, fronts, goal)


def _at_any_speed(
    network: QuantizedNetwork, fronts: Sequence[Front], goal: Goal
) -> Iterator[Option]:
    """Yield the plans of all numbers of cycles from the fewest on."""
    fastest = Plan(layers=tuple(front.fastest.plan for front in fronts))
    # With a sample rate to keep up with, the last step of a sequence is one like any other.
    stages = fastest.every_step if goal.cycles is None else fastest.layers
    transfers = transfer_cycles(stages, last_step=True)
    bounding = fronts[: len(stages)]
    least = max(transfers, *(front.fastest.cycles for front in bounding))
    if goal.full:
        yield _option([front.fastest for front in fronts], len(stages))
        return
    for cycles in sorted({least, *(c for front in bounding for c in front.cycles if c > least)}):
        yield _option([front.smallest(cycles) for front in fronts], len(stages))


def _option(chosen: Sequence[Candidate], bounding: int) -> Option:
    plan = Plan(layers=tuple(candidate.plan for candidate in chosen))
    transfers = transfer_cycles(plan.layers[:bounding], last_step=True)
    return Option(
        plan=plan,
        cycles=max(transfers, *(candidate.cycles for candidate in chosen[:bounding])),
        period=max(candidate.period for candidate in chosen),
        area=sum((candidate.area for candidate in chosen), Area()),
    )


def _best(options: Sequence[Option], goal: Goal) -> Option:
    if goal.cycles is not None:
        return _smallest_that_keeps_up(options, goal, goal.cycles)
    if goal.full:
        fastest = min(option.cycles for option in options)
        as_fast = [option for option in options if option.cycles <= _AS_FAST * fastest]
        return min(as_fast, key=lambda option: (option.plan.lanes, option.time))
    return _least_area_times_time(options)


def _smallest_that_keeps_up(options: Sequence[Option], goal: Goal, cycles: int) -> Option:
    """Return the smallest plan of at most `cycles`, with a clock that the goal asks for if any."""
    in_time = [option for option in options if option.cycles <= cycles]
    if not in_time:
        needed = min(option.cycles for option in options)
        raise ConfigError(
            f"a step needs {needed:,} cycles{_within(goal)}, {cycles:,} are there at a `clock` of "
            f"{goal.clock:,.15g} MHz and a `sample_rate` of {goal.sample_rate:,.15g} Hz"
        )
    period = max(1000.0 / (goal.clock or 1.0), min(option.period for option in in_time))
    in_clock = [option for option in in_time if option.period <= period]
    return min(in_clock, key=lambda option: (option.area.tables, option.time))


def _within(goal: Goal) -> str:
    return "" if goal.most is None else f" with at most {goal.most} multipliers for a layer"


def _least_area_times_time(options: Sequence[Option]) -> Option:
    """Return the plan of the least area x time that is not much slower than the fastest one.

    Nor is it slower than what would be chosen of the plans with fewer multipliers for a layer.
    """
    longest: float = inf
    weighed: list[Option] = []
    chosen: Option = options[0]
    for lanes in sorted({option.lanes for option in options}):
        weighed += [option for option in options if option.lanes == lanes]
        fastest = min(option.time for option in weighed)
        longest = min(longest, SLOWEST * fastest)
        weighed = [option for option in weighed if option.time <= longest]
        most = _AS_GOOD * min(option.area_time for option in weighed)
        as_good = [option for option in weighed if option.area_time <= most]
        chosen = min(as_good, key=lambda option: (option.time, option.area_time))
        longest = chosen.time
    return chosen


def _front(options: Sequence[Option]) -> list[Option]:
    """Return the options that no other one is both smaller and faster than, from the fastest on."""
    front: list[Option] = []
    for option in sorted(options, key=lambda option: (option.time, option.area.tables)):
        if not front or option.area.tables < front[-1].area.tables:
            front.append(option)
    return front


def _reloadable(option: Option, reloadable: bool) -> Option:
    layers = tuple(replace(layer, reloadable=reloadable) for layer in option.plan.layers)
    return replace(option, plan=Plan(layers=layers))
