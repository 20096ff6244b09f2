# SPDX-License-Identifier: Apache-2.0
"""How often garbage is collected is changed for a while only."""

from __future__ import annotations

import gc

import pytest

from lmu_hw.garbage import rare_collections


def test_the_callers_thresholds_come_back_also_after_an_error():
    before = gc.get_threshold()
    gc.set_threshold(700, 11, 12)
    try:
        with pytest.raises(KeyError), rare_collections():
            assert gc.get_threshold() == (100_000, 11, 12)
            raise KeyError
        assert gc.get_threshold() == (700, 11, 12)
    finally:
        gc.set_threshold(*before)
