# SPDX-License-Identifier: Apache-2.0
"""Arrays of others: real numbers, or one sentence that says why not."""

from __future__ import annotations

import io

import numpy as np
import pytest

from lmu_hw.arrays import load_array


def stored(array, **options) -> io.BytesIO:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("kind", ["?", "i1", "u8", ">f4", "f8"])
def test_real_numbers_of_any_kind_come_back(kind):
    array = np.array([[0, 1], [1, 0]], kind)
    assert np.array_equal(load_array(stored(array)), array)


@pytest.mark.parametrize(
    "array",
    [np.array(["a"]), np.array([1j]), np.zeros(1, "M8[s]")],
    ids=["text", "complex", "time"],
)
def test_what_is_no_real_number_is_refused_by_its_type(array):
    with pytest.raises(ValueError, match="must hold real numbers, not "):
        load_array(stored(array))


def test_python_objects_are_refused_without_advice_to_allow_them():
    with pytest.raises(ValueError, match="it is none, or holds Python objects") as caught:
        load_array(stored(np.array([None]), allow_pickle=True))
    assert "allow_pickle" not in str(caught.value)


def test_an_archive_is_refused():
    stream = io.BytesIO()
    np.savez(stream, a=np.zeros(1))
    stream.seek(0)
    with pytest.raises(ValueError, match="must be a single .npy array, not an archive"):
        load_array(stream)


@pytest.mark.parametrize("length", [0, 5, 60, 130])
def test_a_file_that_was_cut_off_is_refused(length):
    data = stored(np.zeros(8)).getvalue()
    with pytest.raises(ValueError, match="must be a .npy array of numbers: "):
        load_array(io.BytesIO(data[:length]))
