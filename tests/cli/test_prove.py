# SPDX-License-Identifier: Apache-2.0
"""`lmu-hw prove`: 1 unless everything was shown, 2 for bad input."""

from __future__ import annotations

import json

import pytest


def test_what_was_not_shown_is_named(run, here):
    answer = run("prove", "out", "--steps", "1")
    assert answer.status == 1
    assert "not shown: the same for any pauses" in answer.out
    *_, last = answer.out.splitlines()
    assert "claims are shown in" in last and "not shown: " in last
    assert json.loads((here / "out/proof.json").read_text())["proved"] is False


@pytest.mark.usefixtures("here")
def test_steps_must_be_at_least_one(refused):
    assert "--steps must be" in refused("prove", "out", "--steps", "0")


def test_a_folder_without_a_design_is_refused(refused, tmp_path):
    assert "lmu-hw generate" in refused("prove", tmp_path)
