# SPDX-License-Identifier: Apache-2.0
"""Random systems of the checker, and their sums in floats."""

from __future__ import annotations

import numpy as np

from lmu_verify.integers import Codes
from lmu_verify.sums import System

QUIET = print  # progress goes nowhere that matters


def codes(values, bits):
    return Codes(np.rint(np.asarray(values) * 2.0**bits).astype(np.int64).astype(object), bits)


def values(x):
    return x.codes.astype(float) * 2.0**-x.bits


def system(order=5, *, radius=0.9, paths=0, seed=3):
    """Return a random system of a spectral radius, its matrices rounded to 2**-30."""
    random = np.random.default_rng(seed)
    a = random.normal(size=(order, order))
    a *= radius / np.abs(np.linalg.eigvals(a)).max()
    n = codes(random.normal(size=(order, paths)) / 3, 30) if paths else None
    return System("m", codes(a, 30), codes(random.normal(size=order), 30), n)


def powers(one, rows, steps=4000):
    """Return ``sum_k ||c A^k [I N]||_1`` in floats."""
    a, x, found = values(one.a), values(rows), np.zeros(len(rows.codes))
    n = np.zeros((len(a), 0)) if one.paths is None else values(one.paths)
    for _ in range(steps):
        found += np.abs(x).sum(axis=1) + np.abs(x @ n).sum(axis=1)
        x = x @ a
    return found


def responses(parts, steps=4000):
    states = [values(one.b) for one, _ in parts]
    found = 0.0
    for _ in range(steps):
        outputs = [
            h if rows is None else values(rows) @ h
            for h, (_, rows) in zip(states, parts, strict=True)
        ]
        found = found + np.abs(outputs[0] - sum(outputs[1:]))
        states = [values(one.a) @ h for h, (one, _) in zip(states, parts, strict=True)]
    return found


def as_floats(found):
    return np.array([float(value) for value in found])


def assert_close_above(found, true, rtol):
    assert np.all(as_floats(found) >= true * (1 - 1e-12))
    np.testing.assert_allclose(as_floats(found), true, rtol=rtol)  # floats: the bounds' own slack
