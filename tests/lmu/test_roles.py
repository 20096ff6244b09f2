# SPDX-License-Identifier: Apache-2.0
"""Names of nodes are made of roles, and a name says one role."""

from __future__ import annotations

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu.roles import Role, node_name, pre_activation, role_of


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_a_name_says_its_role(role):
    assert role_of("cell", node_name("cell", role)) is role


@pytest.mark.parametrize("name", ["cell", "cell.", "cell.x", "other.m", "cell.m.m", "cell.MEMORY"])
def test_another_name_says_none(name):
    with pytest.raises(NetworkError, match="a node of cell must be called cell and, behind a dot"):
        role_of("cell", name)


def test_every_role_has_words():
    assert all(role.words for role in Role)


def test_what_enters_an_activation_is_called_after_it():
    assert pre_activation("cell", Role.HIDDEN) == "cell.z"
    assert pre_activation("cell", Role.INPUT_GATE) == "cell.i_pre"
