# SPDX-License-Identifier: Apache-2.0
import json
import re

import numpy as np
import pytest

from lmu_hw.errors import LoadError, SpecError
from lmu_hw.report import write_report
from lmu_hw.report.store import read_report


def test_same_input_gives_same_bytes(make_folder, design, x, run):
    files = []
    for name in ("one", "two"):
        folder = make_folder(design, name, [run])
        write_report(folder, x)
        files.append([(folder / f"report.{kind}").read_bytes() for kind in ("json", "html")])
    assert files[0] == files[1]


def test_the_json_reads_back_to_an_equal_report(make_folder, design, x, run):
    folder = make_folder(design, runs=[run])
    assert write_report(folder, x) == read_report(folder)


def test_the_json_is_sorted_and_strict(make_folder, design):
    folder = make_folder(design)
    write_report(folder)
    text = (folder / "report.json").read_text()

    def refuse(name):
        raise AssertionError(name)

    document = json.loads(text, parse_constant=refuse)
    assert list(document) == sorted(document)
    assert str(folder) not in text


def test_the_page_needs_nothing_from_outside(make_folder, design, x):
    folder = make_folder(design)
    write_report(folder, x)
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 4
    assert re.search(r"<script|<link|<img|<iframe|@import|url\((?!#)|\bsrc=", page) is None
    assert set(re.findall(r'href="(.)', page)) <= {"#"}
    addresses = set(re.findall(r"https?://[^\"'\s<]*", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_identifiers_of_the_pictures_are_unique(make_folder, design, x):
    folder = make_folder(design)
    write_report(folder, x)
    names = re.findall(r'\bid="([^"]*)"', (folder / "report.html").read_text())
    assert len(names) == len(set(names))


def test_nothing_but_the_two_files_is_left(make_folder, design, x):
    folder = make_folder(design)
    before = {path.name for path in folder.iterdir()}
    write_report(folder, x)
    assert {path.name for path in folder.iterdir()} - before == {"report.json", "report.html"}


def test_without_input_the_calibration_data_is_used_and_named(make_folder, design):
    folder = make_folder(design)
    assert write_report(folder).data.source == "calibration"
    assert "the calibration data" in (folder / "report.html").read_text()


def test_labels_without_input_are_refused(make_folder, design):
    with pytest.raises(SpecError, match="give x as well"):
        write_report(make_folder(design), labels=np.zeros(9, int))


def test_a_network_that_answers_every_step(make_folder, stream, x):
    report = write_report(make_folder(stream), x)
    assert report.example.by_step
    assert len(report.example.float_values) == 3


@pytest.mark.parametrize("key", ["name", "design_digest", "cycles_last_step", "rom_bits", "layers"])
def test_a_missing_manifest_key_is_named(make_folder, design, key):
    folder = make_folder(design)
    path = folder / "manifest.json"
    entries = json.loads(path.read_text())
    del entries[key]
    path.write_text(json.dumps(entries))
    with pytest.raises(LoadError, match=f"the key '{key}' is missing"):
        write_report(folder)


def test_a_missing_layer_key_is_named(make_folder, design):
    folder = make_folder(design, layers=[{"name": "lmu"}])
    with pytest.raises(LoadError, match=r"layers\[0\]: the key 'lanes' is missing"):
        write_report(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rom_bits": "many"}, "rom_bits must be of type int, not 'many'"),
        ({"lanes": True}, "lanes must be of type int, not True"),
        ({"layers": {}}, "layers must be a list"),
        ({"layers": [3]}, r"layers\[0\]: must be a JSON object"),
        ({"design_digest": "0"}, "describes another design"),
    ],
)
def test_a_wrong_manifest_is_refused(make_folder, design, changes, message):
    with pytest.raises(LoadError, match=message):
        write_report(make_folder(design, **changes))


@pytest.mark.parametrize(("text", "message"), [("[]", "must hold a JSON object"), ("{", "cannot")])
def test_a_damaged_manifest_is_refused(make_folder, design, text, message):
    folder = make_folder(design)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(LoadError, match=message):
        write_report(folder)


def test_a_folder_without_a_design_is_refused(tmp_path):
    with pytest.raises(LoadError, match=r"manifest\.json"):
        write_report(tmp_path)


def test_without_simulation_the_page_says_so(make_folder, design):
    folder = make_folder(design)
    assert write_report(folder).simulations == ()
    assert "Not simulated yet" in (folder / "report.html").read_text()


def test_a_simulation_is_reported_as_verified(make_folder, design, run):
    folder = make_folder(design, runs=[run])
    assert write_report(folder).simulations[0].words_compared == 5234
    assert ">verified<" in (folder / "report.html").read_text()


def test_a_mismatch_condemns_the_design(make_folder, design, run):
    first = {"node": "lmu.m", "step": 3, "expected": 5, "got": 4}
    folder = make_folder(design, runs=[{**run, "mismatches": 2, "first_mismatch": first}])
    write_report(folder)
    page = (folder / "report.html").read_text()
    assert "Do not use this design." in page
    assert "node lmu.m, step 3, expected 5, got 4" in page


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ({"simulator": "x"}, "must hold a list of runs, not dict"),
        ([{"simulator": "x"}], "the key 'version' is missing"),
    ],
)
def test_a_damaged_simulation_is_refused(make_folder, design, runs, message):
    with pytest.raises(LoadError, match=message):
        write_report(make_folder(design, runs=runs))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot be read"), ('{"version": 0}', "version 1"), ('{"version": 1}', "damaged")],
)
def test_a_damaged_report_says_to_run_it_again(tmp_path, text, message):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(LoadError, match=f"{message}.*lmu-hw report"):
        read_report(tmp_path)
