# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.measure import measure
from lmu_hw.measure.certified import AdversaryReport
from lmu_hw.measure.words import Level
from lmu_hw.proofs import LoopCertificate
from lmu_hw.report.proof_sentences import details, proved, uncertified
from tests.reports import certified, memory_design


@pytest.fixture
def report(feedback):
    return certified(*feedback)


def with_proof(report, **changes):
    """Return a report whose memory has another proof."""
    (memory,) = report.memories
    return replace(report, memories=(replace(memory, proof=replace(memory.proof, **changes)),))


def sentence(report, *, holds):
    """Return the only sentence that holds some words, with its level."""
    ((level, text),) = [entry for entry in proved(report) if holds in entry[1]]
    return level, text


def test_a_verdict_says_how_much_was_compared(report):
    level, text = sentence(report, holds="Nothing measured exceeds")
    assert level is Level.GOOD
    assert "5 largest magnitudes and 12 largest errors" in text


def test_feedback_has_no_bound_but_evidence(report):
    level, text = sentence(report, holds="There is no bound from input to output")
    assert level is Level.GOOD
    (loop,) = report.loops
    assert f"the loop of lmu0 has a spectral radius of {loop.radius:.2f} in float" in text
    assert ("fade there" in text) == (loop.radius <= 1.0)
    worst = AdversaryReport(
        sequences=70, steps=9, difference=1.5, on_data=0.1, fixed=(1.0, 0.0), floats=(0.0, 1.0)
    )
    _, text = sentence(replace(report, adversary=worst), holds="A search of 70 sequences")
    assert "differs from float by 1.50, and the largest output is another one" in text
    assert text.endswith("by at most 0.100.")


def test_without_feedback_the_outputs_have_a_bound_and_certain_answers():
    report = certified(*memory_design({}, hidden="none", dense=2))
    _, text = sentence(report, holds="is within")
    assert text.startswith("dense.y is within ") and "while nothing leaves its format" in text
    counted = replace(report, task=replace(report.task, certain=3, answers=4))
    _, text = sentence(counted, holds="is certified")
    assert "The class of 3 of 4 answers (75.0 %) is certified" in text


def test_predictions_beside_few_answers_are_named(report):
    assert not any("scatter" in text for text in details(report))
    signals = [replace(s, samples=99) if s.name == "dense.y" else s for s in report.signals]
    texts = details(replace(report, signals=tuple(signals)))
    assert any(text.startswith("The predicted errors of dense.y stand") for text in texts)


def test_a_proved_range_names_bound_limit_and_the_saturating_u(report):
    level, text = sentence(report, holds="cannot overflow")
    proof = report.memories[0].proof
    assert level is Level.GOOD
    assert text.startswith("lmu0.m cannot overflow, for all inputs and all time")
    assert f"exceeds {proof.bound:.5g}, and the format ends at {proof.limit:.5g}" in text
    assert text.endswith("m and h feed back into u; u saturates, which keeps the proof valid.")


def test_without_feedback_nothing_is_said_about_u():
    _, text = sentence(certified(*memory_design({}, hidden="none")), holds="cannot overflow")
    assert "feed" not in text


def test_a_range_that_is_not_proved_names_what_would_prove_it(report):
    changed = with_proof(
        report, proved=False, bound=1.25, limit=0.5, provable_bits=18, provable_scale=0.81
    )
    level, text = sentence(changed, holds="may overflow")
    assert level is Level.GOOD
    assert text == (
        "lmu0.m may overflow, and then saturates: its bound is 1.25, its format ends at 0.500. "
        "Provable: 18 state bits instead of 16 or a memory that hears 0.810 of its input."
    )


def test_a_range_that_no_bits_prove_says_so(report):
    changed = with_proof(report, proved=False, provable_bits=None, provable_scale=None)
    _, text = sentence(changed, holds="may overflow")
    assert text.endswith("No number of state bits proves it: the integer bits are too few.")


def test_a_range_that_may_wrap_needs_attention(report):
    signals = [replace(s, overflow="wrap") if s.name == "lmu0.m" else s for s in report.signals]
    changed = replace(with_proof(report, proved=False), signals=tuple(signals))
    level, text = sentence(changed, holds="may overflow")
    assert (level, "and then wraps" in text) == (Level.ATTENTION, True)


