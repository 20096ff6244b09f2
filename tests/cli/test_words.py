# SPDX-License-Identifier: Apache-2.0
"""What generate, predict and simulate say about data: as it is, and with the numbers."""

import numpy as np
import pytest

GENERATE = ("generate", "model.safetensors", "-o", "new", "--weight-bits=8")


@pytest.mark.usefixtures("here", "quick")
def test_generate_ends_with_the_accuracy_on_the_calibration_data(run):
    answer = run(*GENERATE, "--calibrate=x.npy", "--labels=labels.npy")
    assert answer.status == 0
    flat = " ".join(answer.out.split())
    assert "On 3 calibration sequences of 8 steps: Accuracy is " in flat


@pytest.mark.usefixtures("here", "quick")
def test_generate_ends_with_the_sqnr_without_labels(run):
    flat = " ".join(run(*GENERATE, "--calibrate=x.npy").out.split())
    assert "On 3 calibration sequences of 8 steps: The outputs follow float with an SQNR" in flat


@pytest.mark.usefixtures("here", "quick")
def test_generate_takes_labels_of_the_calibration_data_only(here, refused):
    error = refused(*GENERATE, "--labels=labels.npy")
    assert "--labels must come with the data they belong to: give --calibrate" in error
    np.save("short.npy", [0, 1])
    error = refused(*GENERATE, "--calibrate=x.npy", "--labels=short.npy")
    assert "short.npy: labels must be integers of shape (3,)" in error
    assert not (here / "new").exists()


@pytest.mark.usefixtures("here", "quick")
@pytest.mark.parametrize(
    ("scale", "warning"),
    [(0.0, "warning: all calibration inputs are 0"), (1e6, "warning: calibration inputs reach")],
)
def test_generate_warns_of_data_that_cannot_be_right(run, scale, warning):
    np.save("x.npy", scale * np.load("x.npy"))
    answer = run(*GENERATE, "--calibrate=x.npy")
    assert answer.status == 0 and warning in answer.err


@pytest.mark.usefixtures("here")
def test_predict_says_that_every_input_clips(run):
    np.save("loud.npy", 0 * np.load("x.npy") + 1e6)
    answer = run("predict", "out", "--input=loud.npy", "-o=y.npy")
    assert "24 of 24 inputs (100 %) lay outside the input format" in answer.out
    assert "no input and no node" not in answer.out


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "command", [("predict", "-o=y.npy"), ("simulate", "--simulator=amaranth", "--max-cycles=400")]
)
def test_longer_sequences_than_the_calibration_are_named(run, command):
    np.save("long.npy", np.tile(np.load("x.npy"), (1, 2, 1))[:1])
    name, *options = command
    answer = run(name, "out", "--input=long.npy", *options)
    assert "note: sequences of 16 steps are longer than those of 8 that ranges were" in answer.err
