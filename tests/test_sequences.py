# SPDX-License-Identifier: Apache-2.0
"""Sequences of their own lengths: what is behind the end of one counts nowhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import NetworkError
from lmu_hw.golden import GoldenModel
from lmu_hw.measure import measure
from lmu_hw.measure.prediction import sampled_lengths
from lmu_hw.measure.task import check_labels
from lmu_hw.quantize import Options
from lmu_hw.quantize.ranges import observed_ranges
from lmu_hw.report.calibrated import first_look
from lmu_hw.search.lengths import WordLengths
from lmu_hw.search.points import measured_point
from lmu_hw.search.pools import Workers, open_pool
from lmu_hw.search.prepare import prepared_problem, silent, with_floats
from lmu_hw.search.problem import block_losses, configured
from lmu_hw.search.target import AccuracyTarget
from lmu_hw.sequences import Sequences
from lmu_hw.simulate.stimuli import data_sequences
from tests import networks

LENGTHS = np.array([5, 9, 1, 9, 3, 5])
JUNK = 1e3
"""Stands behind the ends: nothing may see it."""


@pytest.fixture(params=[True, False], ids=["every step", "once"])
def network(request):
    layers = {"dense": 3, "inputs": 2, "return_sequences": request.param}
    return networks.network(**layers, hidden="lstm", activation="tanh")


@pytest.fixture
def arrays():
    random = np.random.default_rng(1)
    return [random.uniform(-1.0, 1.0, (length, 2)) for length in LENGTHS]


@pytest.fixture
def x(arrays):
    padded = np.full((len(LENGTHS), 12, 2), JUNK)
    for row, values in zip(padded, arrays, strict=True):
        row[: len(values)] = values
    return Sequences(padded=padded, lengths=LENGTHS)


def test_a_list_an_array_and_lengths_are_sequences(arrays, x):
    for given in (arrays, tuple(arrays), np.array(arrays, dtype=object), x):
        sequences = Sequences.of(given)
        assert sequences.lengths.tolist() == LENGTHS.tolist()
        assert all(np.array_equal(*pair) for pair in zip(sequences, arrays, strict=True))
    array = np.ones((2, 3, 4))
    assert Sequences.of(array).padded is array
    assert Sequences.of(array.tolist()).even


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "must have the shape|at least one sequence"),
        ([np.zeros((2, 2)), np.zeros((2, 3))], r"sequence 1 must have the shape \(steps, 2\)"),
        ([np.zeros((2, 2)), np.zeros((0, 2))], r"sequence 1 must have .* not \(0, 2\)"),
        ([np.zeros(2), np.zeros(3)], "sequence 0 must have the shape"),
        ([np.array([["a"]])], "sequence 0 must hold real numbers"),
        (np.zeros((2, 0, 1)), "at least one sequence and step"),
        (np.zeros((2, 3)), r"must have the shape \(sequences, steps, features\), not \(2, 3\)"),
    ],
)
def test_what_is_no_sequences_is_refused(given, message):
    with pytest.raises(NetworkError, match=f"data.*({message})"):
        Sequences.of(given, what="data")


def test_batches_are_of_one_length_and_all_of_them(x):
    seen = [(len(part), part.shape[1], rows.tolist()) for rows, part in x.batches(1)]
    assert seen == [(1, 1, [2]), (1, 3, [4]), (1, 5, [0]), (1, 5, [5]), (1, 9, [1]), (1, 9, [3])]
    assert [part.shape[0] for _, part in x.batches(9)] == [1, 1, 2, 2]


def test_float_and_fixed_answer_as_if_each_sequence_were_alone(network, arrays, x):
    quantized = networks.quantized(network)
    golden = GoldenModel(quantized)
    codes, clips = golden.count_input(x)
    assert clips == sum(golden.count_input(values[None])[1] for values in arrays)
    answers, trace = golden.resume(codes)
    floats, steps, overflows = network.run(x), x.valid, 0
    for number, values in enumerate(arrays):
        alone, state = golden.resume(golden.quantize_input(values[None]))
        shown = number if network.answers_once else (number, steps[number])
        assert np.array_equal(answers[shown], alone[0])
        assert np.allclose(floats[shown], network.run(values[None])[0], rtol=1e-12)  # BLAS
        overflows += sum(state.overflows.values())
        for name, vector in trace.state.items():
            assert np.array_equal(vector[number], state.state[name][0])
    assert sum(trace.overflows.values()) == overflows
    if not network.answers_once:
        assert not answers[~steps].any() and not floats[~steps].any()


def test_states_go_on_from_the_last_step_of_each(network, arrays, x):
    design = lmu_hw.quantize(network, x)
    whole = design.predict(arrays)
    _, state = design.predict([values[:1] for values in arrays[:2]], return_state=True)
    rest = design.predict([values[1:] for values in arrays[:2]], initial_state=state)
    for number, length in enumerate(LENGTHS[:2]):
        if network.answers_once:
            assert np.array_equal(rest[number], whole[number])
        else:
            assert np.array_equal(rest[number, : length - 1], whole[number, 1:length])


def test_ranges_are_those_of_steps(network, arrays, x):
    ranges = observed_ranges(network, x)
    for name, seen in ranges.items():
        alone = [observed_ranges(network, Sequences.of(a[None]))[name] for a in arrays]
        assert np.allclose(seen.low, np.min([a.low for a in alone], axis=0), rtol=1e-12)  # BLAS
        assert np.allclose(seen.high, np.max([a.high for a in alone], axis=0), rtol=1e-12)


def test_formats_are_chosen_from_steps(network):
    apart = [2.0 + np.abs(np.sin(np.arange(2.0 * n))).reshape(n, 2) for n in (4, 7)]
    clean = lmu_hw.quantize(network, apart)
    padded = np.full((2, 9, 2), -JUNK)
    for row, values in zip(padded, apart, strict=True):
        row[: len(values)] = values
    same = lmu_hw.quantize(network, Sequences(padded=padded, lengths=np.array([4, 7])))
    assert same.digest == clean.digest
    assert not clean.network.input.format.signed
    assert clean.calibration.longest == 7
    assert lmu_hw.quantize(network, padded).digest != clean.digest


def test_a_design_keeps_the_lengths_of_its_calibration(network, x, tmp_path):
    design = lmu_hw.quantize(network, x)
    lmu_hw.emit(design, tmp_path / "out")
    again = lmu_hw.read_design(tmp_path / "out")
    assert np.array_equal(again.calibration.lengths, LENGTHS)
    assert np.array_equal(again.calibration.values, design.calibration.values)
    assert "6 sequences of 1 to 9 steps" in str(again)


def test_a_report_counts_steps_only(network, arrays, x):
    design = lmu_hw.quantize(network, x, weight_bits=5, activation_bits=5, state_bits=7)
    answers = len(LENGTHS) if network.answers_once else LENGTHS.sum()
    labels = np.arange(len(LENGTHS)) % 3
    if not network.answers_once:
        labels = [np.arange(length) % 3 for length in LENGTHS]
    report = measure(design, x, labels)
    assert report.task.answers == answers == np.sum(report.classes.fixed_answers)
    alone = []
    for number, values in enumerate(arrays):
        label = labels[number] if network.answers_once else labels[number][None]
        alone.append(measure(design, values[None], np.atleast_1d(label)))
    assert report.task.fixed_score == pytest.approx(
        sum(one.task.fixed_score * one.task.answers for one in alone) / answers
    )
    for number, signal in enumerate(report.signals):
        parts = [one.signals[number] for one in alone]
        assert signal.samples == sum(part.samples for part in parts)
        assert signal.saturations == sum(part.saturations for part in parts)
        assert signal.observed_min == min(part.observed_min for part in parts)
        assert signal.observed_max == max(part.observed_max for part in parts)
        if not signal.fitted:
            worst = max(parts, key=lambda part: part.max_error)
            assert signal.max_error == worst.max_error
            assert signal.max_error_at == (parts.index(worst), *worst.max_error_at[1:])
            power = sum(part.rms_error**2 * part.samples for part in parts)
            assert signal.rms_error == pytest.approx((power / signal.samples) ** 0.5, rel=1e-6)
            assert len(signal.time_rms_ulp) == (1 if signal.first_step else 9)


def test_the_digest_of_data_knows_their_lengths(network, x):
    design = lmu_hw.quantize(network, x)
    digests = {measure(design, given).data.x_sha256 for given in (x, x.padded[:, :9], list(x)[:5])}
    assert len(digests) == 3
    assert measure(design, x).data.described == "6 sequences of 1 to 9 steps"


def test_an_answer_that_is_right_behind_the_end_does_not_count(x):
    network = networks.network(dense=3, inputs=2)
    padded = np.zeros((6, 12), int)
    for row, length in zip(padded, LENGTHS, strict=True):
        row[:length] = 1
    checked = check_labels(padded, network, x)
    assert np.array_equal(checked == -1, ~x.valid)
    assert np.array_equal(checked, check_labels(list(x.mapped(padded[..., None])), network, x))


@pytest.mark.parametrize("uncounted", [-1, -100])
def test_a_step_may_be_left_out_of_what_is_counted(uncounted, x):
    network = networks.network(dense=3, inputs=2)
    design = lmu_hw.quantize(network, x)
    right = [answers.argmax(axis=-1) for answers in x.mapped(design.predict(x))]
    wrong_first = [np.append((own[:1] + 1) % 3, own[1:]) for own in right]
    none_first = [np.append(uncounted, own[1:]) for own in right]
    assert measure(design, x, wrong_first).task.fixed_score < 1.0
    task = measure(design, x, none_first).task
    assert (task.fixed_score, task.uncounted) == (1.0, len(LENGTHS))
    assert task.answers == LENGTHS.sum() - len(LENGTHS)
    look = first_look(design, none_first)
    assert look.task == task


def test_labels_must_be_of_these_sequences(x):
    network = networks.network(dense=3, inputs=2)
    labels = [np.zeros(length, int) for length in LENGTHS]
    with pytest.raises(NetworkError, match="labels must be of the 6 sequences, not of 5"):
        check_labels(labels[:5], network, x)
    with pytest.raises(NetworkError, match="labels of sequence 2 must be of its 1 steps"):
        check_labels([*labels[:2], labels[0], *labels[3:]], network, x)
    with pytest.raises(NetworkError, match="an answer at least must count"):
        check_labels([label - 1 for label in labels], network, x)


def test_a_search_counts_steps_only(network, arrays, x):
    once = network.answers_once
    labels = np.arange(6) % 3 if once else [np.arange(length) % 3 for length in LENGTHS]
    problem = prepared_problem(network, x, x, labels, options=Options(), sequences=None)
    with open_pool(problem, Workers()) as pool:
        problem = with_floats(problem, pool, silent)
    bits = WordLengths.of(Options(weight_bits=4, state_bits=6, activation_bits=4))
    losses = block_losses(problem, (configured(problem, bits), 0))
    point = measured_point(problem, bits)
    design = lmu_hw.quantize(network, x, weight_bits=4, state_bits=6, activation_bits=4)
    report = measure(design, x, labels)
    assert point.task == report.task
    wrong = report.task.answers - round(report.task.fixed_score * report.task.answers)
    assert losses.wrong.sum() == wrong
    target = AccuracyTarget(share=0.5)
    assert target.budget(problem) == report.task.answers // 2
    assert sorted(target.order(problem)) == list(range(6))


def test_hardware_is_given_steps_only(x, arrays):
    network = networks.quantized(networks.network(inputs=2))
    given = data_sequences(network, x, 14)
    assert [len(sequence.codes) for sequence in given] == [5, 9]
    assert np.array_equal(given[1].codes, GoldenModel(network).quantize_input(arrays[1][None])[0])
    assert [len(s.codes) for s in data_sequences(network, x, 3)] == [3]


def test_what_is_sampled_is_of_few_lengths():
    lengths = np.arange(1, 101)
    sampled = sampled_lengths(lengths)
    assert len(np.unique(sampled)) <= 9
    assert (sampled <= lengths).all() and sampled.all()
    assert np.array_equal(sampled_lengths(LENGTHS), LENGTHS)


def masked(x, value):
    """Return data with a step of `value` in front, within, and at the end of some sequences."""
    given = [list(values) for values in x]
    step = np.full(2, value)
    given[0].insert(0, step)
    given[1].insert(4, step)
    given[3].append(step)
    return [np.array(values) for values in given]


def test_masked_steps_are_left_out_at_the_door(network, x):
    network = replace(network, mask_value=-0.25)
    given = masked(x, -0.25)
    design = lmu_hw.quantize(network, given, input_scale="1/16")
    assert design.network.mask_value == -0.25
    assert design.digest == lmu_hw.quantize(network, x, input_scale="1/16").digest
    assert np.array_equal(design.predict(given), design.predict(x.cut(9).mapped(x.padded[:, :9])))
    assert np.array_equal(network.run(given), network.run(list(x)))
    assert [len(s.codes) for s in data_sequences(design.network, given, None)] == LENGTHS.tolist()
    labels = np.arange(6) % 3
    if not network.answers_once:
        labels = [np.arange(len(values)) % 3 for values in given]
        labels[0][0] = labels[1][4] = labels[3][-1] = 99  # of masked steps: not looked at
    report = measure(design, given, labels)
    answers = len(LENGTHS) if network.answers_once else LENGTHS.sum()
    assert report.task.answers == answers
    assert report.data.described == "6 sequences of 1 to 9 steps"
    assert "without steps that are all -0.25 (masked)" in str(network)
    assert "without steps that are all -0.25 (masked)" in str(design)


def test_a_mask_value_is_kept_in_files(network, x, tmp_path):
    network = replace(network, mask_value=-1.0)
    lmu_hw.save(network, tmp_path / "a.npz")
    assert lmu_hw.load(tmp_path / "a.npz").mask_value == -1.0
    design = lmu_hw.quantize(network, x)
    lmu_hw.emit(design, tmp_path / "out")
    again = lmu_hw.read_design(tmp_path / "out")
    assert (again.network.mask_value, again.digest) == (-1.0, design.digest)
    assert again.digest != lmu_hw.quantize(replace(network, mask_value=None), x).digest


def test_a_sequence_of_masked_steps_alone_is_refused(network, x):
    network = replace(network, mask_value=0.0)
    given = [*x, np.zeros((3, 2))]
    with pytest.raises(NetworkError, match=r"every step of sequence 6 is masked \(all .* are 0\)"):
        network.run(given)
