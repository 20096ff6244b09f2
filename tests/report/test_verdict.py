# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.measure import measure
from lmu_hw.measure.classes import ClassStatistics
from lmu_hw.measure.hardware_proof import HardwareProof, LemmaReport
from lmu_hw.measure.simulation import Coverage, Result
from lmu_hw.measure.words import Level
from lmu_hw.report.verdict import verdict

UNSEEN = {
    "steps": 9,
    "input_steps": 0,
    "input_steps_given": 0,
    "coverage": Coverage(saturation={}, tables={}, resets={}, stalls={}),
}


@pytest.fixture
def report(design, x):
    return measure(design, x)


def test_a_faithful_design_reads_good(report):
    found = verdict(report)
    assert (found.level, found.reasons) == (Level.GOOD, ())


def test_lost_accuracy_needs_attention(report):
    scores = {"metric": "accuracy", "float_score": 0.98, "agreement": 0.99}
    task = replace(report.task, **scores, fixed_score=0.97, answers=500)
    found = verdict(replace(report, task=task))
    assert found.level is Level.ATTENTION
    assert found.headline == "Fixed point differs from float on this data."
    assert found.reasons[0].startswith("Accuracy is 97.00 % in fixed point and 98.00 % in float")


@pytest.mark.parametrize(
    ("metric", "floats", "fixed", "headline"),
    [
        ("accuracy", 0.976, 0.974, "Fixed point follows float on this data: accuracy 97.40 %, in"),
        ("nrmse", 0.221, 0.222, "Fixed point follows float on this data: NRMSE 0.222, in float"),
    ],
)
def test_a_good_headline_has_its_numbers(report, metric, floats, fixed, headline):
    scores = {"metric": metric, "float_score": floats, "fixed_score": fixed, "agreement": 0.999}
    found = verdict(replace(report, task=replace(report.task, **scores, answers=500)))
    assert (found.level, found.headline.startswith(headline)) == (Level.GOOD, True)


@pytest.mark.parametrize(
    ("metric", "score", "text"),
    [
        ("accuracy", 0.17, "right in only 17.00 % of the answers: are data and labels"),
        ("nrmse", 0.9, "off by 0.900 times the RMS of the targets: are data and labels"),
    ],
)
def test_following_a_network_that_is_wrong_is_not_good(report, metric, score, text):
    scores = {"metric": metric, "float_score": score, "fixed_score": score, "agreement": 1.0}
    found = verdict(replace(report, task=replace(report.task, **scores, answers=500)))
    assert found.level is Level.ATTENTION
    assert found.headline == (
        "Fixed point follows a float network that is itself of little use on this data."
    )
    assert text in found.reasons[0]


@pytest.mark.parametrize(("share", "level"), [(0.7, Level.ATTENTION), (0.6, Level.GOOD)])
def test_a_network_that_knows_no_more_than_a_guess_is_not_good(report, share, level):
    scores = {"metric": "accuracy", "float_score": 0.65, "fixed_score": 0.65, "agreement": 1.0}
    statistics = ClassStatistics(2, 0.5)
    statistics.add((np.arange(10) >= 10 * share).astype(int), np.zeros((10, 2)), np.zeros((10, 2)))
    task = replace(report.task, **scores, answers=500)
    found = verdict(replace(report, task=task, classes=statistics.report()))
    assert found.level is level
    reason = f"always the most frequent class would be in {100 * share:.2f} %: are data and labels"
    assert [reason in text for text in found.reasons] == [True] * (level is Level.ATTENTION)


def test_no_growth_is_no_growth(report):
    task = replace(report.task, metric="nrmse", float_score=0.2, fixed_score=0.1999, sqnr_db=60.0)
    sentence = verdict(replace(report, task=task)).sentences[0]
    assert "0.200 in float. The outputs" in sentence


def test_the_interval_ends_the_sentence(report):
    task = replace(
        report.task, metric="accuracy", float_score=0.9, fixed_score=0.9, agreement=1.0,
        fixed_interval=(0.85, 0.94),
    )  # fmt: skip
    sentence = verdict(replace(report, task=task)).sentences[0]
    assert sentence.endswith(" Fixed point's 95 % interval is 85.00 to 94.00 %.")


def test_calibration_data_are_named_in_the_headline(report):
    own = replace(report, data=replace(report.data, source="calibration"))
    assert "on the calibration data" in verdict(own).headline


def test_one_lost_answer_of_a_hundred_says_nothing(report):
    scores = {"metric": "accuracy", "float_score": 0.98, "fixed_score": 0.97}
    task = replace(report.task, **scores, agreement=0.99, answers=100)
    assert verdict(replace(report, task=task)).level is Level.GOOD
    task = replace(report.task, **scores, agreement=0.0, answers=1)
    assert verdict(replace(report, task=task)).level is Level.ATTENTION


