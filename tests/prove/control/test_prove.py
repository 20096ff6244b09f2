# SPDX-License-Identifier: Apache-2.0
"""The control of a sound design is shown; one that is broken is refuted by a run that replays."""

from __future__ import annotations

from functools import cache

import pytest

from lmu_hw.prove.claims import Status
from lmu_hw.prove.control.prove import prove_control
from tests.broken_control import BROKEN, broken, broken_packets, small_design, small_packets
from tests.replays import failures


def proof(files, design=small_design, seconds=2.0):
    network, plan, _ = design()
    contents = {name: text.encode() for name, text in files.items()}
    return prove_control(contents, network, plan, seconds=seconds)


@cache
def proof_of_broken(how):
    return proof(broken(how))


@pytest.fixture(scope="module")
def sound():
    return proof(small_design()[2])


def test_a_sound_design_is_shown(sound):
    assert [lemma for lemma in sound.lemmas if not lemma.shown] == []
    assert sound.bench == ""


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_design_is_refuted_by_a_run_that_replays(tmp_path, how):
    files, failed = broken(how), BROKEN[how][0]
    result = proof_of_broken(how)
    (refuted,) = (lemma for lemma in result.lemmas if lemma.status is Status.REFUTED)
    assert f".{failed} fails" in refuted.counterexample
    assert failed in failures(tmp_path, files, result.bench)


def test_packets_are_shown_and_refuted_where_they_are_broken(tmp_path):
    lemmas = proof(small_packets()[2], small_packets, seconds=60.0).lemmas
    assert [lemma for lemma in lemmas if not lemma.shown] == []
    files = broken_packets("a vector is handed on too early")
    result = proof(files, small_packets)
    (refuted,) = (lemma for lemma in result.lemmas if lemma.status is Status.REFUTED)
    assert refuted.counterexample.partition(" fails")[0].endswith("receiver.beats_counted")
    assert "beats_counted" in failures(tmp_path, files, result.bench)


def test_checkers_that_are_not_the_emitted_ones_are_not_believed():
    files = dict(small_design()[2])
    files["tiny.v"] = files["tiny.v"].replace(
        "wire not_overwritten = ", "wire not_overwritten = 1 | "
    )
    lemma = proof(files).lemmas[0]
    assert lemma.detail == "the checkers in the file are not those of this version"
    assert not lemma.shown


def test_logic_that_the_macro_chooses_is_not_believed():
    files = dict(small_design()[2])
    lines = files["tiny.v"].splitlines(keepends=True)
    line = next(line for line in lines if line.startswith("  assign "))
    other = f"`ifndef LMU_HW_ASSERT\n  // another one\n`else\n{line}`endif\n"
    files["tiny.v"] = files["tiny.v"].replace(line, other, 1)
    assert not proof(files).lemmas[0].shown


def test_what_rests_on_a_lemma_that_fails_is_not_shown(sound):
    lemmas = proof_of_broken("room is freed twice").lemmas
    detail = "rests on a lemma that is not shown"
    resting = {lemma.claim for lemma in lemmas if lemma.detail == detail}
    assert "answers leave with their marks" in resting
    assert resting <= {lemma.claim for lemma in sound.lemmas if lemma.shown}
