# SPDX-License-Identifier: Apache-2.0
"""What is claimed of emitted Verilog, and what became of it: ``proof.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.records import decode, encode, stored
from lmu_hw.summary import Facts, Summarised

__all__ = [
    "HELD",
    "SENTENCE",
    "TRUSTED",
    "UNREACHED",
    "UNWRITTEN",
    "Lemma",
    "Part",
    "ProofResult",
    "Status",
    "amount",
    "read_proof",
    "write_proof",
]

SENTENCE = (
    "the emitted Verilog computes the golden model, for all inputs, all time, any stalls and resets"
)
"""What it means that every part is shown."""

UNWRITTEN = "while its coefficients are those of its files, as long as none are written"
"""What is given of a design with a port for coefficients."""

UNREACHED = "while the port for states is held at 0"
"""What is given of a design with such a port."""

HELD = {"coefficient_write": 0, "state_write": 0, "state_address": 0}
"""Inputs of which a proof takes this for granted."""

TRUSTED = (
    "Yosys reads the Verilog as the tools do that synthesise or simulate it",
    "that the source keeps the rules of AXI4-Stream: what it offers stays until it is taken",
    "the meaning of its word-level cells in lmu_hw/prove/, which tests compare with a simulator",
    "of control: what Yosys makes gates of the Verilog with, and the PDR of its abc",
    "the forms and the search through states in lmu_hw/prove/, and Python",
)
"""What a proof rests on beside the files of the design."""


def amount(count: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class Part(Enum):
    """The parts of the claim; the sentence needs all of them."""

    READING = "reading"
    """The Verilog is understood: one clock, its rising edge, no loops, no unknown cell."""
    DATA = "data"
    """Every part stores and sends the right words, wherever its control may be."""
    TIME = "time"
    """While nobody waits, the steps of a sequence follow in the cycles of the plan."""
    CONTROL = "control"
    """The rules of AXI4-Stream, and that pauses change when a word comes, never which one."""
    RANGES = "ranges"
    """What the other parts take for granted of ranges was shown of the design's integers."""


class Status(Enum):
    """What became of a lemma."""

    SHOWN = "shown"
    REFUTED = "refuted"
    """There is a counterexample."""
    NOT_SHOWN = "not shown"
    """It was given up, or not tried; the detail says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lemma:
    """One claim, for all values of what it does not name.

    Parameters
    ----------
    part : Part
    claim : str
        What holds, as a sentence without its full stop.
    status : Status
    detail : str
        How much of it was looked at, or why it was not shown.
    counterexample : str
        Of a refuted lemma: the values for which it fails, and what comes out.
    """

    part: Part
    claim: str
    status: Status
    detail: str = field(default="", metadata=stored(sparse=True))
    counterexample: str = field(default="", metadata=stored(sparse=True))

    @property
    def shown(self) -> bool:
        """It holds."""
        return self.status is Status.SHOWN


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProofResult(Summarised):
    """What was proved of a design.

    Attributes
    ----------
    design : str
        Its name.
    rtl : str
        SHA-256 over the names and digests of the Verilog and ROM files that were read.
    certificate : str
        SHA-256 of the certificate that lies beside the Verilog.
    lemmas : tuple of Lemma
    ranges : tuple of str
        Nodes whose codes are taken to lie in their format because `lmu_verify` shows it.
    changed_files : tuple of str
        Verilog and ROM files that are not as they were generated; the changed ones were read.
    stimuli : str
        File with inputs that `simulate` takes, for which the hardware is wrong; empty: none.
    seconds : float
        Of processor time.
    trusted : tuple of str
    given : str
        Under which condition it is proved; empty: under none.
    """

    design: str
    rtl: str
    certificate: str
    lemmas: tuple[Lemma, ...]
    ranges: tuple[str, ...] = ()
    changed_files: tuple[str, ...] = ()
    stimuli: str = ""
    seconds: float = 0.0
    trusted: tuple[str, ...] = TRUSTED
    given: str = ""

    @property
    def refuted(self) -> tuple[Lemma, ...]:
        """Lemmas with a counterexample."""
        return tuple(lemma for lemma in self.lemmas if lemma.status is Status.REFUTED)

    @property
    def missing(self) -> tuple[str, ...]:
        """What was not shown: claims that failed or were given up, and parts without a claim."""
        parts = {lemma.part for lemma in self.lemmas}
        return (
            *(lemma.claim for lemma in self.lemmas if not lemma.shown),
            *(f"anything of {part.value}" for part in Part if part not in parts),
        )

    @property
    def proved(self) -> bool:
        """Every part was looked at, and every claim holds."""
        return not self.missing

    @property
    def sentence(self) -> str:
        """What it means that every part is shown, and under which condition."""
        return f"{SENTENCE}, {self.given}" if self.given else SENTENCE

    def described(self) -> tuple[str, Facts]:
        """Return what is shown of which part."""
        facts = []
        for part in Part:
            lemmas = [lemma for lemma in self.lemmas if lemma.part is part]
            shown = sum(lemma.shown for lemma in lemmas)
            facts.append((part.value, f"{shown} of {len(lemmas)} claims are shown"))
        return f"{self.design}: {self.summary}", facts

    @property
    def summary(self) -> str:
        """What became of it, in a line."""
        if self.proved:
            return f"proved in {self.seconds:g} s: {self.sentence}"
        shown = sum(lemma.shown for lemma in self.lemmas)
        claims = f"{shown} of {shown + len(self.missing)} claims are shown"
        if self.refuted:
            first = self.refuted[0].counterexample or self.refuted[0].claim
            return f"refuted: {first}; {claims}"
        return f"{claims} in {self.seconds:g} s; not shown: {'; '.join(self.missing)}"


def read_proof(folder: DesignFolder) -> ProofResult | None:
    """Return what is in the folder's ``proof.json``; None if there is no such file.

    Raises
    ------
    LoadError
        If the file is damaged.
    """
    data = folder.results.read(folder.PROOF)
    if data is None:
        return None
    try:
        return decode(ProofResult, read_json(data), part=True)
    except ValueError as error:
        path = folder.path / folder.PROOF
        raise LoadError(f"{path}: is damaged ({error}); run 'lmu-hw prove' again") from None


def write_proof(folder: DesignFolder, result: ProofResult) -> None:
    """Replace ``proof.json`` in one move."""
    document = {**encode(result), "proved": result.proved, "not shown": list(result.missing)}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    folder.results.write(folder.PROOF, text.encode())
