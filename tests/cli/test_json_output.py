# SPDX-License-Identifier: Apache-2.0
"""Every command that prints a table prints one JSON document where it is asked to."""

from __future__ import annotations

import json

import pytest

from lmu_hw.cli.arguments import TABLES
from lmu_hw.cli.commands import COMMANDS
from lmu_hw.cli.json_output import document
from lmu_hw.measure.implementation import Routed

FORMATS = ("--weight-bits=6", "--state-bits=8", "--activation-bits=6")


def test_records_become_values_and_the_text_is_sorted():
    text = document("sweep", 1, [Routed(seed=1, mhz=2.5)])
    assert json.loads(text) == {
        "command": "sweep",
        "lmu_hw": json.loads(text)["lmu_hw"],
        "result": [{"seed": 1, "mhz": 2.5}],
        "status": 1,
    }
    assert list(json.loads(text)) == sorted(json.loads(text))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("inspect", "model.safetensors"), {"layers", "inputs", "notes"}),
        (("inspect", "out"), {"layers", "files", "rom_bits"}),
        (("generate", "model.safetensors", "-o", "new", "--calibrate=x.npy", *FORMATS),
         {"manifest", "first_look"}),
        (("report", "out", "--input=x.npy", "--labels=labels.npy"), {"task", "signals"}),
        (("sweep", "model.safetensors", "-o", "map", "--calibrate=x.npy", "--weight-bits=5:6",
          *FORMATS[1:]), {"points", "cost"}),
    ],
)  # fmt: skip
def test_a_command_prints_its_result(run, arguments, keys):
    answer = run(*arguments, "--json")
    found = json.loads(answer.out)
    assert (answer.status, found["status"], found["command"]) == (0, 0, arguments[0])
    assert keys <= set(found["result"])
    assert len(answer.err.splitlines()) > 3  # the tables


@pytest.mark.usefixtures("here")
def test_verify_and_compare_print_lists_and_a_comparison(run):
    assert run("report", "out").status == 0
    verdicts = json.loads(run("verify", "out", "--json").out)["result"]
    assert all(verdict["holds"] for verdict in verdicts) and len(verdicts) > 3
    assert run("generate", "model.safetensors", "-o", "b", "--calibrate=x.npy").status == 0
    assert run("report", "b").status == 0
    found = json.loads(run("compare", "out", "b", "--json").out)["result"]
    assert found["names"] == ["out", "b"]


def test_what_fails_leaves_stdout_empty(run, tmp_path):
    answer = run("inspect", tmp_path / "none.keras", "--json")
    assert (answer.status, answer.out) == (2, "")


def test_every_command_with_a_table_has_it(run):
    assert {name for name in COMMANDS if "--json" in run(name, "--help").out} == TABLES
