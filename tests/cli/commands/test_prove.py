# SPDX-License-Identifier: Apache-2.0
"""`lmu-hw prove`: 1 unless everything was shown, 2 for bad input."""

from __future__ import annotations

import json


def test_a_small_network_is_proved(run, here):
    answer = run("prove", "out")
    assert answer.status == 0, answer.out
    assert ": proved in " in answer.out.splitlines()[-1]
    assert json.loads((here / "out/proof.json").read_text())["proved"] is True


def test_a_coefficient_that_was_changed_is_refuted(run, here):
    weights = here / "out/rtl/tiny__lmu0_weights.hex"
    first, *others = weights.read_text().splitlines()
    weights.write_text("\n".join([f"{int(first, 16) ^ 1:0{len(first)}x}", *others, ""]))
    answer = run("prove", "out")
    assert answer.status == 1
    assert "refuted: lmu0.u[0] of step 0: hardware" in answer.out.splitlines()[-1]
    assert json.loads((here / "out/proof.json").read_text())["proved"] is False


def test_a_folder_without_a_design_is_refused(refused, tmp_path):
    assert "lmu-hw generate" in refused("prove", tmp_path)
