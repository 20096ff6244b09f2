# SPDX-License-Identifier: Apache-2.0
"""What `prove` says of changed files of a design, and what a simulator says that knows no proof."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.errors import ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import rtl_files
from lmu_hw.manifest import read_plan
from lmu_hw.prove.claims import Lemma
from lmu_hw.prove.control import prove_control
from lmu_hw.prove.deadline import limited
from lmu_hw.prove.run import lemmas_of
from tools.mutation.schema import applied
from tools.mutation.sites import Mutant, mutants_of
from tools.mutation.structure import structural_mutants_of

__all__ = ["Change", "Judge", "changes_of", "sampled"]

_UNREADABLE = "Yosys refuses it"
# Of the processor: what else runs decides nothing. What is given up is not shown.
_SECONDS = 20.0  # for a lemma of control, and for a run in which it fails
_PART_SECONDS = 120.0  # for all of data and time, and for all of control
_CYCLES = 2_000

# Kinds by the line that is changed, where what is changed there says less.
_GENERAL = ("choice", "logic", "operator", "constant", "inverse", "enable")
_PLACES = (
    ("page", re.compile(r"page|filling|leaving|reading")),
    ("handshake", re.compile(r"(_axi|_source|_answers)\.|valid|ready|freed|room|offered")),
    ("cycle", re.compile(r"_sequencer\.")),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is changed in the files of a design.

    Attributes
    ----------
    name, kind : str
    file : str
    content : bytes
        What the file holds then.
    mutant : Mutant or None
        Of the Verilog; None: a bit of a ROM.
    """

    name: str
    kind: str
    file: str
    content: bytes
    mutant: Mutant | None


def changes_of(files: Mapping[str, bytes]) -> list[Change]:
    """Return everything that can be changed in the files of a design, one thing at a time."""
    (verilog,) = (name for name in files if name.endswith(".v"))
    text = files[verilog].decode()
    mutants = sorted([*mutants_of(text), *structural_mutants_of(text)], key=lambda m: m.line)
    lines = text.splitlines()
    return [
        *(
            Change(m.name, _kind(m, lines[m.line]), verilog, applied(text, m).encode(), m)
            for m in mutants
        ),
        *(change for name in sorted(files.keys() - {verilog}) for change in _bits(name, files)),
    ]


def _kind(mutant: Mutant, line: str) -> str:
    if mutant.kind in _GENERAL:
        for kind, place in _PLACES:
            if place.search(mutant.name) or place.search(line):
                return kind
    return mutant.kind


def _bits(name: str, files: Mapping[str, bytes]) -> Iterator[Change]:
    """Yield the changes of one bit of a ROM's contents."""
    rows = files[name].decode().splitlines()
    widest = max(int(row, 16) for row in rows).bit_length()
    for number, row in enumerate(rows):
        for bit in range(widest):
            word = f"{int(row, 16) ^ 1 << bit:0{len(row)}x}"
            text = "\n".join([*rows[:number], word, *rows[number + 1 :]]) + "\n"
            yield Change(
                f"{name}: bit {bit} of word {number}", "ROM bit", name, text.encode(), None
            )


def sampled(changes: list[Change], count: int, seed: int) -> list[Change]:
    """Return so many changes, of all kinds alike as far as there are enough."""
    draw = random.Random(seed)
    kinds: dict[str, list[Change]] = {}
    for change in changes:
        kinds.setdefault(change.kind, []).append(change)
    for of_kind in kinds.values():
        draw.shuffle(of_kind)
    chosen: list[Change] = []
    while len(chosen) < count and any(kinds.values()):
        chosen += [of_kind.pop() for of_kind in kinds.values() if of_kind]
    return sorted(chosen[:count], key=lambda c: (c.mutant.line if c.mutant else 1 << 30, c.name))


class Judge:
    """Gives changed files of a design to `prove`, and to the bench on Icarus.

    Parameters
    ----------
    folder : Path
        Written by `emit`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._design, files = Design.read(folder), DesignFolder(folder)
        self._plan = read_plan(files, self._design.network)
        self.files = rtl_files(files)

    @cached_property
    def _known(self) -> set[tuple[str, str]]:
        """Claims of the design: of data and time."""
        return _all_shown(self._data(self.files))

    @cached_property
    def _controlled(self) -> set[tuple[str, str]]:
        """The same of control."""
        return _all_shown(self._control(self.files))

    def refuses(self, change: Change) -> str:
        """Return the part of the first claim that is shown of the design and not of a change.

        Empty: there is none.
        """
        files = {**self.files, change.file: change.content}
        try:
            refused = _missing(self._data(files), self._known)
            return refused or _missing(self._control(files), self._controlled)
        except ToolError:
            return _UNREADABLE

    def complaint(self, change: Change | None = None) -> str:
        """Return what the bench says of a change on Icarus, where all is unknown at power-up.

        Empty: it passes. Without a change, of the design.
        """
        with tempfile.TemporaryDirectory(prefix="changed_") as name:
            folder = Path(name) / "design"
            shutil.copytree(self._folder, folder)
            if change is not None:
                (folder / DesignFolder.RTL / change.file).write_bytes(change.content)
            try:
                (result,) = lmu_hw.simulate(folder, simulators=["icarus"], max_cycles=_CYCLES)
            except ToolError as error:
                return str(error)
        return "" if result.passed else str(result.failure or result.first_mismatch)

    def _data(self, files: Mapping[str, bytes]) -> list[Lemma]:
        with limited(_PART_SECONDS, time.process_time):
            return lemmas_of(files, self._design.network, self._plan, searching=False)[0]

    def _control(self, files: Mapping[str, bytes]) -> list[Lemma]:
        network = self._design.network
        with limited(_PART_SECONDS, time.process_time):
            return list(prove_control(files, network, self._plan, seconds=_SECONDS).lemmas)


def _claim(lemma: Lemma) -> tuple[str, str]:
    return lemma.part.value, lemma.claim


def _shown(lemmas: list[Lemma]) -> set[tuple[str, str]]:
    return {_claim(lemma) for lemma in lemmas if lemma.shown}


def _all_shown(lemmas: list[Lemma]) -> set[tuple[str, str]]:
    """Return the claims of a design, all of which must be shown: no other is refused by its change.

    Raises
    ------
    RuntimeError
        If one is not.
    """
    if missing := [lemma for lemma in lemmas if not lemma.shown]:
        raise RuntimeError(f"{missing[0].claim!r} must be shown of the design: {missing[0].detail}")
    return _shown(lemmas)


def _missing(lemmas: list[Lemma], expected: set[tuple[str, str]]) -> str:
    """Return the part of the first claim that should be shown and is not; empty: all are."""
    missing = expected - _shown(lemmas)
    first = next((lemma.part.value for lemma in lemmas if _claim(lemma) in missing), "")
    return first or (min(missing)[0] if missing else "")
