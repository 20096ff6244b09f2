# SPDX-License-Identifier: Apache-2.0
"""The journal of a sweep: nothing is measured twice, and nothing else passes for a journal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import ConfigError
from tests.search.cases import GRID, Interrupt, files


@pytest.mark.parametrize("torn", [b"", b'{"lengths": {"weight_b'])
def test_an_interrupted_sweep_goes_on_and_ends_with_the_same_bytes(
    swept, classifier, tmp_path, torn
):
    def again(progress):
        return lmu_hw.sweep(
            classifier.network,
            classifier.x,
            classifier.labels,
            directory=tmp_path,
            progress=progress,
            **GRID,
        )

    with pytest.raises(KeyboardInterrupt):
        again(Interrupt(5))
    assert set(files(tmp_path)) == {"sweep.journal"}
    with (tmp_path / "sweep.journal").open("ab") as file:
        file.write(torn)
    rest = Interrupt(-1)
    again(rest)
    assert rest.points[0] == 5
    assert files(tmp_path) == files(swept[1])


def test_a_larger_grid_goes_on_from_a_smaller_one(swept, classifier, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        lmu_hw.sweep(
            classifier.network,
            classifier.x,
            classifier.labels,
            directory=tmp_path,
            progress=Interrupt(3),
            **{**GRID, "weight_bits": [5, 6]},
        )
    rest = Interrupt(-1)
    lmu_hw.sweep(
        classifier.network,
        classifier.x,
        classifier.labels,
        directory=tmp_path,
        progress=rest,
        **GRID,
    )
    assert rest.points[0] == 3
    assert files(tmp_path) == files(swept[1])


def change(kind, classifier):
    """Return network, data, labels and options of another sweep."""
    net, x, labels, options = classifier.network, classifier.x, classifier.labels, {}
    if kind == "model":
        layer, head = net.layers
        net = replace(net, layers=(layer, replace(head, W=2 * head.W)))
    elif kind == "data":
        x = x + 0.01
    elif kind == "labels":
        labels = np.roll(labels, 1)
    elif kind == "no labels":
        labels = None
    elif kind == "options":
        options = {"margin": 1.5}
    else:
        options = {"sequences": 100}
    return net, x, labels, options


@pytest.mark.parametrize(
    "kind", ["model", "data", "labels", "no labels", "options", "fewer sequences"]
)
def test_the_journal_of_another_sweep_is_refused(classifier, tmp_path, kind):
    def run(net, x, labels, **options):
        return lmu_hw.sweep(
            net, x, labels, directory=tmp_path, weight_bits=[5, 6], progress=Interrupt(1), **options
        )

    with pytest.raises(KeyboardInterrupt):
        run(classifier.network, classifier.x, classifier.labels)
    before = files(tmp_path)
    net, x, labels, options = change(kind, classifier)
    with pytest.raises(ConfigError, match="sweep.journal: belongs to a sweep of another model"):
        run(net, x, labels, **options)
    assert files(tmp_path) == before
    with pytest.raises(KeyboardInterrupt):
        run(net, x, labels, restart=True, **options)
    assert files(tmp_path) != before


@pytest.mark.parametrize(
    "text", ["[]\n", "words\n", "words", '{"version": 1}\n', '{"lmu_hw_sweep": 1}\n{}\n']
)
def test_a_file_that_is_no_journal_is_refused(classifier, tmp_path, text):
    (tmp_path / "sweep.journal").write_text(text)
    with pytest.raises(ConfigError, match="sweep.journal: must be the journal of a sweep; move"):
        lmu_hw.sweep(classifier.network, classifier.x, directory=tmp_path)
    assert (tmp_path / "sweep.journal").read_text() == text


def test_a_journal_whose_first_line_was_cut_off_is_begun_again(classifier, tmp_path):
    (tmp_path / "sweep.journal").write_text('{"lmu_hw_sw')
    lmu_hw.sweep(classifier.network, classifier.x[:20], directory=tmp_path, weight_bits=5)
    assert set(files(tmp_path)) == {"sweep.json", "sweep.html", "sweep.ledger"}


def test_a_restart_forgets_no_file_but_a_journal(classifier, tmp_path):
    (tmp_path / "sweep.journal").write_text("mine")
    with pytest.raises(ConfigError, match="must be the journal of a sweep; move it away"):
        lmu_hw.sweep(classifier.network, classifier.x, directory=tmp_path, restart=True)
    assert (tmp_path / "sweep.journal").read_text() == "mine"
