# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: the multiplier arrays of all layers, chosen together by time and area."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

from lmu_hw.errors import ConfigError
from lmu_hw.network import WHOLE_VECTORS, QuantizedNetwork, Stream
from lmu_hw.plan.additions import Additions
from lmu_hw.plan.candidates import Candidate, Front, candidates_of
from lmu_hw.plan.chip import Area, Chip
from lmu_hw.plan.estimate import estimate_of, period_of, port_area
from lmu_hw.plan.goal import Goal
from lmu_hw.plan.pipeline import Plan
from lmu_hw.plan.reloadable import Reloadable, reloadable_of

__all__ = ["SLOWEST", "Choice", "Option", "choose_plan", "make_plan"]

SLOWEST = 1.5
"""No plan is chosen that takes longer than the fastest one by more than this factor."""

_BEATS = (1, 2, 4, 8, 16, 32, 64)

_AS_GOOD = 1.1
"""Of plans whose area x time differs by at most this factor, the fastest is taken: estimates are
off by about as much."""

_AS_FAST = 1.02
"""Of fully unrolled plans whose cycles differ by at most this factor, the smallest is taken."""

_APART, _SHOWN = 1.15, 4
"""Options that are shown differ in time by this factor; so many are faster, and as many smaller."""


_NOTHING = Additions()
_RESOURCES = {"lut": "LUT", "ff": "FF", "block_ram": "block RAM", "dsp": "DSP"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Option:
    """A plan of a network, and what it is chosen by.

    Attributes
    ----------
    plan : Plan
    cycles : int
        Of a step with all nodes, in the layers that run at every step.
    area : Area
        Estimated, with what is around the layers.
    period, shape_period : float
        Of the fastest clock on an ECP5, estimated, and the least that the shapes of the layers
        allow; in ns.
    goal : Goal
        What it is weighed for.
    """

    plan: Plan
    cycles: int
    area: Area
    period: float
    shape_period: float
    goal: Goal

    @property
    def chip(self) -> Chip:
        """What it is estimated for."""
        return self.goal.chip

    @property
    def mhz(self) -> float | None:
        """The fastest clock, estimated; None: that of the chip is not known."""
        return self.chip.mhz(self.period)

    @property
    def time(self) -> float:
        """Of a step, in ns, at the clock that was asked for where it is slower than the fastest.

        Where the clock of the chip is not known, that of an ECP5 compares plans.
        """
        period = self.period * (self.chip.ns or 1.0)
        return self.cycles * max(period, 0.0 if self.goal.clock is None else 1e3 / self.goal.clock)

    @property
    def samples_per_second(self) -> float | None:
        """Steps in a second; None: the clock is not known."""
        return None if self.mhz is None else 1e9 / self.time

    @cached_property
    def size(self) -> float:
        """The area in tables of the chip."""
        return self.chip.tables(self.area)

    @cached_property
    def area_time(self) -> float:
        """Area times time: what a step takes of a chip, and for how long."""
        return self.size * self.time

    @property
    def lacking(self) -> dict[str, tuple[float, float]]:
        """What does not fit the chip: what is needed, and what is there, by the field of `Area`."""
        return self.chip.lacks(self.area)

    @property
    def lacking_words(self) -> str:
        """That in words; empty: all fits."""
        return ", ".join(
            f"{needed:,.10g} {_RESOURCES[name]} of {there:,.10g}"
            for name, (needed, there) in self.lacking.items()
        )

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

    @property
    def warnings(self) -> list[str]:
        """What was asked for and is probably not reached."""
        goal, mhz = self.chosen.goal, self.chosen.mhz
        if goal.clock is None or mhz is None or goal.clock <= mhz:
            return []
        return [
            f"a `clock` of {goal.clock:,.15g} MHz is beyond the {mhz:,.0f} MHz that are estimated "
            f"of the chosen plan on {goal.chip.device}"
        ]


def _apart(chosen: Option, options: Sequence[Option]) -> list[Option]:
    """Return the first options whose times differ clearly from each other."""
    shown = [chosen]
    for option in options:
        if not 1 / _APART < option.time / shown[-1].time < _APART and len(shown) <= _SHOWN:
            shown.append(option)
    return shown[1:]


def make_plan(
    network: QuantizedNetwork,
    lanes: int | str | None,
    *,
    reloadable: Reloadable | str | bool = Reloadable.NONE,
    stream: Stream = WHOLE_VECTORS,
) -> Plan:
    """Choose the multiplier arrays of all layers; see `choose_plan`.

    Raises
    ------
    ConfigError
        If lanes is less than 1.
    """
    goal = Goal(lanes="full" if lanes is None else lanes)
    return choose_plan(network, goal, reloadable=reloadable, stream=stream).chosen.plan


def choose_plan(
    network: QuantizedNetwork,
    goal: Goal,
    *,
    reloadable: Reloadable | str | bool = Reloadable.NONE,
    stream: Stream = WHOLE_VECTORS,
    additions: Additions = _NOTHING,
) -> Choice:
    """Choose the multiplier arrays of all layers.

    All plans are weighed in which every layer has the fewest multipliers that keep up with some
    number of cycles, and of as many multipliers the smallest area. A layer behind one that answers
    once keeps up with the last step if it can. Plans that do not fit the target are not chosen. How
    many words a bank of coefficients has changes no choice.

    Parameters
    ----------
    network : QuantizedNetwork
    goal : Goal
    reloadable : Reloadable
        Which coefficients can be written at run time; nothing is chosen by it.
    stream : Stream
        How input vectors and answers travel: their beats take cycles, too.
    additions : Additions
        What else the design has; nothing is chosen by it.

    Returns
    -------
    Choice
        Its plans are as they are built, and so are their areas and clocks.

    Raises
    ------
    ConfigError
        If no plan is what the goal asks for, or fits its target.
    """
    written = reloadable_of(reloadable)
    weighed = [
        option for beat in _beats(network, goal) for option in _options(network, goal, beat, stream)
    ]
    chosen = _best(weighed, goal)
    front = sorted({*_front(weighed), chosen}, key=lambda option: (option.time, option.size))
    built = [_as_built(option, written, additions) for option in front]
    (fitting,) = _fitting([built[front.index(chosen)]])
    return Choice(chosen=fitting, options=tuple(built))


def _beats(network: QuantizedNetwork, goal: Goal) -> list[int]:
    # Segments of one element, and outputs of several nodes, cannot be packed into wider beats.
    for layer in network.layers:
        if len(layer.outputs) > 1 or any(node.segments > 1 for node in layer.nodes):
            return [1]
    # An array has at least one beat of rows and one beat of columns.
    return [beat for beat in _BEATS if goal.most is None or beat**2 <= goal.most]


def _options(network: QuantizedNetwork, goal: Goal, beat: int, stream: Stream) -> Iterator[Option]:
    """Yield the plans with a beat: one for each number of cycles and each period of the clock."""
    first = network.layers[0]
    layers = [
        candidates_of(
            layer,
            beat,
            lanes=goal.most,
            full=goal.full,
            chip=goal.chip,
            arriving=stream.arriving(layer.input) if layer is first else None,
        )
        for layer in network.layers
    ]
    for period in sorted({candidate.period for layer in layers for candidate in layer}):
        allowed = [[c for c in layer if c.period <= period] for layer in layers]
        if all(allowed):
            fronts = [Front(candidates) for candidates in allowed]
            yield from _at_any_speed(fronts, goal, stream)


def _at_any_speed(fronts: Sequence[Front], goal: Goal, stream: Stream) -> Iterator[Option]:
    """Yield the plans of all numbers of cycles from the fewest on."""
    fastest = Plan(layers=tuple(front.fastest.plan for front in fronts), stream=stream)
    # With a sample rate to keep up with, the last step of a sequence is one like any other.
    stages = fastest.every_step if goal.cycles is None else fastest.layers
    transfers = fastest.transfer_cycles(len(stages), last_step=True)
    bounding = fronts[: len(stages)]
    least = max(transfers, *(front.fastest.cycles for front in bounding))
    if goal.full:
        yield _option([front.fastest for front in fronts], len(stages), goal, stream)
        return
    for cycles in sorted({least, *(c for front in bounding for c in front.cycles if c > least)}):
        smallest = [front.smallest(cycles) for front in fronts]
        yield _option(smallest, len(stages), goal, stream)


def _option(chosen: Sequence[Candidate], bounding: int, goal: Goal, stream: Stream) -> Option:
    plan = Plan(layers=tuple(candidate.plan for candidate in chosen), stream=stream)
    transfers = plan.transfer_cycles(bounding, last_step=True)
    area = sum((candidate.area for candidate in chosen), port_area(plan, goal.chip))
    shape = max(candidate.period for candidate in chosen)
    return Option(
        plan=plan,
        cycles=max(transfers, *(candidate.cycles for candidate in chosen[:bounding])),
        area=area,
        period=period_of(
            [candidate.pace for candidate in chosen],
            area.lut,
            plan.layers,
        ),
        shape_period=shape,
        goal=goal,
    )


def _best(options: Sequence[Option], goal: Goal) -> Option:
    if goal.cycles is not None:
        return _fewest_multipliers_that_keep_up(options, goal, goal.cycles)
    options = _fitting(options)
    if goal.full:
        fastest = min(option.cycles for option in options)
        as_fast = [option for option in options if option.cycles <= _AS_FAST * fastest]
        return min(as_fast, key=lambda option: (option.plan.lanes, option.time))
    return _least_area_times_time(options)


def _fitting(options: Sequence[Option]) -> list[Option]:
    """Return the options that fit the target; raise `ConfigError` if there are none."""
    fitting = [option for option in options if not option.lacking]
    if fitting:
        return fitting
    closest = min(
        options, key=lambda option: max(n / (h or 0.1) for n, h in option.lacking.values())
    )
    raise ConfigError(
        f"a plan must fit the `target` {closest.chip.name}, but none does: the closest one needs "
        f"{closest.lacking_words}"
    )


def _fewest_multipliers_that_keep_up(options: Sequence[Option], goal: Goal, cycles: int) -> Option:
    """Return the plan with the fewest multipliers of at most `cycles`, of these the smallest.

    With a clock that reaches the one asked for; where none does, none is taken whose shape makes
    the clock slower than that of others.
    """
    in_time = [option for option in options if option.cycles <= cycles]
    if not in_time:
        needed = min(option.cycles for option in options)
        raise ConfigError(
            f"a step needs {needed:,} cycles{_within(goal)}, {cycles:,} are there at a `clock` of "
            f"{goal.clock:,.15g} MHz and a `sample_rate` of {goal.sample_rate:,.15g} Hz"
        )
    in_time = _fitting(in_time)
    asked = 1e3 / (goal.clock or 1.0)
    ns = goal.chip.ns or 1.0
    in_clock = [option for option in in_time if option.period * ns <= asked]
    if not in_clock:
        least = max(asked, min(option.shape_period * ns for option in in_time))
        in_clock = [option for option in in_time if option.shape_period * ns <= least]
    return min(in_clock, key=lambda option: (option.plan.multipliers, option.size, option.time))


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
        slowest = SLOWEST * min(option.time for option in weighed)
        weighed = [option for option in weighed if option.time <= slowest]
        # Slower ones than chosen before still say how good a plan can be: else each step to more
        # multipliers could give away as much again.
        most = _AS_GOOD * min(option.area_time for option in weighed)
        in_time = [option for option in weighed if option.time <= longest]
        best = min(in_time, key=lambda option: option.area_time)
        as_good = [option for option in in_time if option.area_time <= most]
        chosen = min(as_good or [best], key=lambda option: (option.time, option.area_time))
        longest = chosen.time
    return chosen


def _front(options: Sequence[Option]) -> list[Option]:
    """Return the options that no other one is both smaller and faster than, from the fastest on."""
    front: list[Option] = []
    for option in sorted(options, key=lambda option: (option.time, option.size)):
        if not front or option.size < front[-1].size:
            front.append(option)
    return front


def _as_built(option: Option, reloadable: Reloadable, additions: Additions) -> Option:
    """Return an option with all that a design has and nothing is chosen by, and what it takes."""
    words = option.goal.bank_words
    layers = tuple(
        replace(layer, bank_words=words, reloadable=reloadable) for layer in option.plan.layers
    )
    plan = additions.to(replace(option.plan, layers=layers))
    expected = estimate_of(plan, option.chip)
    return replace(option, plan=plan, area=expected.total, period=expected.period)
