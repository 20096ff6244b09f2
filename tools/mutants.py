# SPDX-License-Identifier: Apache-2.0
"""Every mutant of some designs: how many the bench kills, and which it does not see.

python tools/mutants.py [DESIGN ...]
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
_CYCLES = 40_000


def main(names: list[str]) -> None:
    """Run all mutants of the designs named and print what became of them."""
    for name in names or _DESIGNS:
        with tempfile.TemporaryDirectory(prefix="mutants_") as work:
            design, lanes = DESIGNS[name]()
            lmu_hw.emit(design, Path(work) / name, lanes=lanes)
            bench = MutantBench(Path(work) / name, Path(work) / "bench", cycles=_CYCLES)
            _print(name, list(bench.fates(bench.mutants)))


def _print(name: str, fates: list[Fate]) -> None:
    kinds = Counter(fate.mutant.kind for fate in fates)
    killed = Counter(fate.mutant.kind for fate in fates if fate.killed)
    print(f"{name}: {sum(killed.values())} of {len(fates)} mutants fail")
    for kind, count in kinds.items():
        print(f"  {kind}: {killed[kind]} of {count}")
    for fate in fates:
        if not fate.killed:
            reason = reason_of(name, fate.mutant) or "NOT EXPLAINED"
            print(f"  survives: {fate.mutant.kind}: {fate.mutant.name}: {reason}")


if __name__ == "__main__":
    main(sys.argv[1:])
