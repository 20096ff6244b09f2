# SPDX-License-Identifier: Apache-2.0
"""Streams in pieces on the command line: states read from files and written to them."""

import numpy as np
import pytest

PREDICT = ("predict", "out", "--input", "x.npy", "-o", "y.npy")


@pytest.fixture
def pieces(here):
    """Return the answers to all of x.npy, which is cut into two files."""
    x = np.load(here / "x.npy")
    np.save(here / "begin.npy", x[:, :3])
    np.save(here / "rest.npy", x[:, 3:])


@pytest.mark.usefixtures("pieces")
def test_the_next_piece_goes_on_from_the_saved_state(here, run):
    assert run(*PREDICT, "--save-state", "all.npz").status == 0
    whole = np.load(here / "y.npy")
    first = ("predict", "out", "--input", "begin.npy", "-o", "b.npy", "--save-state", "s.npz")
    assert "the state after the last step written to s.npz" in run(*first).out
    second = ("predict", "out", "--input", "rest.npy", "-o", "r.npy", "--initial-state", "s.npz")
    assert run(*second, "--save-state", "after.npz").status == 0
    rest = np.load(here / "r.npy")
    assert np.array_equal(rest, whole if whole.ndim == 2 else whole[:, 3:])
    with np.load(here / "after.npz") as after, np.load(here / "all.npz") as expected:
        assert set(after) == set(expected)
        assert all(np.array_equal(after[name], expected[name]) for name in expected)


def test_a_state_that_is_none_is_refused_by_file_and_reason(here, refused):
    initial = (*PREDICT, "--initial-state", "bad.npz")
    assert "bad.npz: there is no such file" in refused(*initial)
    (here / "bad.npz").write_bytes(b"PK")
    assert "bad.npz: must be a .npz archive of codes" in refused(*initial)
    np.savez(here / "bad.npz", m=np.zeros(3, int))
    assert "bad.npz: a state of tiny must have the vectors" in refused(*initial)
    assert not (here / "y.npy").exists()


def test_a_state_is_not_written_over_what_is_read_or_answered(refused, unchanged):
    assert "x.npy: must not be a file that is read" in refused(*PREDICT, "--save-state", "x.npy")
    assert "y.npy: must not be the file of the answers" in refused(
        *PREDICT, "--save-state", "y.npy"
    )
    unchanged()
