# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from lmu_hw.errors import LoadError, NetworkError
from lmu_hw.report import compare
from tests.reports import report_only, row, small_design


def test_a_single_folder_is_no_list_of_letters():
    with pytest.raises(NetworkError, match="two or more folders in a list, not 'out'"):
        compare("out")


def test_the_verdict_says_who_is_better_at_what(folders):
    comparison = compare(folders)
    assert comparison.names == ("fine", "coarse")
    assert row(comparison, "sqnr").best == (0,)
    assert row(comparison, "rom_bits").best == (1,)
    assert comparison.verdict[0].startswith("fine is better at")
    assert "output SQNR" in comparison.verdict[0]
    assert comparison.verdict[1].startswith("coarse is better at coefficient bits (")
    assert "ROM bits (1,000 against 2,000)" in comparison.verdict[1]


def test_equal_numbers_are_a_tie(folders):
    comparison = compare(folders)
    assert row(comparison, "cycles_per_step").is_tie
    tie = next(text for text in comparison.verdict if text.startswith("Tie:"))
    assert "cycles per step (" in tie


def test_only_shared_signals_are_compared(folders):
    names = [entry.key for entry in compare(folders).signals]
    own = ["x", "lmu.u", "lmu.m", "lmu.z", "lmu.h", "head.y"]
    assert names == [*own, "what lmu.h reads of lmu.m"]


def test_errors_on_different_data_are_not_judged_but_costs_are(folders, x):
    report_only(folders[1], x[:5])
    comparison = compare(folders)
    assert "different data" in comparison.notes[0]
    assert all(entry.best == () for entry in (*comparison.errors, *comparison.signals))
    assert row(comparison, "rom_bits").best == (1,)


def test_different_labels_leave_only_the_metric_unjudged(folders, x):
    report_only(folders[0], x, np.zeros(9, int))
    report_only(folders[1], x, np.ones(9, int))
    comparison = compare(folders)
    assert "labels differ" in comparison.notes[0]
    assert row(comparison, "task").best == ()
    assert row(comparison, "sqnr").best == (0,)


def test_the_task_metric_is_compared_on_the_same_labels(folders, x):
    for folder in folders:
        report_only(folder, x, np.zeros(9, int))
    entry = row(compare(folders), "task")
    assert (entry.label, entry.higher_is_better) == ("Accuracy", True)
    assert entry.best != ()


def test_folders_of_one_name_are_told_apart(make_folder, design, x):
    folders = [make_folder(design, name) for name in ("a/rtl", "b/rtl")]
    for folder in folders:
        report_only(folder, x)
    assert compare(folders).names == ("a/rtl", "b/rtl")


def test_three_designs_can_share_the_best(folders, make_folder, x):
    third = make_folder(small_design(weight_bits=10), "third", rom_bits=1000)
    report_only(third, x)
    comparison = compare([*folders, third])
    assert row(comparison, "rom_bits").best == (1, 2)
    assert any(
        text.startswith("coarse and third are equally good, and best, at ROM bits")
        for text in comparison.verdict
    )


def test_a_missing_report_says_what_to_run(make_folder, design, folders):
    with pytest.raises(LoadError, match=r"run 'lmu-hw report .*new' first"):
        compare([folders[0], make_folder(design, "new")])


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_folders_are_refused(folders, count):
    with pytest.raises(NetworkError, match="two or more different folders"):
        compare(folders[:count])


def test_a_folder_beside_itself_is_refused(folders):
    with pytest.raises(NetworkError, match="two or more different folders"):
        compare([folders[0], folders[0]])
