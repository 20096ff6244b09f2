# SPDX-License-Identifier: Apache-2.0
"""A small design, and folders as `lmu-hw generate` and `lmu-hw simulate` leave them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.lmu import DenseLayer, Discretizer, HiddenCell, LmuLayer, Memory, Network
from lmu_hw.quantize import Options, configure
from lmu_hw.report import write_report
from lmu_hw.report.store import REPORT_FILE, replace_file
from lmu_hw.report.write import measure_folder, report_json

SEQUENCES, STEPS, INPUTS, OUTPUTS = 9, 12, 2, 3


def small_network(*, classifies: bool = True) -> Network:
    """Return a seeded network of one LMU layer with a tanh cell, and a linear layer."""
    random = np.random.default_rng(7)
    hidden = HiddenCell(
        W_m=random.normal(size=(5, 4)),
        W_x=random.normal(size=(5, INPUTS)),
        W_h=random.normal(size=(5, 5)) / 4,
        b=random.normal(size=5),
        activation="tanh",
    )
    lmu = LmuLayer(
        name="lmu",
        memory=Memory.legendre(4, 8.0, Discretizer.ZOH),
        E_x=random.normal(size=(1, INPUTS)),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=hidden,
        input_to_hidden=True,
        return_sequences=not classifies,
    )
    head = DenseLayer(name="head", W=random.normal(size=(OUTPUTS, 5)), b=None, activation="linear")
    return Network(name="small", layers=(lmu, head))


def small_input() -> np.ndarray:
    """Return (SEQUENCES, STEPS, INPUTS) seeded values in -1 to 1."""
    return np.random.default_rng(8).uniform(-1, 1, (SEQUENCES, STEPS, INPUTS))


def build(*, classifies: bool = True, **options: Any) -> Design:
    """Return the small design with some word lengths."""
    network, x = small_network(classifies=classifies), small_input()
    return Design.build(network, configure(network, x, Options(**options)), x)


def manifest(design: Design, **changes: Any) -> dict[str, Any]:
    """Return a manifest with made-up totals."""
    layer = {"lanes": 2, "cycles_per_step": 30, "multiplications_per_step": 50, "utilization": 0.9}
    return {
        "name": "small",
        "model_digest": design.network.model_digest,
        "design_digest": design.digest,
        "lanes": 4,
        "cycles_per_step": 30,
        "cycles_last_step": 40,
        "multiplications_per_step": 100,
        "multiplications_last_step": 115,
        "multiplier_utilization": 0.9,
        "coefficient_bits": 1200,
        "table_bits": 800,
        "rom_bits": 2000,
        "state_bits": 144,
        "layers": [{"name": "lmu", **layer}, {"name": "head", **layer}],
        **changes,
    }


RUN = {
    "simulator": "Icarus Verilog",
    "version": "12.0",
    "words_compared": 5234,
    "mismatches": 0,
    "first_mismatch": None,
    "cycles": 400,
    "cycles_per_step": 30.5,
}


@pytest.fixture(scope="session")
def design() -> Design:
    """The small classifier with default word lengths."""
    return build()


@pytest.fixture(scope="session")
def stream() -> Design:
    """The small network that answers at every step."""
    return build(classifies=False)


@pytest.fixture
def x() -> np.ndarray:
    """What the small design was calibrated with."""
    return small_input()


def write_folder(
    folder: Path, design: Design, runs: list[dict] | None = None, **changes: Any
) -> Path:
    """Write a design's folder as `lmu-hw generate` and `lmu-hw simulate` leave it."""
    folder.mkdir(parents=True)
    design.write(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest(design, **changes)))
    if runs is not None:
        (folder / "simulation.json").write_text(json.dumps(runs))
    return folder


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder: ``make_folder(design, name, runs=..., **manifest_changes)``."""

    def make(design: Design, name: str = "small", **parts: Any) -> Path:
        return write_folder(tmp_path / name, design, **parts)

    return make


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, design: Design) -> Path:
    """A folder with a report on given data, simulated."""
    folder = write_folder(tmp_path_factory.mktemp("given") / "small", design, [RUN])
    write_report(folder, small_input())
    return folder


@pytest.fixture(scope="session")
def unsimulated(tmp_path_factory: pytest.TempPathFactory, design: Design) -> Path:
    """A folder with a report on its calibration data, not simulated."""
    folder = write_folder(tmp_path_factory.mktemp("own") / "small", design)
    write_report(folder)
    return folder


@pytest.fixture
def run() -> dict[str, Any]:
    """A simulation without mismatch."""
    return dict(RUN)


@pytest.fixture
def make_design() -> Callable[..., Design]:
    """Build the small design with other word lengths: ``make_design(weight_bits=8)``."""
    return build


@pytest.fixture
def report_only() -> Callable[..., None]:
    """Write a folder's report.json without drawing its page: ``report_only(folder, x, labels)``."""

    def report(folder: Path, x: np.ndarray, labels: np.ndarray | None = None) -> None:
        replace_file(folder / REPORT_FILE, report_json(measure_folder(folder, x, labels)))

    return report
