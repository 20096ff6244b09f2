# SPDX-License-Identifier: Apache-2.0
"""What a search found is found again, as it was, until anything that decides it is another."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.simulate import searched as module
from lmu_hw.simulate.cache import Cache
from lmu_hw.simulate.searched import searched
from lmu_hw.simulate.stimuli import Sequence, Stall

SEQUENCES = [
    Sequence(name="noise", codes=np.arange(6).reshape(3, 2) - 3, stall=Stall.INPUT),
    Sequence(name="storm", codes=np.array([[7, -8]]), stall=Stall.INPUT | Stall.OUTPUT),
]


@pytest.fixture
def count(tmp_path):
    """Return a function that says how often there was a search, in all."""
    searches = []

    def run(*made_from) -> int:
        def search():
            searches.append(made_from)
            return SEQUENCES

        found = searched(Cache(tmp_path), list(made_from), search)
        for sequence, wanted in zip(found, SEQUENCES, strict=True):
            assert (sequence.name, sequence.stall) == (wanted.name, wanted.stall)
            assert sequence.codes.dtype == np.int64
            assert np.array_equal(sequence.codes, wanted.codes)
        return len(searches)

    return run


def test_a_search_is_made_once(count):
    assert [count({"a": 1}, 5), count({"a": 1}, 5)] == [1, 1]


def test_whatever_decides_it_makes_another(count):
    made = [{"a": 1}, 5], [{"a": 2}, 5], [{"a": 1}, 6], [{"a": 1}, None]
    assert [count(*made_from) for made_from in made] == [1, 2, 3, 4]


def test_another_line_of_this_package_makes_another(count, monkeypatch):
    assert count(1) == 1
    monkeypatch.setattr(module, "_sources", lambda: "other")
    assert [count(1), count(1)] == [2, 2]


def test_the_digest_of_the_package_has_every_file(tmp_path, monkeypatch):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.py").write_text("1")
    monkeypatch.setattr(module.lmu_hw, "__file__", str(tmp_path / "__init__.py"))
    sources = module._sources.__wrapped__
    before = sources()
    (tmp_path / "below" / "a.py").write_text("2")
    assert sources() != before
