# SPDX-License-Identifier: Apache-2.0
"""Every layer that must tell updates apart knows all of them, and refuses others by name."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.golden import memory as golden
from lmu_hw.hdl import memory as hdl
from lmu_hw.network import Update, entry_of
from lmu_hw.plan import memory as plan
from lmu_hw.proofs import linear

REGISTRIES = {
    "golden": golden._MODELS,
    "hdl": hdl._UNITS,
    "plan": plan._PLANS,
    "proofs": linear._FORMS,
}


@pytest.mark.parametrize("layer", REGISTRIES)
def test_a_layer_knows_every_update(layer):
    assert set(REGISTRIES[layer]) == set(get_args(Update))


@pytest.mark.parametrize("layer", REGISTRIES)
def test_another_update_is_refused_by_name(layer):
    rule = "an update must be one of Semiseparable, Scan, TwoPass, not Fraction"
    with pytest.raises(NetworkError, match=rule):
        entry_of(REGISTRIES[layer], Fraction(1))  # pyright: ignore


def test_updates_have_kinds_of_their_own():
    kinds = [update.kind for update in get_args(Update)]
    assert len(set(kinds)) == len(kinds)
