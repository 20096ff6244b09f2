# SPDX-License-Identifier: Apache-2.0
"""Every realization is known by its name, wherever one is named."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.network import Update
from lmu_hw.realize import REALIZATIONS, AnyRealization, DenseRealization, Realization, realization

ROOT = Path(__file__).parents[2]


def test_the_user_may_choose_every_realization_or_leave_it_open():
    assert {choice.value for choice in Realization} == {*REALIZATIONS, "auto"}


def test_the_configuration_may_hold_every_realization():
    assert set(REALIZATIONS.values()) == set(get_args(AnyRealization))


def test_every_update_has_a_realization_of_its_name():
    kinds = {update.kind for update in get_args(Update)}
    assert kinds == set(REALIZATIONS) - {DenseRealization.kind}


@pytest.mark.parametrize("name", ["auto", "Dense", "", None, ["dense"]])
def test_another_name_is_refused_with_those_that_there_are(name):
    with pytest.raises(ConfigError, match="must be one of dense, two-pass, scan, semiseparable, n"):
        realization(name)


@pytest.mark.parametrize("name", REALIZATIONS)
def test_the_documents_name_every_realization(name):
    assert f"`{name}`" in (ROOT / "docs" / "memory.md").read_text()


@pytest.mark.parametrize("name", REALIZATIONS)
def test_the_help_says_of_every_realization_what_it_is(name):
    from lmu_hw.cli.parser import build_parser

    assert f"{name} ({REALIZATIONS[name].help})" in " ".join(
        action.help or ""
        for parser in build_parser()._subparsers._group_actions[0].choices.values()  # pyright: ignore
        for action in parser._actions
    )
