# SPDX-License-Identifier: Apache-2.0
"""What arguments and files say is looked at before anything that takes long."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Network
from lmu_hw.proofs import StabilityError

MODEL = "model.safetensors"
DATA = ("--calibrate", "x.npy")
PROVABLE = import_module("lmu_hw.quantize.provable")
SIMULATE = import_module("lmu_hw.simulate.run")
WORK = (
    *((Network, name) for name in ("run", "observe", "trace")),
    *((GoldenModel, name) for name in ("run", "trace")),
    (PROVABLE, "float_gains"),
    (import_module("lmu_hw.quantize.attempts"), "prove_ranges"),
    (import_module("lmu_hw.design"), "certify"),
    (import_module("lmu_hw.simulate.stimuli"), "covering_sequences"),
    *((SIMULATE, name) for name in ("run_bench", "judge")),
)


@pytest.fixture
def no_work(monkeypatch) -> None:
    """Fail if anything is computed."""
    for owner, name in WORK:
        monkeypatch.setattr(owner, name, lambda *_, n=name, **__: pytest.fail(f"{n} was reached"))


GENERATE = ("generate", MODEL, "-o", "new", *DATA)
SWEEP = ("sweep", MODEL, "-o", "map", *DATA)
TARGET = ("--target-accuracy", "90%", "--labels", "labels.npy")
CHEAP = {
    "lanes": ((*GENERATE, "--lanes=0"), "--lanes must be at least 1"),
    "lanes of a search": ((*GENERATE, *TARGET, "--lanes=0"), "--lanes must be at least 1"),
    "a rate": ((*GENERATE, "--sample-rate=100"), "--sample-rate must come with --clock"),
    "a target": ((*GENERATE, "--target=fpga"), "--target must be one of ecp5-25k"),
    "a target of config": (("config", MODEL, "--target=fpga"), "--target must be one of ecp5-25k"),
    "a name": ((*GENERATE, "--name=module"), "must be no keyword"),
    "an option": ((*GENERATE, "--margin=0"), "--margin must be 1 to 64"),
    "two options": ((*GENERATE, "--memory-tolerance=0.1"), "--memory-tolerance must come with"),
    "an output": (("generate", MODEL, "-o", "x.npy", *DATA), "x.npy"),
    "a configuration": ((*GENERATE, "--config=nothing.toml"), "nothing.toml: cannot be read"),
    "data": (("generate", MODEL, "-o", "new", "--calibrate=wide.npy"), "wide.npy: calibration da"),
    "no labels": ((*GENERATE, "--target-accuracy=1"), "--target-accuracy needs --labels"),
    "labels": ((*GENERATE, *TARGET[:3], "few.npy"), "labels must be integers of shape (3,)"),
    "classes": ((*GENERATE, *TARGET[:3], "many.npy"), "class labels must be 0 to 1, not 0 to 7"),
    "real labels": ((*GENERATE, *TARGET[:3], "real.npy"), "--target-accuracy needs class labels"),
    "a cost": ((*GENERATE, *TARGET, "--cost=money"), "--cost must be one of"),
    "jobs": ((*GENERATE, *TARGET, "--jobs=0"), "--jobs must be at least 1"),
    "sequences": ((*SWEEP, "--search-sequences=0"), "--search-sequences must be at least 1"),
    "a range": ((*SWEEP, "--weight-bits=30:40"), "--weight-bits must be 2 to 32, not 33"),
    "labels of a sweep": ((*SWEEP, "--labels=many.npy"), "class labels must be 0 to 1"),
    "a folder of a sweep": (("sweep", MODEL, "-o", "x.npy", *DATA), "must be a folder"),
    "an option of config": (("config", MODEL, "--basis=any"), "--basis must be one of"),
    "a file of predict": (("predict", "out", "--input=x.npy", "-o", "no/y.npy"), "no folder no"),
    "data of predict": (("predict", "out", "--input=wide.npy", "-o", "y.npy"), "wide.npy: input"),
    "a seed": (("simulate", "out", "--seed=1.5"), "--seed must be a whole number"),
    "data of simulate": (
        ("simulate", "out", "--simulator=amaranth", "--input=wide.npy"),
        "wide.npy: ",
    ),
    "a window": (("simulate", "out", "--theta=-1"), "--theta must be a positive number"),
    "a design without a port": (
        ("simulate", "out", "--simulator=amaranth", "--theta=5"),
        "--reloadable",
    ),
    "a window of reload": (("reload", "out", "--theta=x", "-o", "c.hex"), "--theta must be a pos"),
    "data of report": (("report", "out", "--input=wide.npy"), "wide.npy: input must"),
    "labels of report": (("report", "out", "--input=x.npy", "--labels=few.npy"), "labels must be"),
    "a page": (("compare", "out", "out", "-o", "no/page.html"), "there is no folder no"),
}


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("case", CHEAP)
def test_what_is_cheap_to_check_comes_first(here, refused, case):
    np.save(here / "wide.npy", np.zeros((3, 8, 2)))
    np.save(here / "few.npy", np.zeros(2, int))
    np.save(here / "many.npy", np.array([0, 7, 1]))
    np.save(here / "real.npy", np.zeros((3, 2)))
    command, message = CHEAP[case]
    assert message in refused(*command)


def test_a_memory_without_certificate_is_refused_before_data_run(here, refused, monkeypatch):
    def unproved(A, *, what):
        raise StabilityError(f"{what}: no Lyapunov certificate")

    monkeypatch.setattr(PROVABLE, "float_gains", unproved)
    monkeypatch.setattr(Network, "observe", lambda *_, **__: pytest.fail("data were run"))
    target = ("--target-error=1", "--jobs=1")
    assert "lmu0.m in float: no Lyapunov certificate" in refused(*GENERATE, *target)
    assert "lmu0.m in float: no Lyapunov certificate" in refused(*GENERATE)
