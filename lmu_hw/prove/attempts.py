# SPDX-License-Identifier: Apache-2.0
"""What becomes of a claim when it is tried, and the ways to write results in which it is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lmu_hw.errors import ToolError
from lmu_hw.prove.algebra.atoms import Unknown, forget
from lmu_hw.prove.algebra.directions import forget_directions
from lmu_hw.prove.algebra.functions import forget_functions
from lmu_hw.prove.algebra.names import forget_names
from lmu_hw.prove.algebra.undecided import Decide
from lmu_hw.prove.claims import Lemma, Part, Status
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.deadline import OutOfTime, ended
from lmu_hw.prove.naming import Symbols

__all__ = ["SYMBOLS", "forget_all", "in_some_form", "tried"]

T = TypeVar("T")

SYMBOLS = (
    Symbols(),
    Symbols(small_totals=True),
    Symbols(small_totals=True, functions=True),
    Symbols(closer_bounds=True),
)
"""Ways to write results, tried one after the other, the cheapest first."""


def forget_all() -> None:
    """Forget every form: symbols of one part are none of another's."""
    for empty in (forget, forget_names, forget_functions, forget_directions):
        empty()


def tried(part: Part, claim: str, check: Callable[[], str]) -> Lemma:
    """Return what becomes of a claim; what checks it says how much was looked at."""
    forget_all()
    try:
        ended()
        detail, status = check(), Status.SHOWN
    except (Failure, Unknown, Decide, ToolError, OutOfTime) as failure:
        detail, status = str(failure) or "given up: too many cases", Status.NOT_SHOWN
        if isinstance(failure, Failure) and failure.width:
            detail += ": could not be shown equal"
    return Lemma(part=part, claim=claim, status=status, detail=detail)


def in_some_form(check: Callable[[Symbols], T]) -> T:
    """Return what a check does with the first way to write results in which it gets to its end.

    Where hardware computes a result in another way than the formula, it depends on the forms
    whether both are seen to be equal. One way to write them is enough.

    Raises
    ------
    Failure
        That of the first way, if none leads to the end.
    """
    first: Failure | Unknown | None = None
    for symbols in SYMBOLS:
        forget_all()
        try:
            return check(symbols)
        except (Failure, Unknown, OverflowError) as failure:
            if isinstance(failure, Failure) and not failure.width:
                raise first or failure from None  # no matter of forms
            first = first or (Unknown() if isinstance(failure, OverflowError) else failure)
    raise first or Unknown()
