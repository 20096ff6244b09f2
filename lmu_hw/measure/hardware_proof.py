# SPDX-License-Identifier: Apache-2.0
"""What `lmu-hw prove` found of the Verilog of a design, as a report has it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HardwareProof", "LemmaReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LemmaReport:
    """One claim, and what became of it.

    Attributes
    ----------
    part : str
        Of the whole claim.
    claim : str
    status : str
        ``shown``, ``refuted`` or ``not shown``.
    detail : str
        How much of it was looked at, or why it was not shown.
    counterexample : str
        Of what is refuted.
    """

    part: str
    claim: str
    status: str
    detail: str
    counterexample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareProof:
    """What is shown of Verilog, for all inputs.

    Attributes
    ----------
    sentence : str
        What it means that nothing is missing.
    rtl : str
        SHA-256 over the Verilog and ROM files that were read.
    lemmas : tuple of LemmaReport
    missing : tuple of str
        What was not shown.
    changed_files : tuple of str
        Files that were not as they were generated.
    trusted : tuple of str
        What a proof rests on beside the files of the design.
    seconds : float
        Of processor time.
    """

    sentence: str
    rtl: str
    lemmas: tuple[LemmaReport, ...]
    missing: tuple[str, ...]
    changed_files: tuple[str, ...]
    trusted: tuple[str, ...]
    seconds: float

    @property
    def shown(self) -> int:
        """How many claims are shown."""
        return sum(lemma.status == "shown" for lemma in self.lemmas)

    @property
    def claims(self) -> int:
        """How many there are, those that nothing was said of included."""
        return self.shown + len(self.missing)

    @property
    def refuted(self) -> tuple[LemmaReport, ...]:
        """Claims with a counterexample."""
        return tuple(lemma for lemma in self.lemmas if lemma.status == "refuted")
