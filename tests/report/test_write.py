# SPDX-License-Identifier: Apache-2.0
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import LoadError, NetworkError
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import rtl_digest, rtl_files, write_implementations
from lmu_hw.measure.words import count
from lmu_hw.prove.claims import Status
from lmu_hw.report import write_report
from lmu_hw.report.json_file import read_report
from lmu_hw.report.write import measure_folder
from tests.implementations import CELLS, RESULT
from tests.reports import RUN, assert_alone, memory_design, proved_folder
from tests.resealed import change_json, change_manifest


def page_of(folder):
    return (folder / "report.html").read_text()


def test_same_input_gives_same_bytes(make_folder, design, x, run, written):
    folder = make_folder(design, runs=[run])
    write_report(folder, x)
    for name in ("report.json", "report.html"):
        assert (folder / name).read_bytes() == (written / name).read_bytes()


def test_the_json_reads_back_to_an_equal_report(written, x):
    assert read_report(DesignFolder(written)) == measure_folder(DesignFolder(written), x, None)


def test_the_json_is_sorted_and_strict(written):
    text = (written / "report.json").read_text()

    def refuse(name):
        raise AssertionError(name)

    document = json.loads(text, parse_constant=refuse)
    assert list(document) == sorted(document)
    assert str(written) not in text


def test_the_page_needs_nothing_from_outside(written):
    page = page_of(written)
    assert_alone(page)
    assert set(re.findall(r'href="(.)', page)) <= {"#"}
    assert len(page) < 150_000


def test_titles_tell_two_designs_of_a_network_apart(folders):
    pages = []
    for folder in folders:
        write_report(folder)
        pages.append(page_of(folder))
    titles = [re.search("<title>(.*)</title>", page)[1] for page in pages]
    assert [re.sub("[0-9a-f]{8}", "_", title) for title in titles] == [
        f"lmu_small: dense memory, {bits}-bit weights, 16-bit states, 12-bit activations, "
        "3 multipliers (_), quantization report"
        for bits in (12, 6)
    ]
    assert len(set(re.findall(r"\(([0-9a-f]{8})\)", " ".join(titles)))) == 2


def test_thousands_are_written_one_way(make_folder, design, run, x):
    folder = make_folder(design, runs=[{**run, "words_compared": 1_234_567}], rom_bits=98_765)
    write_report(folder, x)
    text = re.sub(r"<style>.*?</style>|<script>.*?</script>|<code>.*?</code>|<svg.*?</svg>|<[^>]*>",
                  " ", page_of(folder), flags=re.DOTALL)  # fmt: skip
    assert "1,234,567" in text and "98,765" in text
    assert re.findall(r"(?<![\w.,−])\d{4,}(?![\w.])|\d[\u2009\u202f]\d", text) == []


def test_identifiers_are_unique(written):
    names = re.findall(r'\bid="([^"]*)"', page_of(written))
    assert len(names) == len(set(names))


def test_identifiers_that_are_referred_to_exist(written):
    page = page_of(written)
    referred = set(re.findall(r'(?:href="|url\()#([^")]*)', page))
    assert referred <= set(re.findall(r'\bid="([^"]*)"', page))


def test_nothing_but_the_two_files_is_added(written, emitted, design):
    names = {path.name for path in written.iterdir()}
    before = {path.name for path in emitted(design).iterdir()}
    assert names - before == {"report.html", "report.json", "results.json", "simulation.json"}


def test_without_input_the_calibration_data_is_used_and_named(unsimulated):
    assert read_report(DesignFolder(unsimulated)).data.source == "calibration"
    assert "the calibration data" in page_of(unsimulated)


def test_labels_without_input_are_refused(make_folder, design):
    with pytest.raises(NetworkError, match="give x as well"):
        write_report(make_folder(design), labels=np.zeros(9, int))


def test_a_network_that_answers_every_step(make_folder, stream, x):
    report = write_report(make_folder(stream), x)
    assert report.example.by_step
    assert len(report.example.float_values) == 3


