# SPDX-License-Identifier: Apache-2.0
"""Arrays of every wrong kind, wherever a command takes one."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest
from scipy.io import wavfile

from lmu_hw import api, load

_SHAPE = r"must have the shape \(sequences, steps, 1\), not "
_GIANT = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 9999, 9999), }".ljust(117)

ARRAYS = {
    "nan": (np.full((3, 8, 1), np.nan), "must be finite"),
    "infinity": (np.full((3, 8, 1), np.inf), "must be finite"),
    "no_sequence": (np.zeros((0, 8, 1)), r"not \(0, 8, 1\)"),
    "no_step": (np.zeros((3, 0, 1)), r"not \(3, 0, 1\)"),
    "no_feature": (np.zeros((3, 8, 0)), _SHAPE),
    "features": (np.zeros((3, 8, 2)), _SHAPE + r"\(3, 8, 2\)"),
    "flat": (np.zeros((3, 8)), _SHAPE + r"\(3, 8\)"),
    "deep": (np.zeros((1, 3, 8, 1)), _SHAPE),
    "scalar": (np.array(3.0), _SHAPE + r"\(\)"),
    "complex": (np.zeros((3, 8, 1), complex), "must hold real numbers, not complex128"),
    "text": (np.array(["a", "b"]), "must hold real numbers, not <U1"),
    "record": (np.zeros(3, [("a", "f4")]), "must hold real numbers"),
}
FILES = {
    "empty": (b"", "must be a .npy array of numbers: No data left in file"),
    "words": (b"1,2,3", "must be a .npy array of numbers: it is none, or holds Python objects"),
    "half_header": (b"\x93NUMPY\x01\x00v\x00{'descr", "must be a .npy array of numbers: EOF"),
    "open_header": (b"\x93NUMPY\x01\x00\x0a\x00{'descr': (", "must be a .npy array of numbers: "),
    "half_archive": (
        b"PK\x03\x04" + bytes(60),
        "must be a whole .npz archive: File is not a zip",
    ),
    "giant": (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + _GIANT + b"\n",
        "must be an array that fits in memory",
    ),
}
COMMANDS = {
    "config": ("config", "model.safetensors", "--calibrate", "bad.npy"),
    "generate": ("generate", "model.safetensors", "-o", "new", "--calibrate", "bad.npy"),
    "predict": ("predict", "out", "--input", "bad.npy", "-o", "y.npy"),
    "simulate": ("simulate", "out", "--simulator", "amaranth", "--input", "bad.npy"),
    "report": ("report", "out", "--input", "bad.npy"),
}


@pytest.fixture(params=COMMANDS)
def command(request) -> tuple[str, ...]:
    return COMMANDS[request.param]


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_wrong_array_is_refused(here, refused, command, kind):
    array, message = ARRAYS[kind]
    np.save(here / "bad.npy", array)
    error = refused(*command)
    assert "bad.npy: " in error
    assert re.search(message, error)
    assert not (here / "new").exists() and not (here / "y.npy").exists()


def test_values_beyond_every_format_are_refused(here, refused, command):
    np.save(here / "bad.npy", np.full((3, 8, 1), 1e300))
    assert "must be below 2**62" in refused(*command)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_array_is_refused(here, refused, command, kind):
    data, message = FILES[kind]
    (here / "bad.npy").write_bytes(data)
    assert f"bad.npy: {message}" in refused(*command)


def test_a_truncated_array_is_refused(here, refused, command):
    (here / "bad.npy").write_bytes((here / "x.npy").read_bytes()[:-50])
    assert "bad.npy: must be a .npy array of numbers: Failed to read all data" in refused(*command)


def test_a_missing_array_is_refused(refused, command, unchanged):
    assert "bad.npy: there is no such file" in refused(*command)
    unchanged()


def test_a_folder_is_no_array(here, refused, command):
    (here / "bad.npy").mkdir()
    assert "bad.npy: must be a .npy array of numbers: Is a directory" in refused(*command)


def test_an_archive_is_no_array(here, refused, command):
    with (here / "bad.npy").open("wb") as file:
        np.savez(file, x=np.zeros((3, 8, 1)), y=np.zeros(3))
    assert "bad.npy: holds 2 arrays, x, y: one of them must be values, or named" in refused(
        *command
    )


def test_pickled_objects_are_refused(here, refused, command):
    np.save(here / "bad.npy", np.array([{}, 1], dtype=object))
    assert "bad.npy: must be a .npy array of numbers" in refused(*command)


@pytest.mark.parametrize("kind", ["int8", "bool", "float16", "longdouble", ">f4", "uint64"])
def test_every_kind_of_real_number_is_taken(here, run, kind):
    x = (np.arange(24).reshape(3, 8, 1) % 2).astype(kind)
    np.save(here / "x.npy", np.asfortranarray(x))
    assert run("predict", "out", "--input", "x.npy", "-o", "y.npy").status == 0
    actual = np.load(here / "y.npy")
    np.save(here / "x.npy", x.astype(np.float64))
    assert run("predict", "out", "--input", "x.npy", "-o", "y.npy").status == 0
    assert np.array_equal(actual, np.load(here / "y.npy"))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(2, int), r"labels must be integers of shape (3,)"),
        (np.array(1), "labels must be integers of shape (3,)"),
        (np.zeros((3, 5)), "labels must be integers of shape (3,)"),
        (np.full((3, 2), np.nan), "labels must be finite"),
        (np.array([0, 1, 2]), "class labels must be 0 to 1, not 0 to 2"),
        (np.zeros(0, int), "labels must be integers of shape (3,)"),
    ],
)
def test_wrong_labels_are_refused(here, refused, labels, message):
    np.save(here / "bad.npy", labels)
    error = refused("report", "out", "--input", "x.npy", "--labels", "bad.npy")
    assert "bad.npy: " in error and message in error
    assert not (here / "out" / "report.json").exists()


def test_labels_need_their_data(refused, unchanged):
    error = refused("report", "out", "--labels", "labels.npy")
    assert "--labels must come with the data they belong to: give --input as well" in error
    unchanged()


def test_long_calibration_data_is_cut_before_it_is_copied(here):
    network = load(here / "model.safetensors")
    x = np.zeros((5_000, 100, 1), np.float16)
    kept = api.calibration_data(network, x)
    assert kept.padded.shape == (1_000, 100, 1)
    assert kept.padded.dtype == np.float64


def test_a_table_is_data_like_an_array(here, run):
    x = np.load(here / "x.npy")
    rows = [f"{n},{step[0]!r}" for n, sequence in enumerate(x.tolist()) for step in sequence]
    (here / "x.csv").write_text("sequence,value\n" + "\n".join(rows))
    for name in ("x.npy", "x.csv"):
        assert run("predict", "out", "--input", name, "-o", f"{name}.y.npy").status == 0
    assert np.array_equal(np.load(here / "x.npy.y.npy"), np.load(here / "x.csv.y.npy"))


def test_the_scale_of_the_input_follows_from_the_width_of_samples(here, run):
    samples = np.random.default_rng(0).integers(-999, 999, 40)
    wavfile.write(here / "x.wav", 8000, samples.astype("i2"))
    answer = run("config", "model.safetensors", "--calibrate", "x.wav")
    assert "--input-scale 1/32768, by the width of the samples in x.wav" in answer.err
    assert 'scale = "1/32768"' in answer.out
    given = run("config", "model.safetensors", "--calibrate", "x.wav", "--input-scale", "1/65536")
    assert 'scale = "1/65536"' in given.out
