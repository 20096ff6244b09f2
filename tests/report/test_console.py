# SPDX-License-Identifier: Apache-2.0
import io
import subprocess
import sys

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from lmu_hw.folder import DesignFolder
from lmu_hw.report import compare
from lmu_hw.report.console import comparison_table, report_table
from lmu_hw.report.json_file import read_report
from tests.reports import report_only, small_design


def printed(renderable):
    console = Console(file=io.StringIO(), width=140)
    console.print(renderable)
    return console.file.getvalue()


def test_the_report_table_shows_every_signal_and_run(written):
    report = read_report(DesignFolder(written))
    text = printed(report_table(report))
    assert all(signal.name in text for signal in report.signals)
    assert "Icarus Verilog" in text
    assert "calibration data" not in text


def test_the_report_table_names_the_calibration_data(unsimulated):
    assert "calibration data" in printed(report_table(read_report(DesignFolder(unsimulated))))


def test_the_comparison_table_shows_the_verdict(make_folder, x):
    folders = [make_folder(small_design(weight_bits=bits), f"bits{bits}") for bits in (6, 12)]
    for folder in folders:
        report_only(folder, x)
    text = printed(comparison_table(compare(folders)))
    assert "bits12 is better at" in text
    assert "SQNR of lmu.m" in text


def test_importing_the_package_loads_no_drawing_library():
    code = (
        "import sys, lmu_hw.report; "
        "print({'matplotlib', 'jinja2', 'rich'} & {m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


def test_proofs_are_shown_beside_measurements(written):
    text = printed(report_table(read_report(DesignFolder(written))))
    for heading in ("Bound", "Certified", "Predicted RMS", "its rounding", "In 12 steps", "proved"):
        assert heading in text
    assert "One state bit more than 16" in text


def test_no_table_is_wider_than_120_columns(written):
    console = Console(width=1000)
    for part in report_table(read_report(DesignFolder(written))).renderables:
        if isinstance(part, Table):
            assert Measurement.get(console, console.options, part).maximum <= 120
