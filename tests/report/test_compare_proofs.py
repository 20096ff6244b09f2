# SPDX-License-Identifier: Apache-2.0
"""Certificates of several designs, side by side."""

import json

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.prove.claims import Status
from lmu_hw.report import compare
from lmu_hw.report.json_file import read_report
from tests.reports import memory_design, proved_folder, report_only, row, small_design


def test_certificates_are_compared_whatever_the_data(folders, x):
    report_only(folders[1], x[:5])
    comparison = compare(folders)
    assert [entry.key for entry in comparison.proofs] == [
        "proved:lmu.m",
        "bound:lmu.m",
        "radius:lmu.m",
        "residue:lmu.m",
        "certified:lmu.h of lmu.m",
        "certified:lmu.u",
    ]
    assert row(comparison, "certified:lmu.h of lmu.m").best == (0,)
    assert row(comparison, "proved:lmu.m").is_tie
    assert row(comparison, "bound:lmu.m").best == row(comparison, "radius:lmu.m").best == ()
    assert comparison.verdict[-2:] == (
        "Of 1 memory, proved free of overflow: 1 in every design.",
        "The certified error of 2 signals is smaller with fine in 2, coarse in 0; 0 ties.",
    )


def test_certified_errors_of_read_outs_compare_as_shares_of_full_scale(make_folder, x):
    folders = []
    for bits in (8, 12):
        folders.append(make_folder(small_design(memory_bits=bits), f"memory{bits}"))
        report_only(folders[-1], x)
    entry = row(compare(folders), "certified:lmu.h of lmu.m")
    assert entry.best == (1,)
    reports = [read_report(DesignFolder(folder)) for folder in folders]
    readouts = [report.memories[0].readouts[0] for report in reports]
    assert entry.values == pytest.approx(
        [max(readout.proof.error) / readout.full_scale for readout in readouts], rel=1e-6
    )


def test_states_read_through_a_fit_are_not_compared_but_what_is_read_is(make_folder, x):
    folders = []
    for refit in (True, False):
        folders.append(make_folder(small_design(refit=refit), f"refit_{refit}"))
        report_only(folders[-1], x)
    keys = [entry.key for entry in compare(folders).signals]
    assert "lmu.m" not in keys and "what lmu.h reads of lmu.m" in keys


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
    label = "Certified error of what lmu0.h reads of lmu0.m, of full scale"
    assert row(loops, "certified:lmu0.h of lmu0.m").label == label
    assert row(heads, "certified:dense.y").label == "Certified error of dense.y, of full scale"
    assert row(heads, "certified:dense.y").is_tie


def test_claims_about_the_verilog_are_compared(folders, x):
    for folder, statuses in zip(folders, ((), (Status.NOT_SHOWN,)), strict=True):
        report_only(proved_folder(folder, *statuses), x)
    entry = row(compare(folders), "hardware")
    assert entry.texts == ("100.00 %", "83.33 %")
    assert entry.best == (0,)
