# SPDX-License-Identifier: Apache-2.0
"""A classifier to search, and its sweep, as fixtures: conftest files import them."""

from __future__ import annotations

from pathlib import Path

import pytest

import lmu_hw
from lmu_hw.search import SweepReport
from tests import networks
from tests.search.cases import GRID, Case

__all__ = ["SEQUENCES", "STEPS", "classifier", "swept"]

SEQUENCES, STEPS = 600, 6


@pytest.fixture(scope="session")
def classifier() -> Case:
    """Answers once; three classes, of which float gets nineteen in twenty right."""
    net = networks.network(order=3, units=3, dense=3, return_sequences=False)
    x = networks.noise(net, sequences=SEQUENCES, steps=STEPS)
    labels = net.run(x).argmax(axis=-1)
    labels[::20] = (labels[::20] + 1) % 3
    return Case(net, x, labels)


@pytest.fixture(scope="session")
def swept(classifier, tmp_path_factory) -> tuple[SweepReport, Path]:
    """A folder with the sweep of the classifier."""
    folder = tmp_path_factory.mktemp("sweep") / "map"
    report = lmu_hw.sweep(
        classifier.network, classifier.x, classifier.labels, directory=folder, **GRID
    )
    return report, folder
