# SPDX-License-Identifier: Apache-2.0
"""Arrays, tables and sound as data of a network."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.io import wavfile

from lmu_hw.data_files import read_data, sample_scale
from lmu_hw.errors import LoadError

X = np.arange(12).reshape(2, 3, 2)


def table(path, text):
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("kind", ["i1", "u2", "f4", "?"])
def test_arrays_come_back_as_they_are(tmp_path, kind):
    np.save(tmp_path / "x.npy", X.astype(kind))
    values = read_data(tmp_path / "x.npy").values
    assert values.dtype == np.dtype(kind) and np.array_equal(values, X.astype(kind))


def test_an_archive_gives_its_array_or_the_one_that_is_named(tmp_path):
    np.savez(tmp_path / "one.npz", x=X)
    np.savez_compressed(tmp_path / "two.npz", x=X, y=X + 1)
    assert np.array_equal(read_data(tmp_path / "one.npz").values, X)
    assert np.array_equal(read_data(f"{tmp_path}/two.npz:y").values, X + 1)
    with pytest.raises(LoadError, match=r"two.npz: holds 2 arrays, x, y: .* as FILE.npz:NAME"):
        read_data(tmp_path / "two.npz")
    with pytest.raises(LoadError, match=r"two.npz: has no array 'z', but x, y"):
        read_data(f"{tmp_path}/two.npz:z")


def test_a_damaged_archive_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04" + b"x" * 40)
    with pytest.raises(LoadError, match=r"x.npz: must be a whole .npz archive"):
        read_data(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n3,4\n", "1;2\n3;4", "a\tb\n1\t2\n\n3\t4\n", "﻿a,b\n1,2\n3,4"]
)
def test_a_row_is_a_step_and_a_column_a_feature(tmp_path, text):
    values = read_data(table(tmp_path / "x.csv", text)).values
    assert values.dtype == np.int64
    assert np.array_equal(values, [[[1, 2], [3, 4]]])


def test_columns_are_picked_by_name(tmp_path):
    path = table(tmp_path / "x.csv", "time,ay,ax\n0,1.5,2\n1,3,4\n")
    assert np.array_equal(read_data(f"{path}:ax,ay").values, [[[2, 1.5], [4, 3]]])


def test_a_column_says_which_sequence_a_row_is_of(tmp_path):
    path = table(tmp_path / "x.csv", "Sequence,a\n7,1\n7,2\n9,3\n9,4\n")
    assert np.array_equal(read_data(path).values, [[[1], [2]], [[3], [4]]])
    assert np.array_equal(read_data(path, labels=True).values, [[1, 2], [3, 4]])


def test_labels_are_a_row_for_each_sequence(tmp_path):
    path = table(tmp_path / "y.csv", "label\n1\n0\n2\n")
    assert np.array_equal(read_data(path, labels=True).values, [1, 0, 2])
    path = table(tmp_path / "t.csv", "a,b\n1,0.5\n0,1\n")
    assert np.array_equal(read_data(path, labels=True).values, [[1, 0.5], [0, 1]])


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "", "must be a table, not an empty file"),
        ("a,b\n", "", "not of names alone"),
        ("a,b\n1,2\n1\n", "", "row 2 must have 2 fields, not 1"),
        ("a,b\n1,x\n", "", "row 1 must hold numbers, not 'x'"),
        ("a,b\n1,2\n", ":c", "must have one column 'c'; there are a, b"),
        ("1,2\n", ":a", "has no names of columns in its first row"),
        ("sequence,a\n1,2\n2,3\n1,4\n", "", "rows of one sequence must follow each other"),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path, text, name, message):
    path = table(tmp_path / "x.csv", text)
    with pytest.raises(LoadError, match=rf"x.csv: .*{message}"):
        read_data(f"{path}{name}")


def test_a_table_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe,")
    with pytest.raises(LoadError, match=r"x.csv: must be a text file in UTF-8"):
        read_data(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("samples", "values", "scale"),
    [
        (np.array([0, 128, 255], "u1"), [-1, 0, 127 / 128], Fraction(1, 128)),
        (np.array([-32768, 0, 16384], "i2"), [-1, 0, 0.5], Fraction(1, 32768)),
        (np.array([-(2**31), 0, 256], "i4"), [-1, 0, 2.0**-23], Fraction(1, 2**23)),
        (np.array([-(2**31), 0, 1], "i4"), [-1, 0, 2.0**-31], Fraction(1, 2**31)),
        (np.array([-0.5, 0, 0.25], "f4"), [-0.5, 0, 0.25], None),
    ],
)
def test_samples_are_fractions_of_their_full_scale(tmp_path, samples, values, scale):
    wavfile.write(tmp_path / "x.wav", 8000, samples)
    data = read_data(tmp_path / "x.wav")
    assert np.array_equal(data.values, np.reshape(values, (1, 3, 1)))
    assert data.scale == scale == sample_scale(tmp_path / "x.wav")


def test_a_channel_is_a_feature(tmp_path):
    wavfile.write(tmp_path / "x.wav", 8000, np.zeros((5, 2), "i2"))
    assert read_data(tmp_path / "x.wav").values.shape == (1, 5, 2)


def test_a_damaged_sound_is_refused(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    with pytest.raises(LoadError, match=r"x.wav: "):
        read_data(tmp_path / "x.wav")


def test_what_is_no_sound_has_no_scale(tmp_path):
    np.save(tmp_path / "x.npy", X)
    assert sample_scale(tmp_path / "x.npy") is None
    assert sample_scale(tmp_path / "gone.wav") is None


RAGGED = [np.arange(6.0).reshape(3, 2), np.arange(2.0).reshape(1, 2), np.ones((2, 2))]
PADDED = np.zeros((3, 4, 2))
for row, values in zip(PADDED, RAGGED, strict=True):
    row[: len(values)] = values
MASK = np.arange(4) < np.array([[3], [1], [2]])


def same(sequences):
    return all(np.array_equal(a, b) for a, b in zip(sequences, RAGGED, strict=True))


@pytest.mark.parametrize(
    "arrays",
    [
        {"values": PADDED, "lengths": [3, 1, 2]},
        {"x": np.where(MASK[..., None], PADDED, np.nan), "lengths": [3, 1, 2]},
        {"values": PADDED, "lengths": [3, 1, 2], "labels": np.arange(3)},
        {"values": np.concatenate(RAGGED), "lengths": [3, 1, 2]},
        {"values": PADDED, "mask": MASK},
        {"values": PADDED[:, ::-1], "mask": MASK[:, ::-1]},
        {f"arr_{n}": values for n, values in enumerate(RAGGED)},
    ],
    ids=["padded", "NaN", "labelled", "joined", "mask", "mask in front", "one by one"],
)
def test_sequences_of_an_archive_have_their_own_lengths(tmp_path, arrays):
    np.savez(tmp_path / "x.npz", **arrays)
    values = read_data(tmp_path / "x.npz").values
    assert values.lengths.tolist() == [3, 1, 2]
    if not np.array_equal(arrays.get("mask"), MASK[:, ::-1]):
        assert same(values)
    else:
        assert all(np.array_equal(a, b[::-1]) for a, b in zip(values, RAGGED, strict=True))


def test_labels_stand_beside_their_data(tmp_path):
    np.savez(tmp_path / "x.npz", values=PADDED, lengths=[3, 1, 2], labels=np.arange(3))
    assert read_data(tmp_path / "x.npz", labels=True).values.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"values": PADDED, "lengths": [3, 0, 2]}, "length of sequence 1 must be 1 to the 4"),
        ({"values": PADDED, "lengths": [3, 1, 5]}, "length of sequence 2 must be 1 to .* not 5"),
        ({"values": PADDED, "lengths": [3, 1]}, "lengths must be 3 integers, one for each"),
        ({"values": PADDED, "lengths": [3.0, 1, 2]}, "lengths must be 3 integers"),
        ({"values": PADDED[0], "lengths": [3, 2]}, "lengths must sum to the 4 steps .* not to 5"),
        (
            {"values": np.zeros((2, 3)), "lengths": [3, 2]},
            "sum to the 2 .*`labels=True` reads what",
        ),
        ({"values": PADDED[0], "lengths": [5, -1]}, "lengths must be positive integers"),
        ({"values": PADDED, "mask": MASK[:, :3]}, r"mask must be true or false .* \(3, 4\)"),
        ({"values": PADDED, "mask": [[1, 0, 1, 0]] * 3}, "mask must mark .* of sequence 0 have"),
        ({"values": PADDED, "mask": 0 * MASK}, "length of sequence 0 must be 1 to"),
        ({"values": PADDED, "mask": MASK, "lengths": [1]}, "lengths or mask, not both"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(LoadError, match=rf"x.npz: .*{message}"):
        read_data(tmp_path / "x.npz")


def test_sequences_of_a_table_have_their_own_lengths(tmp_path):
    rows = [[n, *step] for n, values in enumerate(RAGGED) for step in values]
    text = "sequence,a,b\n" + "\n".join(",".join(map(str, row)) for row in rows)
    assert same(read_data(table(tmp_path / "x.csv", text)).values)
    labels = "sequence,label\n0,1\n0,2\n0,-1\n1,3\n2,4\n2,5\n"
    values = read_data(table(tmp_path / "y.csv", labels), labels=True).values
    assert [entry.ravel().tolist() for entry in values] == [[1, 2, -1], [3], [4, 5]]
