# SPDX-License-Identifier: Apache-2.0
"""Every mutant of some designs: how many fail in the bench, and which do not.

python -m tools.mutants [DESIGN ...]

What passes is proved to be the same at every port (`tools/mutation/proof.py`), or explained
(`tools/mutation/known.py`), or no change in this run: what stands in its place was the same value
in every cycle. The rest is not explained.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lmu_hw
from lmu_hw.cli.console import stages
from sim.conftest import DESIGNS, RELOADABLE
from tools.mutation.bench import Fate, MutantBench
from tools.mutation.known import reason_of
from tools.mutation.proof import proved
from tools.mutation.sites import Mutant

_DESIGNS = ("tiny", "sweeps", "lstm", "error_feedback", "reloadable_scan")
_CYCLES = (2_000, 40_000)
_MORE = (200_000,)  # for what is not explained
_OUTCOMES = ("fails", "proved equal", "explained", "no other value", "not explained")

_T = TypeVar("_T")
Update = Callable[[str, int, int | None], None]
"""Told what is being done, how much of it, and of how much."""


def main(names: list[str]) -> None:
    """Run all mutants of the designs named and print what became of them."""
    for name in names or _DESIGNS:
        with (
            tempfile.TemporaryDirectory(prefix="mutants_") as work,
            stages(f"{name}: compiling") as tell,
        ):
            outcomes = _studied(name, Path(work), tell)
        _print(name, outcomes)


def _studied(name: str, work: Path, tell: Update) -> dict[str, tuple[Fate, str]]:
    """Return what becomes of each mutant of a design, by name."""
    design, lanes = DESIGNS[name]()
    folder = work / name
    reloadable = "memory" if name in RELOADABLE else "none"
    lmu_hw.emit(design, folder, lanes=lanes, reloadable=reloadable, stream_width="vector")
    bench = MutantBench(folder, work / "bench", cycles=_CYCLES)

    def driven(stage: str, mutants: list[Mutant]) -> dict[str, Fate]:
        fates = shown(bench.fates(mutants), len(mutants), f"{name}: {stage}", tell)
        return {fate.mutant.name: fate for fate in fates}

    fates = driven("mutants", bench.mutants)
    proofs = _proofs(folder, work / "proofs", _alive(fates), tell)
    tell(f"{name}: longer stimuli", 0, None)
    bench.drive(_MORE)
    left = [m for m in _alive(fates) if not (proofs[m.name] or reason_of(name, m))]
    fates |= driven("what is left", left)
    return {key: (fate, _outcome(name, fate, proofs)) for key, fate in fates.items()}


def shown(items: Iterable[_T], count: int, stage: str, tell: Update) -> Iterator[_T]:
    """Yield items and say how many there were."""
    tell(stage, 0, count)
    for number, item in enumerate(items, 1):
        tell(stage, number, count)
        yield item


def _alive(fates: dict[str, Fate]) -> list[Mutant]:
    return [fate.mutant for fate in fates.values() if not fate.killed]


def _proofs(folder: Path, work: Path, mutants: list[Mutant], tell: Update) -> dict[str, bool]:
    """Return by name which mutants are proved to be the same at every port."""
    rtl = folder / "rtl"
    text = (rtl / f"{folder.name}.v").read_text()
    verdicts = shown(proved(text, mutants, rtl, work), len(mutants), f"{folder.name}: proofs", tell)
    return dict(zip((mutant.name for mutant in mutants), verdicts, strict=True))


def _print(design: str, fates: dict[str, tuple[Fate, str]]) -> None:
    """Print a table by kind of mutant, and below it the mutants that the bench does not see."""
    counts = Counter((fate.mutant.kind, outcome) for fate, outcome in fates.values())
    print(f"{design:<16}" + "".join(f"{outcome:>16}" for outcome in _OUTCOMES))
    for kind in dict.fromkeys(kind for kind, _ in counts):
        print(f"  {kind:<14}" + "".join(f"{counts[kind, outcome]:>16}" for outcome in _OUTCOMES))
    totals = Counter(outcome for _, outcome in fates.values())
    print(f"  {'all':<14}" + "".join(f"{totals[outcome]:>16}" for outcome in _OUTCOMES))
    for name, (fate, outcome) in fates.items():
        if not fate.killed:
            why = reason_of(design, fate.mutant)
            print(f"  passes: {fate.mutant.kind}: {name}: {outcome}{f': {why}' if why else ''}")


def _outcome(design: str, fate: Fate, proofs: dict[str, bool]) -> str:
    """Return the column of the table."""
    if fate.killed:
        return "fails"
    if proofs[fate.mutant.name]:
        return "proved equal"
    if reason_of(design, fate.mutant):
        return "explained"
    return "not explained" if fate.differs else "no other value"


if __name__ == "__main__":
    main(sys.argv[1:])
