# SPDX-License-Identifier: Apache-2.0
"""Sweeps: every combination, the front, and the same bytes whoever computes and however often."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.measure import measure
from lmu_hw.search import Cost, SweepReport
from lmu_hw.search.points import with_front
from lmu_hw.search.write import sweep_json

GRID = {
    "weight_bits": range(4, 7),
    "memory_bits": [5, 8],
    "state_bits": [6, 9],
    "activation_bits": 5,
}


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def swept(classifier, tmp_path_factory):
    """A folder with the sweep of the classifier."""
    folder = tmp_path_factory.mktemp("sweep") / "map"
    report = lmu_hw.sweep(
        classifier.network, classifier.x, classifier.labels, directory=folder, **GRID
    )
    return report, folder


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


def test_the_files_are_sorted_and_name_nothing_of_the_machine(swept):
    report, folder = swept
    assert set(files(folder)) == {"sweep.json", "sweep.html", "sweep.ledger"}
    document = json.loads((folder / "sweep.json").read_text())
    assert list(document) == sorted(document)
    assert document["version"] == 1
    assert document["measure"] == "accuracy"
    assert len(document["points"]) == len(report.points)
    for data in files(folder).values():
        assert str(folder).encode() not in data


def test_the_page_needs_nothing_from_outside(swept):
    page = (swept[1] / "sweep.html").read_text()
    assert page.count("<svg") == 1
    assert re.search(r"<script|<link|<img|<iframe|@import|url\((?!#)|\bsrc=", page) is None
    for point in swept[0].front:
        assert f">{point.lengths}</text>" in page


@pytest.mark.parametrize("cost", Cost)
def test_the_front_is_what_comparing_everything_finds(swept, cost):
    points = with_front(swept[0].points, cost)

    def beats(a, b) -> bool:
        no_worse = a.costs.get(cost) <= b.costs.get(cost) and a.loss <= b.loss
        return no_worse and (a.costs.get(cost), a.loss) != (b.costs.get(cost), b.loss)

    undominated = [point for point in points if not any(beats(other, point) for other in points)]
    expected = {(point.costs.get(cost), point.loss) for point in undominated}
    front = [point for point in points if point.pareto]
    assert {(point.costs.get(cost), point.loss) for point in front} == expected
    assert len(front) == len(expected)


def test_of_equal_designs_the_one_that_is_cheaper_otherwise_is_on_the_front(swept):
    point = swept[0].points[0]
    dear = replace(point, costs=replace(point.costs, multiplier_area=10**9), pareto=False)
    other = replace(dear, lengths=replace(dear.lengths, weight_bits=2))
    marked = with_front([other, point], Cost.STATE_BITS)
    assert [one.pareto for one in marked] == [False, True]


def test_word_lengths_without_a_design_are_rows_with_the_reason(classifier):
    report = lmu_hw.sweep(classifier.network, classifier.x[:20], activation_bits=[6, 20])
    good, bad = report.points
    assert good.reason is None and good.pareto
    assert "must have at most 20 address bits" in bad.reason
    assert (bad.costs, bad.task, bad.pareto) == (None, None, False)


def test_a_sweep_without_any_design_is_written_as_well(classifier, tmp_path):
    report = lmu_hw.sweep(
        classifier.network, classifier.x[:20], activation_bits=[20, 21], directory=tmp_path
    )
    assert (report.front, report.measure, report.float_score) == ((), None, None)
    assert "must have at most 20 address bits" in (tmp_path / "sweep.html").read_text()


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


class Interrupt:
    """Ends a sweep as Ctrl-C does, after some points."""

    def __init__(self, after: int) -> None:
        self.after, self.points = after, []

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage == "points":
            self.points.append(done)
            if done == self.after:
                raise KeyboardInterrupt


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


@pytest.mark.parametrize("name", ["sweep.json", "sweep.html"])
def test_a_sweep_replaces_only_what_a_sweep_wrote(classifier, tmp_path, name):
    def again():
        lmu_hw.sweep(classifier.network, classifier.x[:20], directory=tmp_path, weight_bits=5)

    again()
    again()
    (tmp_path / name).write_text("mine")
    before = files(tmp_path)
    with pytest.raises(ConfigError, match=f"{name}: would be overwritten, but this tool did not"):
        again()
    assert files(tmp_path) == before


def test_other_files_of_the_folder_stay(classifier, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    lmu_hw.sweep(classifier.network, classifier.x[:20], directory=tmp_path, weight_bits=5)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("target", ["", "file", "file/map"])
def test_a_folder_that_cannot_be_is_refused_before_anything_runs(classifier, tmp_path, target):
    (tmp_path / "file").write_text("mine")
    directory = target and tmp_path / target
    with pytest.raises(ConfigError, match="the output must be"):
        lmu_hw.sweep(classifier.network, classifier.x, directory=directory, weight_bits=5)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("bits", [1, 33])
def test_word_lengths_that_no_option_allows_are_refused(classifier, tmp_path, bits):
    with pytest.raises(ConfigError, match=f"`state_bits` must be 2 to 32, not {bits}"):
        lmu_hw.sweep(classifier.network, classifier.x, state_bits=[8, bits], directory=tmp_path)
    assert files(tmp_path) == {}


def test_labels_that_do_not_fit_are_refused(classifier):
    with pytest.raises(NetworkError, match="class labels must be 0 to 2, not 7 to 7"):
        lmu_hw.sweep(classifier.network, classifier.x, np.full(600, 7), weight_bits=5)


def test_equal_reports_are_equal_texts(swept):
    report, folder = swept
    assert isinstance(report, SweepReport)
    assert sweep_json(report) == (folder / "sweep.json").read_text()