@pytest.mark.parametrize("key", ["name", "lanes", "cycles_last_step", "rom_bits", "layers"])
def test_a_missing_manifest_key_is_named(make_folder, design, key):
    folder = make_folder(design)
    change_manifest(folder, lambda manifest: manifest.pop(key))
    with pytest.raises(LoadError, match=rf"manifest\.json: is damaged \({key} is missing\)"):
        write_report(folder)


def test_a_missing_layer_key_is_named(make_folder, design):
    folder = make_folder(design, layers=[{"name": "lmu"}])
    with pytest.raises(LoadError, match=r"layers\[0\]\.lanes is missing"):
        write_report(folder)


def test_a_certificate_of_another_design_is_refused(make_folder, design):
    folder = make_folder(design)
    change_json(folder, "certificate.json", lambda claims: claims.update(design_digest="0"))
    with pytest.raises(LoadError, match="certificate.json: describes another design"):
        write_report(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rom_bits": "many"}, "rom_bits must be an integer, not 'many'"),
        ({"lanes": True}, "lanes must be an integer, not True"),
        ({"layers": {}}, "layers must be a list"),
        ({"layers": [3]}, r"layers\[0\] must be an object"),
        ({"design_digest": "0"}, "describes another design"),
    ],
)
def test_a_wrong_manifest_is_refused(make_folder, design, changes, message):
    with pytest.raises(LoadError, match=message):
        write_report(make_folder(design, **changes))


@pytest.mark.parametrize(("text", "message"), [("[]", "must be written by"), ("{", "is damaged")])
def test_a_damaged_manifest_is_refused(make_folder, design, text, message):
    folder = make_folder(design)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(LoadError, match=message):
        write_report(folder)


def test_a_folder_without_a_design_is_refused(tmp_path):
    with pytest.raises(LoadError, match=r"manifest\.json"):
        write_report(tmp_path)


def test_without_simulation_the_page_says_so(unsimulated):
    assert read_report(DesignFolder(unsimulated)).simulations == ()
    assert "Not simulated yet" in page_of(unsimulated)


def test_a_simulation_is_reported_as_verified(written):
    assert read_report(DesignFolder(written)).simulations[0].words_compared == 5234
    assert ">verified<" in page_of(written)


def test_a_mismatch_condemns_the_design(make_folder, design, run):
    first = {"node": "lmu.m", "sequence": 0, "step": 3, "index": 1, "expected": 5, "got": None}
    folder = make_folder(design, runs=[{**run, "mismatches": 2, "first_mismatch": first}])
    write_report(folder)
    page = page_of(folder)
    assert "Do not use this design." in page
    assert "node lmu.m, sequence 0, step 3, index 1, expected 5, got nothing" in page


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ({"simulator": "x"}, "it must be a list, not"),
        ([{"simulator": "x"}], r"\[0\]\.version is missing"),
        ([{**RUN, "passed": False}], r"\[0\]\.passed must be True, which follows, not False"),
        ([{**RUN, "coverage": {}}], r"\[0\]\.coverage\.saturation is missing"),
        ([{**RUN, "cycles": None}], r"\[0\]\.cycles must be an integer, not None"),
    ],
)
def test_a_damaged_simulation_is_refused(make_folder, design, runs, message):
    with pytest.raises(LoadError, match=message):
        write_report(make_folder(design, runs=runs))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ('{"version": 9}', r"is of another version of lmu-hw \(its version must be 10, not 9\)"),
        ("[]", r"is damaged \(its version must be 10, not None\)"),
        ('{"version": 10}', "is damaged"),
    ],
)
def test_a_damaged_report_says_to_run_it_again(make_folder, design, text, message):
    folder = DesignFolder(make_folder(design))
    folder.results.write("report.json", text.encode())
    with pytest.raises(LoadError, match=f"{message}.*lmu-hw report"):
        read_report(folder)


def test_a_certified_loop_reads_back_to_an_equal_report(make_folder, feedback):
    design, x = feedback
    folder = make_folder(design)
    report = write_report(folder, x)
    assert report.memories[0].proof.loop is not None
    assert read_report(DesignFolder(folder)) == report


