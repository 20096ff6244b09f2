# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.errors import LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.prove.claims import (
    SENTENCE,
    UNWRITTEN,
    Lemma,
    Part,
    ProofResult,
    Status,
    amount,
    read_proof,
    write_proof,
)


def result(lemmas: list[Lemma]) -> ProofResult:
    return ProofResult(design="d", rtl="0" * 64, certificate="1" * 64, lemmas=tuple(lemmas))


def lemma(part: Part, status: Status = Status.SHOWN) -> Lemma:
    return Lemma(part=part, claim=f"the claim of {part.value}", status=status)


def test_proved_if_every_part_is_shown():
    assert result([lemma(part) for part in Part]).proved


@pytest.mark.parametrize("absent", Part, ids=lambda part: part.value)
def test_a_part_without_a_claim_is_missing(absent):
    outcome = result([lemma(part) for part in Part if part is not absent])
    assert not outcome.proved
    assert outcome.missing == (f"anything of {absent.value}",)


@pytest.mark.parametrize("status", [Status.REFUTED, Status.NOT_SHOWN], ids=lambda s: s.value)
def test_a_claim_that_is_not_shown_is_missing(status):
    outcome = result([*(lemma(part) for part in Part), lemma(Part.DATA, status)])
    assert not outcome.proved
    assert outcome.missing == ("the claim of data",)
    assert bool(outcome.refuted) == (status is Status.REFUTED)


def test_a_design_that_can_be_written_is_proved_while_nothing_is():
    outcome = replace(result([lemma(part) for part in Part]), given=UNWRITTEN)
    assert outcome.summary.endswith(f"{SENTENCE}, {UNWRITTEN}")


@pytest.fixture
def folder(tmp_path) -> DesignFolder:
    folder = DesignFolder(tmp_path / "design")
    folder.replace({"config.toml": b""}, {"lmu_hw": "1"})
    return folder


def test_written_and_read(folder):
    outcome = result([lemma(Part.TIME), lemma(Part.DATA, Status.REFUTED)])
    write_proof(folder, outcome)
    assert read_proof(folder) == outcome


def test_nothing_is_read_where_nothing_was_proved(folder):
    assert read_proof(folder) is None


def test_a_damaged_file_is_refused(folder):
    folder.results.write(folder.PROOF, b'{"design": 3}')
    with pytest.raises(LoadError, match="lmu-hw prove"):
        read_proof(folder)


def test_a_line_says_what_became_of_it():
    shown = [lemma(part) for part in Part]
    assert result(shown).summary == f"proved in 0 s: {SENTENCE}"
    missing = result([*shown, lemma(Part.DATA, Status.NOT_SHOWN)]).summary
    assert missing == "5 of 6 claims are shown in 0 s; not shown: the claim of data"
    refuted = result([*shown, lemma(Part.DATA, Status.REFUTED)]).summary
    assert refuted == "refuted: the claim of data; 5 of 6 claims are shown"


def test_one_thing_is_not_several():
    words = [amount(count, "cycle") for count in (0, 1, 1200)]
    assert words == ["0 cycles", "1 cycle", "1,200 cycles"]
