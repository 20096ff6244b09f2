# SPDX-License-Identifier: Apache-2.0
"""Every kind of page as Chromium lays it out: wide and on a phone, light and dark.

What is wrong with a page is found by ``audit.js``: text below 9 px, text or marks of too little
contrast (AA of WCAG 2.1), pictures that do not follow the theme, pages wider than the window, and
tables whose first column scrolls away or hides the second.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import rtl_digest, rtl_files, write_implementations
from lmu_hw.measure.results import DataReport, Report, TaskReport
from lmu_hw.prove.claims import Status
from lmu_hw.records import decode, encode
from lmu_hw.report import write_comparison, write_report
from lmu_hw.report.json_file import read_report
from lmu_hw.report.page import report_page
from lmu_hw.search.cost import Costs
from lmu_hw.search.grid import SweepReport
from lmu_hw.search.lengths import WordLengths
from lmu_hw.search.page import sweep_page
from lmu_hw.search.points import SweepPoint
from tests.browser import Page, find_browser, open_browser
from tests.implementations import CELLS, RESULT
from tests.reports import proved_folder, small_labels

AUDIT = Path(__file__).with_name("audit.js").read_text()
LOOKS = [(width, dark) for width in (1400, 420) for dark in (False, True)]
PAPER = 700  # pixels of a page's width
PLACE = """(() => {
  const path = document.querySelector(".plot path[data-tips]"), svg = path.closest(".plot > svg");
  svg.scrollIntoView({ block: "center" });
  const { left, top, width, height } = svg.getBoundingClientRect();
  const [, x, y] = path.getAttribute("d").match(/M([\\d.]+),([\\d.]+)/);
  return [left + x * width / 1000, top + y * height / 1000];
})()"""
LONG = "activity_recognition_of_people"
LONG_CLAIM = (
    "the claim of data",
    "every step stores and sends what the network says, for all vectors and all that is left of "
    "the step before, in order, once, in the cycles of the plan, whenever it begins",
)
OLD = """<!DOCTYPE html><meta name="viewport" content="width=device-width"><body>
<p style="font-size:8px">small</p><p style="color:#999">pale</p><p style="width:1500px">wide</p>
<figure style="background:#fff"><svg class="data" viewBox="0 0 100 9" width="100%">
<path style="stroke:#ddd" d="M0,0L9,9"/><text style="font-size:1px">tiny</text></svg></figure>
<div class="sheet" style="overflow:auto;width:300px"><table>
<thead><tr><th></th></tr></thead><tbody><tr>
<td><div style="width:900px">first</div></td><td>second</td></tr></tbody></table></div>"""
FAULTS = (
    "<p> \"small\" has 8.0 px",
    "<p> \"pale\" has a contrast of 2.85",
    "the page is 15",
    "<figure> \"tiny\" does not follow the theme",
    "<text> \"tiny\" has",
    "has a contrast of 1.36",
    "<td> \"first\" scrolls away",
    "<td> \"second\" is out of sight",
)  # fmt: skip


def sweep() -> SweepReport:
    """Return a sweep of three designs and one that cannot be."""
    task = TaskReport(
        metric="accuracy", float_score=0.95, fixed_score=0.9, answers=200, uncounted=0,
        agreement=0.97, certain=None, nrmse_to_float=0.1, sqnr_db=20.0, exact=False, rms_error=0.1,
        max_error=0.4,
    )  # fmt: skip
    points = []
    for bits, score in ((4, 0.5), (8, 0.94), (12, 0.93)):
        lengths = WordLengths(weight_bits=bits, memory_bits=8, state_bits=12, activation_bits=8)
        costs = Costs(state_bits=900, coefficient_bits=4000 * bits, multiplier_area=90_000 * bits)
        measured = replace(task, fixed_score=score)
        points.append(
            SweepPoint(lengths=lengths, reason=None, costs=costs, task=measured, pareto=bits < 12)
        )
    refused = replace(points[0], reason="not stable", costs=None, task=None, pareto=False)
    data = DataReport(
        source="given",
        sequences=200,
        steps=9,
        shortest=9,
        inputs=1,
        x_sha256="0",
        labels_sha256="1",
    )
    return SweepReport(
        lmu_hw="1", name="small", model_digest="0", options={}, cost="multiplier-area", data=data,
        sequences_given=400, measure="accuracy", float_score=0.95, points=(*points, refused),
    )  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if find_browser() is None and not os.environ.get("CI"):
        pytest.skip("no Chromium: install the package chromium")
    with open_browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def pages(make_folder, folders, design, stream, run, x, tmp_path) -> list[Path]:
    """A report with all there is, with long names, one of every step; a comparison, a sweep."""
    full = make_folder(design, "full", runs=[run])
    folder = DesignFolder(full)
    here = rtl_digest(rtl_files(folder))
    write_implementations(folder, [replace(RESULT, rtl=here), replace(CELLS, rtl=here)])
    write_report(proved_folder(full, Status.NOT_SHOWN), x, small_labels())
    foreign = full.parent / "foreign.html"
    text = json.dumps(encode(read_report(DesignFolder(full))))
    for name in ("lmu", "head"):
        text = re.sub(rf'"{name}([."])', rf'"{LONG}_{name}\1', text)
    foreign.write_text(report_page(decode(Report, json.loads(text.replace(*LONG_CLAIM)))))
    streaming = make_folder(stream, "streaming")
    write_report(streaming, x)
    comparison, swept = tmp_path / "comparison.html", tmp_path / "sweep.html"
    write_comparison(folders, comparison)
    swept.write_text(sweep_page(sweep()))
    return [full / "report.html", foreign, streaming / "report.html", comparison, swept]


def faults(page: Page, path: Path, width: int, dark: bool, *, printed: bool = False) -> list[str]:
    page.look(width=width, dark=dark, printed=printed)
    page.open(path)
    return page.evaluate(f"{AUDIT}({json.dumps({'width': width, 'dark': dark and not printed})})")


def test_every_page_can_be_read_at_both_widths_in_both_themes(browser, pages):
    found = {
        f"{path.parent.name}/{path.name}, {width} px, {'dark' if dark else 'light'}": sentences
        for path in pages
        for width, dark in LOOKS
        if (sentences := faults(browser, path, width, dark))
    }
    for path in pages:
        if on_paper := faults(browser, path, PAPER, True, printed=True):
            found[f"{path.parent.name}/{path.name}, printed"] = on_paper
    assert found == {}


def test_the_audit_sees_tables_that_scroll_where_there_is_room(browser, tmp_path):
    (tmp_path / "old.html").write_text(OLD)
    assert any(
        "heads a table" in fault for fault in faults(browser, tmp_path / "old.html", 1400, False)
    )


def test_the_commands_of_a_sweep_are_in_sight(browser, tmp_path):
    (tmp_path / "sweep.html").write_text(sweep_page(sweep()))
    browser.look(width=1400, dark=False)
    browser.open(tmp_path / "sweep.html")
    sizes = "(s => [s.scrollWidth, s.clientWidth])(document.querySelector('.sheet'))"
    needed, there = browser.evaluate(sizes)
    assert needed <= there


def test_a_point_says_its_numbers_when_one_points_at_it(browser, written):
    browser.look(width=1400, dark=False)
    browser.open(written / "report.html")
    x, y = browser.evaluate(PLACE)
    assert browser.evaluate("document.querySelector('.tip').hidden")
    browser.move(x + 2, y + 2)
    shown = browser.evaluate("document.querySelector('.tip:not([hidden])').textContent")
    path = browser.evaluate("({...document.querySelector('.plot path[data-tips]').dataset})")
    assert shown in [f"{path['name']} {tip}" for tip in path["tips"].split("|")]


def test_keys_go_from_point_to_point(browser, written):
    browser.open(written / "report.html")
    press = (
        "document.querySelector('.plot > svg').dispatchEvent(new KeyboardEvent('keydown', {key}))"
    )
    tip = "document.querySelector('.tip').textContent"
    seen = [browser.evaluate(f"(key => {{{press}; return {tip}}})('Arrow{key}')")
            for key in ("Right", "Right", "Left", "Left")]  # fmt: skip
    path = browser.evaluate("({...document.querySelector('.plot path[data-tips]').dataset})")
    first, second = (f"{path['name']} {tip}" for tip in path["tips"].split("|")[:2])
    assert seen[:3] == [first, second, first]
    assert seen[3] not in (first, second)  # round, to the last one


def test_copying_needs_no_secure_page(browser, written):
    browser.open(written / "report.html")
    copied = browser.evaluate(
        "(() => { Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        "let seen; document.execCommand = () => { seen = document.activeElement.value; };"
        "const button = document.querySelector('button[data-copy]'); button.click();"
        "return [seen, button.dataset.copy]; })()"
    )
    assert copied[0] == copied[1] != ""


def test_the_audit_sees_what_is_wrong(browser, tmp_path):
    (tmp_path / "old.html").write_text(OLD)
    seen = faults(browser, tmp_path / "old.html", 420, True)
    assert [fault for fault in FAULTS if not any(fault in sentence for sentence in seen)] == []