def test_without_a_certificate_there_is_no_report(make_folder, design):
    folder = make_folder(design)
    (folder / "certificate.json").unlink()
    with pytest.raises(LoadError, match="must hold certificate.json, which is missing"):
        write_report(folder)


def test_a_tampered_certificate_condemns_the_design(make_folder, design):
    folder = make_folder(design)

    def smaller(claims):
        memory = claims["memories"][0]
        memory["rounding"] = [value / 1000 for value in memory["rounding"]]

    change_json(folder, "certificate.json", smaller)
    write_report(folder)
    page = page_of(folder)
    assert "Do not use this design." in page
    assert "A proof is wrong, report this: the rounding error of lmu.m reached" in page
    assert json.loads((folder / "report.json").read_text())["verdict"]["level"] == "bad"


def test_what_was_implemented_is_on_the_page(make_folder, design, x):
    folder = DesignFolder(make_folder(design))
    here = replace(RESULT, rtl=rtl_digest(rtl_files(folder)))
    write_implementations(folder, [here])
    report = write_report(folder.path, x)
    assert report.implementations == read_report(folder).implementations == (here,)
    page = page_of(folder.path)
    for text in ("<h2>On a chip</h2>", "ecp5-25k", "90.0 MHz", "add (a: output stage)", "a latch"):
        assert text in page
    assert f"ecp5-25k: {count(2_108)} LUTs" in page
    assert "Of other Verilog" not in page


def test_standard_cells_are_on_the_page(make_folder, design, x):
    folder = DesignFolder(make_folder(design))
    write_implementations(folder, [replace(CELLS, rtl=rtl_digest(rtl_files(folder)))])
    write_report(folder.path, x)
    page = page_of(folder.path)
    for text in ("standard cells of invented", "456.5 MHz", "by analysis", "vector x", "12,346"):
        assert text in page
    assert "liberty: area 12,346" in page
    assert "place and\nroute" not in page


def test_what_was_implemented_of_other_verilog_is_said_so(make_folder, design, x):
    folder = DesignFolder(make_folder(design))
    write_implementations(folder, [RESULT])
    write_report(folder.path, x)
    page = page_of(folder.path)
    assert "Of other Verilog than what is in the folder now" in page
    assert f"ecp5-25k: {count(2_108)} LUTs" not in page


def test_a_damaged_implementation_says_to_run_it_again(make_folder, design):
    folder = DesignFolder(make_folder(design))
    folder.results.write(folder.IMPLEMENTATION, b'[{"target": 3}]')
    with pytest.raises(LoadError, match=r"implement.json: is damaged .*lmu-hw implement"):
        measure_folder(folder, None, None)


def test_a_folder_s_report_has_certain_answers_or_a_search(make_folder, design, x):
    searched = measure_folder(DesignFolder(make_folder(design)), x, None)
    assert searched.adversary is not None and searched.task.certain is None
    bounded, data = memory_design({}, hidden="none", dense=2)
    report = measure_folder(DesignFolder(make_folder(bounded, "bounded")), data, None)
    assert report.adversary is None
    assert 0 < report.task.certain <= report.task.answers


def test_the_page_shows_what_is_proved_of_the_verilog(make_folder, design, x):
    folder = make_folder(design)
    write_report(folder, x)
    assert "Not proved yet. Run <code>lmu-hw prove</code>" in page_of(folder)
    write_report(proved_folder(folder, Status.NOT_SHOWN), x)
    page = page_of(folder)
    assert "5 of 6\nclaims are." in page and "<li>any pauses</li>" in page
    assert "5 of 6</div>" in page and "other Verilog" not in page
    (verilog,) = (folder / "rtl").glob("*.v")
    verilog.write_text(verilog.read_text() + "\n")
    write_report(folder, x)
    assert "Of other Verilog than what is in the folder now" in page_of(folder)
    assert "5 of 6</div>" not in page_of(folder)
