# SPDX-License-Identifier: Apache-2.0
"""Every mutant of some designs: how many fail in the bench, and which do not.

python -m tools.mutants [DESIGN ...]

What passes is explained (`tools/mutation/known.py`), or is no change in this run: what stands in
its place was the same value in every cycle. The rest is not explained.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lmu_hw
from sim.conftest import DESIGNS
from tools.mutation.bench import Fate, MutantBench
from tools.mutation.known import reason_of

_DESIGNS = ("tiny", "sweeps", "lstm")
_CYCLES = (2_000, 40_000)
_MORE = (200_000,)  # for what is not explained
_OUTCOMES = ("fails", "explained", "no other value", "not explained")


def main(names: list[str]) -> None:
    """Run all mutants of the designs named and print what became of them."""
    for name in names or _DESIGNS:
        with tempfile.TemporaryDirectory(prefix="mutants_") as work:
            design, lanes = DESIGNS[name]()
            lmu_hw.emit(design, Path(work) / name, lanes=lanes)
            bench = MutantBench(Path(work) / name, Path(work) / "bench", cycles=_CYCLES)
            fates = {fate.mutant.name: fate for fate in bench.fates(bench.mutants)}
            bench.drive(_MORE)
            left = [fate.mutant for fate in fates.values() if _outcome(name, fate) in _OUTCOMES[2:]]
            fates |= {fate.mutant.name: fate for fate in bench.fates(left)}
            _print(name, list(fates.values()))


def _print(name: str, fates: list[Fate]) -> None:
    """Print a table by kind of mutant, and below it the mutants that the bench does not see."""
    counts = Counter((fate.mutant.kind, _outcome(name, fate)) for fate in fates)
    print(f"{name:<12}" + "".join(f"{outcome:>16}" for outcome in _OUTCOMES))
    for kind in dict.fromkeys(fate.mutant.kind for fate in fates):
        print(f"  {kind:<10}" + "".join(f"{counts[kind, outcome]:>16}" for outcome in _OUTCOMES))
    totals = Counter(_outcome(name, fate) for fate in fates)
    print(f"  {'all':<10}" + "".join(f"{totals[outcome]:>16}" for outcome in _OUTCOMES))
    for fate in fates:
        if not fate.killed:
            why = reason_of(name, fate.mutant) or _outcome(name, fate)
            print(f"  passes: {fate.mutant.kind}: {fate.mutant.name}: {why}")


def _outcome(name: str, fate: Fate) -> str:
    """Return the column of the table."""
    if fate.killed:
        return "fails"
    if reason_of(name, fate.mutant):
        return "explained"
    return "not explained" if fate.differs else "no other value"


if __name__ == "__main__":
    main(sys.argv[1:])
