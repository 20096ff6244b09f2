# SPDX-License-Identifier: Apache-2.0
"""Symbols for the results of a time step, as the specification computes them."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.fixed import FixedFormat
from lmu_hw.prove.algebra.forms import Value, range_of
from lmu_hw.prove.algebra.functions import name_function
from lmu_hw.prove.algebra.names import name, name_total
from lmu_hw.prove.deadline import ended
from lmu_hw.prove.narrowing import Ends

__all__ = ["StepNames", "Symbols"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """What is kept as a function of one symbol; whatever is, a proof is one.

    Attributes
    ----------
    small_totals : bool
        What is computed of a total of few values.
    functions : bool
        Results that are functions of a symbol, which are symbols themselves.
    closer_bounds : bool
        Results have the bounds of what they stand for, as long as that is known.
    """

    small_totals: bool = False
    functions: bool = False
    closer_bounds: bool = False


class StepNames:
    """Names what a layer computes in a step; see `lmu_hw.prove.narrowing.Naming`.

    Parameters
    ----------
    step : hashable
        Tells results of the step from those of others.
    symbols : Symbols
    assumed : set of str
        Takes the nodes whose ranges `lmu_verify` must show.

    Attributes
    ----------
    named : list of Value
        The results, in their order.
    """

    def __init__(self, step: object, symbols: Symbols, assumed: set[str]) -> None:
        self._step, self._symbols, self._assumed = step, symbols, assumed
        self.named: list[Value] = []

    def __call__(
        self,
        what: str,
        value: Value,
        fmt: FixedFormat | None,
        *,
        proved: bool,
        tabulated: bool = False,
        carried: bool = True,
        ends: Ends | None = None,
    ) -> Value:
        """Return the symbol of a result."""
        ended()
        if fmt is None:
            few = tabulated and self._symbols.small_totals
            result = name_total((self._step, what), value, tabulated=few)
        else:
            low, high = range_of(value)
            if not proved and not fmt.min_code <= low <= high <= fmt.max_code:
                self._assumed.add(what.partition("[")[0].partition(" ")[0])
            ends = ends or (fmt.min_code, fmt.max_code)
            if not carried:
                ends = max(low, ends[0]), min(high, ends[1])
            by = name_function if proved and self._symbols.functions else name
            result = by((self._step, what), value, *ends, tabulated=tabulated)
        self.named.append(result)
        return result
