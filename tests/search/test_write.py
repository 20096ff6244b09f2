# SPDX-License-Identifier: Apache-2.0
"""The folder of a sweep: its own files and no others, the same bytes every time."""

from __future__ import annotations

import json

import pytest

import lmu_hw
from lmu_hw.errors import ConfigError
from lmu_hw.search import SweepReport
from lmu_hw.search.write import sweep_json
from tests.search.cases import files


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


def test_a_sweep_without_any_design_is_written_as_well(classifier, tmp_path):
    report = lmu_hw.sweep(
        classifier.network, classifier.x[:20], activation_bits=[20, 21], directory=tmp_path
    )
    assert (report.front, report.measure, report.float_score) == ((), None, None)
    assert "must have at most 20 address bits" in (tmp_path / "sweep.html").read_text()


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


def test_equal_reports_are_equal_texts(swept):
    report, folder = swept
    assert isinstance(report, SweepReport)
    assert sweep_json(report) == (folder / "sweep.json").read_text()
