# SPDX-License-Identifier: Apache-2.0
"""Changed Verilog that `prove` must refuse: many mutants of small designs, each tried elsewhere.

python -m tools.prove_mutants [--mutants N] [--seed N] [--jobs N] [DESIGN ...]

What `prove` does not refuse may be shown equal at every port by Yosys and its `abc`; the rest is
simulated by Icarus and Verilator, with pauses and resets. Exit status 1 if something that a
simulator tells from the design is not refused.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lmu_hw.cli.console import stages
from tools.mutants import Update, shown
from tools.mutation.bench import MutantBench
from tools.mutation.proof import proved
from tools.mutation.refusal import Change, Judge, changes_of, sampled
from tools.mutation.sites import Mutant
from tools.mutation.small import SMALL

_COUNT = 167  # of each design
_CYCLES = (2_000, 40_000, 200_000)
EQUAL, ALIKE, DIFFERENT = "equal", "not told apart", "DIFFERENT"
_REFUSALS = ("reading", "data", "time", "control")
_COLUMNS = (*_REFUSALS, "others", EQUAL, ALIKE, DIFFERENT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what becomes of the mutants by kind, and the names of those that are not refused."""
    parser = argparse.ArgumentParser(description="Give mutants of small designs to prove.")
    parser.add_argument("designs", nargs="*", metavar="DESIGN", default=list(SMALL))
    parser.add_argument("--mutants", type=int, default=_COUNT, help="of each design")
    parser.add_argument("--seed", type=int, default=0, help="of what is chosen")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if unknown := sorted({*options.designs} - SMALL.keys()):
        parser.error(f"DESIGN must be one of {', '.join(SMALL)}, not {', '.join(unknown)}")
    outcomes: list[tuple[str, str]] = []
    for name in options.designs:
        with (
            tempfile.TemporaryDirectory(prefix="mutants_") as work,
            stages(f"{name}: emitting") as tell,
        ):
            found = studied(name, Path(work), options, tell)
        outcomes += [(change.kind, outcome) for change, outcome in found]
        for change, outcome in found:
            if outcome in (ALIKE, DIFFERENT):
                print(f"{name}: {change.kind}: {change.name}: {outcome}", flush=True)
    _print(outcomes)
    return int(any(outcome == DIFFERENT for _, outcome in outcomes))


def studied(
    name: str, work: Path, options: argparse.Namespace, tell: Update
) -> list[tuple[Change, str]]:
    """Return what becomes of so many changes of a design."""
    folder = work / name
    SMALL[name](folder)
    judge = Judge(folder)
    if complaint := judge.complaint():
        raise RuntimeError(f"the design itself must pass, not: {complaint}")
    changes = sampled(changes_of(judge.files), options.mutants, options.seed)
    with ProcessPoolExecutor(options.jobs, initializer=_begin, initargs=(judge,)) as pool:
        parts = list(shown(pool.map(_refuses, changes), len(changes), f"{name}: prove", tell))
        left = [change for change, part in zip(changes, parts, strict=True) if not part]
        outcomes = settled(judge, folder, work, left, tell)
    return [
        (change, outcomes.get(change.name) or (part if part in _REFUSALS else "others"))
        for change, part in zip(changes, parts, strict=True)
    ]


def settled(
    judge: Judge, folder: Path, work: Path, changes: list[Change], tell: Update
) -> dict[str, str]:
    """Return by name what becomes of changes that are not refused."""
    mutants = [change.mutant for change in changes if change.mutant]
    equal = _equal(folder, work, mutants, tell)
    differ = _killed(folder, work / "bench", [m for m in mutants if m.name not in equal], tell)
    outcomes = {}
    for change in shown(changes, len(changes), f"{folder.name}: Icarus", tell):
        if change.name in equal:
            outcomes[change.name] = EQUAL
        elif change.name in differ or judge.complaint(change):
            outcomes[change.name] = DIFFERENT
        else:
            outcomes[change.name] = ALIKE
    return outcomes


_JUDGE: list[Judge] = []  # of a worker


def _begin(judge: Judge) -> None:
    _JUDGE[:] = [judge]


def _refuses(change: Change) -> str:
    return _JUDGE[0].refuses(change)


def _killed(folder: Path, work: Path, mutants: list[Mutant], tell: Update) -> set[str]:
    """Return the names of mutants that the bench tells from the design on Verilator."""
    if not mutants:
        return set()
    tell(f"{folder.name}: compiling what is left", 0, None)
    bench = MutantBench(folder, work, cycles=_CYCLES, mutants=mutants)
    fates = shown(bench.fates(mutants), len(mutants), f"{folder.name}: longer stimuli", tell)
    return {fate.mutant.name for fate in fates if fate.killed}


def _equal(folder: Path, work: Path, mutants: list[Mutant], tell: Update) -> set[str]:
    """Return the names of mutants that are proved to be the same at every port.

    Stages are looked at one by one: together they would make loops of logic.
    """
    rtl = folder / "rtl"
    groups = [[m for m in mutants if m.kind != "stage"]]
    groups += [[m] for m in mutants if m.kind == "stage"]
    names: set[str] = set()
    for number, group in enumerate(group for group in groups if group):
        text = (rtl / "few.v").read_text()
        verdicts = proved(text, group, rtl, work / f"proofs_{number}")
        told = shown(verdicts, len(group), f"{folder.name}: equal at every port?", tell)
        names |= {m.name for m, verdict in zip(group, told, strict=True) if verdict}
    return names


def _print(outcomes: list[tuple[str, str]]) -> None:
    """Print a table of what became of the mutants of each kind."""
    counts = Counter(outcomes)
    kinds = dict.fromkeys(sorted(kind for kind, _ in outcomes))
    print(f"{'kind':<10}{'mutants':>9}" + "".join(f"{column:>16}" for column in _COLUMNS))
    for kind in (*kinds, "all"):
        row = [
            sum(n for (k, o), n in counts.items() if o == column and kind in (k, "all"))
            for column in _COLUMNS
        ]
        print(f"{kind:<10}{sum(row):>9}" + "".join(f"{number:>16}" for number in row))


if __name__ == "__main__":
    sys.exit(main())