def test_stability_names_the_loop_through_u(report):
    level, text = sentence(report, holds="stable")
    proof = report.memories[0].proof
    assert level is Level.GOOD
    assert f"spectral radius {proof.spectral_radius:.4f}" in text
    assert f"does not saturate: {proof.loop.spectral_radius:.4f}" in text


@pytest.mark.parametrize(
    ("ideal", "level", "words"),
    [(1.02, Level.GOOD, "as trained"), (0.98, Level.ATTENTION, "though that of the float")],
)
def test_an_unstable_loop_needs_attention_unless_it_was_trained_so(report, ideal, level, words):
    loop = LoopCertificate(spectral_radius=1.01, ideal_spectral_radius=ideal, stable=False)
    found, text = sentence(with_proof(report, loop=loop), holds="The loop of lmu0.m through u is")
    assert (found, words in text) == (level, True)


def test_the_residue_after_silence_is_named(report):
    silence = report.memories[0].proof.residue.silence
    _, text = sentence(report, holds="silence")
    assert text.startswith(f"After {silence} steps of silence, so many that ")


def test_a_silence_that_was_too_short_is_named(report):
    slow = replace(report.memories[0].proof.residue, settled=False)
    _, text = sentence(with_proof(report, residue=slow), holds="silence")
    assert "steps of silence, too few that the memory would fall below an ulp" in text


def test_a_residue_that_was_not_measured_is_not_named(report):
    assert not any("silence" in text for _, text in proved(with_proof(report, residue=None)))


def test_details_say_what_is_read_and_what_a_bit_would_do(report):
    u, hidden, advice, noise = details(report)
    assert u.startswith("What lmu0.u[t-1] reads of lmu0.m was off by at most ")
    assert hidden.startswith("What lmu0.h reads of lmu0.m was off by at most ")
    assert "Proved for all inputs, besides rounding: within" in hidden
    assert "with a probability of 1e-12 if rounding errors are independent" in hidden
    assert advice == (
        "One state bit more than 16 halves the rounding of lmu0.m, one less doubles it."
    )
    assert "times the predicted, over 3 states" in noise


def test_memories_of_which_the_same_holds_share_a_sentence(report):
    (memory,) = report.memories
    signals = {signal.name: signal for signal in report.signals}
    other = replace(memory, name="lmu1.m", readouts=())
    twice = replace(
        report,
        memories=(memory, other),
        signals=(*report.signals, replace(signals["lmu0.m"], name="lmu1.m")),
    )
    assert (
        "One state bit more than 16 halves the rounding of lmu0.m and lmu1.m, one less doubles it."
        in details(twice)
    )


def test_a_read_out_without_a_likely_rounding_names_the_worst(report):
    (memory,) = report.memories
    first, *others = memory.readouts
    first = replace(first, proof=replace(first.proof, likely_rounding=None))
    changed = replace(report, memories=(replace(memory, readouts=(first, *others)),))
    text = details(changed)[0]
    assert "probability" not in text and "Rounding adds at most" in text


def test_a_bit_that_loses_the_proof_is_named(report):
    text = details(with_proof(report, provable_bits=16))[2]
    assert "its range is not proved with 15" in text


def test_a_bit_that_wins_the_proof_is_named(report):
    text = details(with_proof(report, proved=False, provable_bits=17))[2]
    assert "its range is proved with 17" in text


def test_states_that_hardly_move_are_said_not_to_be_white():
    design, x = memory_design({"state_bits": 8}, hidden="none", order=3, theta=300.0)
    texts = details(certified(design, np.full_like(x, 0.5)))
    assert any("states of lmu0.m move by less than an ulp a step" in text for text in texts)


def test_signals_without_a_worst_case_are_grouped_by_reason(report):
    assert uncertified(report) == [
        "No worst case of lmu0.u, lmu0.z, lmu0.h and dense.y against float: it is computed from "
        "what it feeds back into, so no bound holds for all inputs.",
        "No worst case of lmu0.m against float: its states are not compared with float: what is "
        "read of it is.",
    ]


def test_without_certificates_nothing_is_said_about_proofs(design, x):
    assert proved(measure(design, x)) == []
