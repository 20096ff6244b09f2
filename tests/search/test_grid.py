# SPDX-License-Identifier: Apache-2.0
"""Sweeps: every combination, the front, and the same bytes whoever computes and however often."""

from __future__ import annotations

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.measure import measure
from tests.search.cases import GRID, files


def test_every_combination_is_measured_as_a_report_measures_it(swept, classifier):
    report, _ = swept
    assert len(report.points) == 3 * 2 * 2
    assert [point.lengths for point in report.points] == sorted(p.lengths for p in report.points)
    point = report.points[5]
    options = dict(zip(GRID, point.lengths.bits, strict=True))
    design = lmu_hw.quantize(classifier.network, classifier.x, **options)
    expected = measure(design, classifier.x, classifier.labels)
    assert point.task.fixed_score == expected.task.fixed_score
    assert point.task.nrmse_to_float == pytest.approx(expected.task.nrmse_to_float, rel=1e-6)
    assert report.data == expected.data
    assert report.model_digest == expected.model_digest


def test_memory_bits_follow_the_weights_unless_given(classifier):
    def swept_bits(**options):
        report = lmu_hw.sweep(classifier.network, classifier.x[:5], **options)
        return [point.lengths.bits[:2] for point in report.points]

    assert swept_bits(weight_bits=[6, 8]) == [(6, 6), (8, 8)]
    assert swept_bits(weight_bits=[6, 8], memory_bits=9) == [(6, 9), (8, 9)]
    assert swept_bits(weight_bits=np.int64(6), memory_bits=None) == [(6, 6)]


def test_a_stream_is_judged_by_its_error_or_by_its_targets(stream):
    options = {"weight_bits": [5, 8], "sequences": 50}
    to_float = lmu_hw.sweep(stream.network, stream.x, **options)
    assert (to_float.measure, to_float.float_score) == ("nrmse_to_float", None)
    assert to_float.points[0].score > to_float.points[1].score
    targets = stream.network.run(stream.x) + 0.001
    to_targets = lmu_hw.sweep(stream.network, stream.x, targets, **options)
    assert to_targets.measure == "nrmse"
    assert to_targets.float_score == pytest.approx(0.001 / np.sqrt(np.mean(targets**2)), rel=0.2)
    assert to_targets.points[0].score > to_targets.points[1].score


def test_processes_do_not_change_a_byte(swept, classifier, tmp_path):
    lmu_hw.sweep(
        classifier.network, classifier.x, classifier.labels, directory=tmp_path, jobs=2, **GRID
    )
    assert files(tmp_path) == files(swept[1])


@pytest.mark.filterwarnings("ignore")  # of an outside package
def test_a_dask_cluster_does_not_change_a_byte(swept, classifier, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        lmu_hw.sweep(
            classifier.network,
            classifier.x,
            classifier.labels,
            directory=tmp_path,
            scheduler=cluster.scheduler_address,
            **GRID,
        )
    assert files(tmp_path) == files(swept[1])


@pytest.mark.parametrize("bits", [1, 33])
def test_word_lengths_that_no_option_allows_are_refused(classifier, tmp_path, bits):
    with pytest.raises(ConfigError, match=f"`state_bits` must be 2 to 32, not {bits}"):
        lmu_hw.sweep(classifier.network, classifier.x, state_bits=[8, bits], directory=tmp_path)
    assert files(tmp_path) == {}


def test_labels_that_do_not_fit_are_refused(classifier):
    with pytest.raises(NetworkError, match="class labels must be 0 to 2, not 7 to 7"):
        lmu_hw.sweep(classifier.network, classifier.x, np.full(600, 7), weight_bits=5)
