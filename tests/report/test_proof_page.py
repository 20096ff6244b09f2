# SPDX-License-Identifier: Apache-2.0
import re
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.measure import measure
from lmu_hw.report.chart import chart_svg
from lmu_hw.report.page import report_page
from lmu_hw.report.proof_page import proof_context
from lmu_hw.report.proof_pictures import rounding_noise
from lmu_hw.report.proof_sentences import details, uncertified
from tests.reports import certified, memory_design


@pytest.fixture
def report(feedback):
    return certified(*feedback)


def texts_of(page):
    return re.sub(r"\s+", " ", page.replace("&#39;", "'"))


def names_of(report):
    return {mark.name for chart in rounding_noise(report) for mark in chart.marks}


def test_the_page_shows_every_row_and_every_sentence(report):
    page = texts_of(report_page(report))
    assert "Proved, predicted, measured" in page
    assert page.count('<tr class="part"> <td class="words">its rounding</td>') == 1
    assert "What is read of the memories" in page and "lmu0.u[t-1]" in page
    for sentence in (*uncertified(report), *details(report)):
        assert sentence in page


def test_causes_add_up_to_the_bound(report):
    assert proof_context(report)["shares"] == []
    shares = proof_context(certified(*memory_design({}, hidden="none", dense=2)))["shares"]
    assert [share.name for share in shares][-1] == "dense.y"
    for share in shares:
        parts = share.coefficients + share.rounding + share.input
        assert parts == pytest.approx(share.total)


def test_every_memory_is_shown_with_other_words(report):
    (memory,) = proof_context(report)["memories"]
    assert [words.state_bits for words in memory.alternatives] == [16, 17, 15]


def test_a_report_without_certificates_has_a_page_without_bounds(design, x):
    page = report_page(measure(design, x))
    assert "Proved, predicted, measured" in page
    assert "One state bit more or less" not in page


def test_the_picture_shows_certified_predicted_and_measured_noise(report):
    assert names_of(report) == {
        "certified", "predicted, RMS", "measured, RMS", "measured, largest",
    }  # fmt: skip


def test_the_picture_marks_states_that_are_not_white():
    design, x = memory_design({"state_bits": 8}, hidden="none", order=3, theta=300.0)
    assert "measured, RMS, not white" in names_of(certified(design, np.full_like(x, 0.5)))


def test_a_silent_memory_can_be_drawn():
    design, x = memory_design({}, hidden="none", bias=False)
    (chart,) = rounding_noise(certified(design, 0 * x))
    assert chart_svg(chart).count("<svg") == 2


def test_a_network_without_memory_has_no_picture(report):
    assert rounding_noise(replace(report, memories=())) == []
