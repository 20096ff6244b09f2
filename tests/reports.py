# SPDX-License-Identifier: Apache-2.0
"""A small design, folders as `lmu-hw` commands leave them, and reports on them."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hw.design import Design
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import rtl_digest, rtl_files
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.measure import Report, measure
from lmu_hw.proofs import read_summary, summary_json
from lmu_hw.prove.claims import Lemma, Part, ProofResult, Status, write_proof
from lmu_hw.quantize import Options, configure
from lmu_hw.report.certificates import with_certificates
from lmu_hw.report.compare import Comparison
from lmu_hw.report.compare_rows import Row
from lmu_hw.report.write import measure_folder, report_json
from tests import networks
from tests.resealed import change_manifest

SEQUENCES, STEPS, INPUTS, OUTPUTS = 9, 12, 2, 3


def small_network(*, classifies: bool = True) -> Network:
    """Return a seeded network of one LMU layer with a tanh cell, and a linear layer."""
    random = np.random.default_rng(7)
    hidden = SimpleCell(
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


def small_design(*, classifies: bool = True, **options: Any) -> Design:
    """Return the small design with some word lengths."""
    network, x = small_network(classifies=classifies), small_input()
    return Design.build(network, configure(network, x, Options(**options)), x)


RUN = {
    "simulator": "Icarus Verilog",
    "version": "12.0",
    "words_compared": 5234,
    "mismatches": 0,
    "first_mismatch": None,
    "failure": "",
    "cycles": 400,
    "cycles_per_step": 30,
    "steps": 12,
    "input_steps": 0,
    "input_steps_given": 0,
    "coverage": {
        "saturation": {"lmu.u": {"low": "reached", "high": "not reached"}},
        "tables": {"lmu.h": {"read": 60, "possible": 64}},
        "resets": {"all": 9, "idle": 0},
        "stalls": {"a beat waits": 12},
    },
}


def copy_folder(
    emitted: Path, folder: Path, runs: list[dict] | None = None, **changes: Any
) -> Path:
    """Copy a design's folder, with simulation results, and with changes of its manifest."""
    shutil.copytree(emitted, folder)
    change_manifest(folder, lambda manifest: manifest.update(changes))
    if runs is not None:
        design = DesignFolder(folder)
        design.results.write(design.SIMULATION, json.dumps(runs).encode())
    return folder


def report_only(folder: Path, x: np.ndarray, labels: np.ndarray | None = None) -> None:
    """Write a folder's report.json without drawing its page."""
    target = DesignFolder(folder)
    text = report_json(measure_folder(target, x, labels))
    target.results.write(target.REPORT, text.encode())


def proved_folder(folder: Path, *statuses: Status) -> Path:
    """Leave a proof in a folder: a claim of each part, of which some have another status."""
    target = DesignFolder(folder)
    lemmas = [
        Lemma(part=part, claim=f"the claim of {part.value}", status=Status.SHOWN) for part in Part
    ]
    lemmas += [Lemma(part=Part.DATA, claim="any pauses", status=status) for status in statuses]
    rtl = rtl_digest(rtl_files(target))
    write_proof(
        target, ProofResult(design="small", rtl=rtl, certificate="1" * 64, lemmas=tuple(lemmas))
    )
    return folder


def certified(
    design: Design, x: np.ndarray, tamper: Callable[[dict[str, Any]], None] | None = None
) -> Report:
    """Measure a design and certify it, without Verilog.

    `tamper` changes the certificate before it is read.
    """
    claims = summary_json(design.certify(), "")
    if tamper is not None:
        tamper(claims)
    summary, where = read_summary(claims), Path(design.network.name)
    return with_certificates(measure(design, x), design.network, summary, where=where)


def memory_design(options: dict[str, Any], **layers: Any) -> tuple[Design, np.ndarray]:
    """Return a small network from `networks`, quantized, with its noise."""
    net = networks.network(**layers)
    x = 0.9 * networks.noise(net, sequences=10, steps=60)
    return Design.build(net, configure(net, x, Options(**options)), x), x


def feedback_design() -> tuple[Design, np.ndarray]:
    """Return a network whose states and hidden units feed back into u, with its input."""
    return memory_design({}, hidden_to_memory=True, memory_to_memory=True, dense=1)


def assert_alone(page: str) -> None:
    """Assert that a page needs nothing from outside itself."""
    assert page.startswith("<!DOCTYPE html>")
    outside = r"<script[^>]|<link|<img|<iframe|@import|url\(|\bsrc=|https?:|fetch|XMLHttp"
    assert re.search(outside, page) is None


def row(comparison: Comparison, key: str) -> Row:
    """Return the row of a quantity."""
    rows = (*comparison.errors, *comparison.costs, *comparison.proofs, *comparison.signals)
    return next(entry for entry in rows if entry.key == key)


def small_labels() -> np.ndarray:
    """Return a seeded class for each sequence of `small_input`."""
    return np.random.default_rng(9).integers(0, OUTPUTS, SEQUENCES)
