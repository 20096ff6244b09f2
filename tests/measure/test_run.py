# SPDX-License-Identifier: Apache-2.0
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Discretizer, LmuLayer, Memory, Network
from lmu_hw.measure import measure
from lmu_hw.quantize import Options, configure
from lmu_hw.report.json_file import to_json
from tests import networks
from tests.reports import small_design


def signal(report, name):
    return next(entry for entry in report.signals if entry.name == name)


def test_every_node_of_the_trace_is_measured(design, x):
    names = [entry.name for entry in measure(design, x).signals]
    assert names == ["x", "lmu.u", "lmu.m", "lmu.z", "lmu.h", "head.y"]


def test_errors_equal_those_of_the_traces(design, x):
    report = measure(design, x)
    codes = design.trace(x).codes["lmu.m"]
    reference = design.reference.trace(design.reference_input(x))["lmu.m"]
    fmt = design.network.layers[0].signals["lmu.m"].format
    error = (codes * fmt.ulp - reference) / fmt.ulp
    memory = signal(report, "lmu.m")
    assert memory.rms_error_ulp == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-8)
    assert memory.bias_ulp == pytest.approx(error.mean(), rel=1e-8)
    assert memory.max_error_ulp == pytest.approx(np.abs(error).max(), rel=1e-8)
    assert memory.element_peak_ulp == pytest.approx(np.abs(error).max(axis=(0, 1)), rel=1e-8)


def test_a_last_step_node_is_compared_with_the_last_step(design, x):
    report = measure(design, x)
    error = design.predict(x) - design.reference.run(design.reference_input(x))
    head = signal(report, "head.y")
    assert head.samples == error.size
    assert head.first_step == x.shape[1] - 1
    assert head.rms_error == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-8)
    assert report.task.rms_error == head.rms_error


def test_copies_of_columns_are_compared_with_those_columns():
    network = networks.passing()
    x = networks.noise(network, sequences=3, steps=6)
    report = measure(lmu_hw.quantize(network, x, activation_bits=12, state_bits=16), x)
    copied, hidden = signal(report, "lstm.p"), signal(report, "lmu0.h")
    assert copied.samples == 3 * 6 * 2
    assert 0 < copied.max_error_ulp <= 16 * hidden.max_error_ulp


def test_the_chunk_size_does_not_change_the_report(design, stream, x):
    for case in (design, stream):
        texts = {to_json(measure(case, x, chunk=chunk)) for chunk in (1, 2, 4, None)}
        assert len(texts) == 1


def test_progress_counts_every_sequence(design, x):
    done = []
    measure(design, x, progress=done.append, chunk=4)
    assert done == [4, 4, 1]


def test_accuracy_of_float_of_fixed_and_their_agreement(design, x):
    floats = design.reference.run(design.reference_input(x)).argmax(axis=1)
    fixed = design.predict(x).argmax(axis=1)
    labels = floats.copy()
    labels[0] = (labels[0] + 1) % 3
    task = measure(design, x, labels).task
    assert (task.metric, task.answers) == ("accuracy", 9)
    assert task.float_score == pytest.approx(8 / 9)
    assert task.fixed_score == pytest.approx(np.mean(fixed == labels))
    assert task.agreement == pytest.approx(np.mean(fixed == floats))


def test_nrmse_of_real_labels(stream, x):
    targets = stream.reference.run(stream.reference_input(x))
    report = measure(stream, x, targets)
    error = stream.predict(x) - targets
    expected = np.sqrt(np.mean(error**2) / np.mean(targets**2))
    assert (report.task.metric, report.task.float_score) == ("nrmse", 0.0)
    assert report.task.fixed_score == pytest.approx(expected, rel=1e-8)
    assert report.task.agreement is None
    assert report.task.nrmse_to_float == report.task.fixed_score


def test_class_labels_for_every_step(stream, x):
    task = measure(stream, x, np.zeros(x.shape[:2], np.uint8)).task
    assert (task.metric, task.answers) == ("accuracy", 9 * 12)


def test_without_labels_there_is_agreement_but_no_metric(design, x):
    task = measure(design, x).task
    assert (task.metric, task.float_score, task.fixed_score) == (None, None, None)
    assert task.agreement is not None


CLASSES = np.arange(9) % 3


@pytest.mark.parametrize(
    "labels",
    [
        CLASSES[:, None],
        CLASSES.astype(np.float64),
        CLASSES.astype(np.float32)[:, None],
        CLASSES.astype(np.uint8),
        np.eye(3)[CLASSES],
        np.eye(3, dtype=int)[CLASSES],
        np.eye(3, dtype=bool)[CLASSES],
    ],
)
def test_classes_in_any_form_are_classes(design, x, labels):
    assert measure(design, x, labels).task == measure(design, x, CLASSES).task