def test_a_small_nrmse_may_grow_by_little(report):
    task = replace(
        report.task,
        metric="nrmse",
        float_score=0.00221,
        fixed_score=0.00233,
        sqnr_db=62.9,
        nrmse_to_float=0.00071,
    )
    assert verdict(replace(report, task=task)).level is Level.GOOD
    for fixed in (0.00312, 0.00244):  # 41 % and 10.4 %, both less than 0.001
        more = verdict(replace(report, task=replace(task, fixed_score=fixed)))
        assert (more.level, more.headline) == (
            Level.ATTENTION,
            "Fixed point differs from float on this data.",
        )


@pytest.mark.parametrize(
    ("largest", "text"), [(0.25, "all zero, those of fixed point are up to 0.250"), (None, "large")]
)
def test_float_outputs_without_power_are_said_to_have_none(report, largest, text):
    task = replace(report.task, exact=False, sqnr_db=None, nrmse_to_float=None, max_error=largest)
    found = verdict(replace(report, task=task))
    assert found.level is Level.ATTENTION and text in found.reasons[0]


def test_a_run_that_failed_is_a_failure(report):
    run = Result(
        simulator="Verilator",
        version="5",
        words_compared=9,
        mismatches=0,
        first_mismatch=None,
        failure="tvalid fell",
        cycles=0,
        cycles_per_step=None,
        **UNSEEN,
    )
    found = verdict(replace(report, simulations=(run,)))
    assert (found.level, found.reasons) == (Level.BAD, ("Verilator failed: tvalid fell.",))


def test_verilog_that_was_edited_is_not_what_was_generated(report):
    run = Result(
        simulator="Icarus",
        version="12",
        words_compared=9,
        mismatches=0,
        first_mismatch=None,
        failure="",
        cycles=9,
        cycles_per_step=None,
        **UNSEEN,
        changed_files=("rtl/net.v",),
    )
    found = verdict(replace(report, simulations=(run,)))
    assert found.level is Level.ATTENTION
    assert "what ran is not what was generated: rtl/net.v was changed" in found.reasons[0]


def test_few_overflows_do_not_make_a_close_network_different(report):
    x, u, *others = report.signals
    u = replace(u, saturations=3, saturation_rate=0.003)
    found = verdict(replace(report, signals=(x, u, *others)))
    assert found.level is Level.GOOD
    assert "Signals left their format, rarely: lmu.u saturated 3 times (0.3 %)." in found.sentences
    wrapped = replace(u, overflow="wrap")
    found = verdict(replace(report, signals=(x, wrapped, *others)))
    assert found.headline == "Fixed point follows float on this data, with reservations."


def test_longer_sequences_are_named(report):
    found = verdict(replace(report, longer=("sequences are longer",)))
    assert "Sequences are longer." in found.sentences


def test_grown_nrmse_needs_attention(report):
    task = replace(report.task, metric="nrmse", float_score=0.1, fixed_score=0.2)
    found = verdict(replace(report, task=task))
    assert "0.200 in fixed point and 0.100 in float, +100 %" in found.reasons[0]


def test_saturation_needs_attention_and_names_the_signal(report):
    x, u, *others = report.signals
    u = replace(u, saturations=3, saturation_rate=0.03)
    found = verdict(replace(report, signals=(x, u, *others)))
    assert found.reasons == ("Signals left their format: lmu.u saturated 3 times (3 %).",)


def test_nothing_compared_is_a_failure(report):
    run = Result(
        simulator="Verilator",
        version="5",
        words_compared=0,
        mismatches=0,
        first_mismatch=None,
        failure="",
        cycles=0,
        cycles_per_step=None,
        **UNSEEN,
    )
    found = verdict(replace(report, simulations=(run,)))
    assert found.level is Level.BAD
    assert found.reasons[0].startswith("Verilator compared no word")


def with_proof(report, *statuses, rtl="0", changed=()):
    lemmas = tuple(
        LemmaReport(part="stalls", claim="c", status=s, detail="", counterexample="x = 3")
        for s in statuses
    )
    proof = HardwareProof(
        sentence="it computes the model",
        rtl=rtl,
        lemmas=lemmas,
        missing=tuple(entry.claim for entry in lemmas if entry.status != "shown"),
        changed_files=changed,
        trusted=(),
        seconds=1.0,
    )
    return verdict(replace(report, hardware_proof=proof, rtl="0"))


def test_what_is_shown_of_the_verilog_is_said(report):
    assert with_proof(report, "shown").sentences[-1] == (
        "lmu-hw prove shows that it computes the model."
    )
    found = with_proof(report, "shown", "not shown")
    assert found.sentences[-1] == "Of 2 claims about the Verilog, 1 are shown."
    assert found.level is Level.GOOD


def test_a_refuted_claim_is_a_failure(report):
    found = with_proof(report, "shown", "refuted")
    assert (found.level, found.reasons) == (
        Level.BAD,
        ("lmu-hw prove refutes the Verilog: x = 3.",),
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"rtl": "1"}, "is of other Verilog than what is in the folder now: run it again."),
        ({"changed": ("rtl/a.v",)}, "what was read is not what was generated: rtl/a.v was changed"),
    ],
    ids=["stale", "edited"],
)
def test_a_proof_of_other_verilog_needs_attention(report, options, text):
    found = with_proof(report, "shown", **options)
    assert found.level is Level.ATTENTION
    assert text in found.reasons[0]
