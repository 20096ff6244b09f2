# SPDX-License-Identifier: Apache-2.0
import json
import re

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, LoadError, NetworkError
from lmu_hw.folder import DesignFolder
from lmu_hw.report import compare, write_comparison
from lmu_hw.report.json_file import read_report
from tests.reports import memory_design, report_only, small_design


@pytest.fixture
def folders(make_folder, x):
    """Two reported designs: eight-bit weights, cheaper; and default ones, more accurate."""
    found = []
    for name, bits, rom in (("fine", 12, 2000), ("coarse", 6, 1000)):
        folder = make_folder(small_design(weight_bits=bits), name, rom_bits=rom)
        report_only(folder, x)
        found.append(folder)
    return found


def test_a_single_folder_is_no_list_of_letters():
    with pytest.raises(NetworkError, match="two or more folders in a list, not 'out'"):
        compare("out")


def row(comparison, key):
    rows = (*comparison.errors, *comparison.costs, *comparison.proofs, *comparison.signals)
    return next(entry for entry in rows if entry.key == key)


def test_the_verdict_says_who_is_better_at_what(folders):
    comparison = compare(folders)
    assert comparison.names == ("fine", "coarse")
    assert row(comparison, "sqnr").best == (0,)
    assert row(comparison, "rom_bits").best == (1,)
    assert comparison.verdict[0].startswith("fine is better at")
    assert "output SQNR" in comparison.verdict[0]
    assert comparison.verdict[1].startswith("coarse is better at coefficient bits (")
    assert "ROM bits (1\u202f000 against 2\u202f000)" in comparison.verdict[1]


def test_equal_numbers_are_a_tie(folders):
    comparison = compare(folders)
    assert row(comparison, "cycles_per_step").is_tie
    tie = next(text for text in comparison.verdict if text.startswith("Tie:"))
    assert "cycles per step (" in tie


def test_only_shared_signals_are_compared(folders):
    names = [entry.key for entry in compare(folders).signals]
    assert names == ["x", "lmu.u", "lmu.m", "lmu.z", "lmu.h", "head.y"]


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


def test_only_a_page_of_this_tool_is_replaced(folders, tmp_path):
    page = tmp_path / "comparison.html"
    for _ in range(2):
        write_comparison(folders, page)
    page.write_text("<html>mine</html>")
    with pytest.raises(ConfigError, match=r"comparison\.html: would be overwritten, but is no"):
        write_comparison(folders, page)
    assert page.read_text() == "<html>mine</html>"


def test_the_page_is_deterministic_and_needs_nothing_from_outside(folders, tmp_path):
    pages = []
    for name in ("one.html", "two.html"):
        write_comparison(folders, tmp_path / name)
        pages.append((tmp_path / name).read_text())
    assert pages[0] == pages[1]
    assert pages[0].count("<svg") == 2
    assert re.search(r"<script|<link|<img|@import|url\((?!#)|\bsrc=", pages[0]) is None
    assert str(tmp_path) not in pages[0]


def test_certificates_are_compared_whatever_the_data(folders, x):
    report_only(folders[1], x[:5])
    comparison = compare(folders)
    assert [entry.key for entry in comparison.proofs] == [
        "proved:lmu.m",
        "bound:lmu.m",
        "certified:lmu.m",
        "radius:lmu.m",
        "residue:lmu.m",
    ]
    assert row(comparison, "certified:lmu.m").best == (0,)
    assert row(comparison, "proved:lmu.m").is_tie
    assert row(comparison, "bound:lmu.m").best == row(comparison, "radius:lmu.m").best == ()
    assert comparison.verdict[-2:] == (
        "Of 1 memory, proved free of overflow: 1 in every design.",
        "The certified error of 1 signal is smaller with fine in 1, coarse in 0; 0 ties.",
    )


def test_certified_errors_of_word_lengths_compare_as_shares_of_full_scale(make_folder, x):
    folders = []
    for bits in (10, 16):
        folders.append(make_folder(small_design(state_bits=bits), f"states{bits}"))
        report_only(folders[-1], x)
    entry = row(compare(folders), "certified:lmu.m")
    assert entry.best == (1,)
    signals = [read_report(DesignFolder(folder)).signals[2] for folder in folders]
    assert entry.values == pytest.approx(
        [max(signal.certified.total) * signal.ulp / signal.format_max for signal in signals],
        rel=1e-6,
    )


def test_a_memory_that_saturates_is_worse(folders, make_folder, x):
    folder = DesignFolder(folders[1])
    document = json.loads((folder.path / folder.REPORT).read_text())
    document["memories"][0]["proof"]["proved"] = False
    folder.results.write(folder.REPORT, json.dumps(document).encode())
    comparison = compare(folders)
    assert row(comparison, "proved:lmu.m").best == (0,)
    assert row(comparison, "proved:lmu.m").texts == ("proved", "not proved")
    assert "Of 1 memory, proved free of overflow: 1 with fine, 0 with coarse." in comparison.verdict


def test_heads_and_loops_are_compared_too(make_folder, feedback):
    folders, linear = [], memory_design({}, hidden="none", dense=1)
    for name, (design, data) in (("loop", feedback), ("head", linear)):
        for copy in ("a", "b"):
            folders.append(make_folder(design, f"{name}_{copy}"))
            report_only(folders[-1], data)
    loops, heads = compare(folders[:2]), compare(folders[2:])
    assert row(loops, "loop:lmu0.m").label == "Loop of lmu0.m through u"
    assert (
        row(loops, "certified:lmu0.m").label == "Certified error of lmu0.m given u, of full scale"
    )
    assert row(heads, "certified:dense.y").label == "Certified error of dense.y, of full scale"
    assert row(heads, "certified:dense.y").is_tie