def test_a_single_one_hot_label_is_a_class(design, x):
    assert measure(design, x[:1], np.array([[0.0, 1.0, 0.0]])).task.metric == "accuracy"


def test_targets_that_are_not_one_hot_are_targets(design, x):
    for targets in (np.zeros((9, 3)), np.ones((9, 3), int), np.eye(3)[CLASSES] * 2.0):
        assert measure(design, x, targets).task.metric == "nrmse"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(8, int), "labels must be integers of shape (9,)"),
        (np.full(9, 0.5), "not float64 of shape (9,)"),
        (np.full((9, 1), 0.5), "not float64 of shape (9, 1)"),
        (np.full(9, np.inf), "labels must be finite"),
        (np.full(9, 3), "class labels must be 0 to 2, not 3 to 3"),
        (np.full(9, -1), "class labels must be 0 to 2, not -1 to -1"),
        (np.full((9, 3), np.nan), "labels must be finite"),
        (np.full(9, "a"), "real numbers of shape (9, 3)"),
    ],
)
def test_wrong_labels_are_refused(design, x, labels, message):
    with pytest.raises(NetworkError, match=re.escape(message)):
        measure(design, x, labels)


def test_wrong_input_is_refused(design):
    with pytest.raises(NetworkError, match="input must have the shape"):
        measure(design, np.zeros((2, 3, 5)))


def test_data_is_identified_by_content_not_by_type(design, x):
    single = x.astype(np.float32)
    reports = [measure(design, data).data for data in (single, single.astype(float), x)]
    assert reports[0].x_sha256 == reports[1].x_sha256 != reports[2].x_sha256


def test_saturated_inputs_are_counted(design, x):
    entry = signal(measure(design, 100 * x), "x")
    assert entry.saturations > 0
    assert not entry.lossless_clamp


def test_a_tanh_table_clamps_without_loss(x):
    case = small_design(activation_bits=6)
    entry = signal(measure(case, 3 * x), "lmu.z")
    assert entry.saturations > 0
    assert entry.lossless_clamp


def bare_memory(*, return_sequences):
    """Return a network that answers with its memory, followed by its input."""
    layer = LmuLayer(
        name="lmu",
        memory=Memory.legendre(3, 6.0, Discretizer.ZOH),
        E_x=np.array([[0.3, -0.2]]),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=True,
        return_sequences=return_sequences,
    )
    return Network(name="bare", layers=(layer,))


@pytest.mark.parametrize("return_sequences", [True, False])
def test_a_passed_on_input_is_compared_with_the_input(x, return_sequences):
    network = bare_memory(return_sequences=return_sequences)
    case = Design.build(network, configure(network, x, Options()), x)
    report = measure(case, x)
    passed, given = signal(report, "lmu.p"), signal(report, "x")
    steps = x.shape[1] if return_sequences else 1
    assert (passed.kind, passed.samples) == ("input passed on, output", 9 * steps * 2)
    if return_sequences:
        assert passed.rms_error == given.rms_error
    floats = case.reference.run(case.reference_input(x))
    error = case.predict(x) - floats
    assert report.task.rms_error == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-8)


def test_the_input_scale_is_divided_out(x):
    scaled = np.clip(np.rint(x * 8) / 8, -0.75, 0.75)
    entry = signal(measure(small_design(input_scale=Fraction(1, 8)), scaled), "x")
    assert entry.exact
    assert entry.observed_max == scaled.max() * 8


def test_a_reference_of_another_network_is_refused(design, x):
    layers = design.reference.layers
    renamed = replace(design.reference, layers=(replace(layers[0], name="other"), layers[1]))
    with pytest.raises(NetworkError, match=r"lmu\.m: the float reference has no such memory"):
        measure(replace(design, reference=renamed), x)
    narrow = replace(layers[1], W=layers[1].W[:2])
    changed = replace(design.reference, layers=(layers[0], narrow))
    with pytest.raises(
        NetworkError, match=r"head\.y: the reference must have the shape \(9, 1, 3\)"
    ):
        measure(replace(design, reference=changed), x)


def test_class_labels_for_one_output_are_refused(x):
    wide = bare_memory(return_sequences=True)
    layer = replace(
        wide.layers[0],
        memory=Memory.legendre(1, 6.0, Discretizer.ZOH),
        input_to_hidden=False,
    )
    network = Network(name="one", layers=(layer,))
    case = Design.build(network, configure(network, x, Options()), x)
    with pytest.raises(NetworkError, match="labels must be real targets for a network with one"):
        measure(case, x, np.zeros(x.shape[:2], int))
