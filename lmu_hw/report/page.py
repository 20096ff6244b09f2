# SPDX-License-Identifier: Apache-2.0
"""HTML pages that open offline: one file, pictures and script inside, nothing fetched.

Import it only where a page is written: it loads jinja2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from lmu_hw.measure import words
from lmu_hw.measure.implementation import Resources
from lmu_hw.measure.interval import HOW
from lmu_hw.measure.results import Report, TaskReport
from lmu_hw.report import pictures, proof_pictures
from lmu_hw.report.chart import Chart, Colour, chart_svg
from lmu_hw.report.class_pictures import margins
from lmu_hw.report.diagram import layer_diagrams
from lmu_hw.report.glossary import TERMS, term
from lmu_hw.report.histogram_pictures import histograms
from lmu_hw.report.layers import layer_rows
from lmu_hw.report.proof_page import proof_context
from lmu_hw.report.proposals import proposals
from lmu_hw.report.verdict import subject_of, verdict
from lmu_hw.simulate.coverage_sentences import coverage_lines

__all__ = ["Card", "Figure", "render", "report_page"]

_BREAKS = re.compile(r"(?<=\w)[._](?=\w)|(?<=\w)(?=\[)")
_SHORT = 16
"""Characters of a name that stays in one piece."""
_OUTPUTS = (
    "The first answers in float and in fixed point, and their difference in ulp of the output."
)
_MARGINS = (
    "By how much the output of the label is above all others, of the first answers: in float and "
    "in fixed point, and the difference in ulp of the output. An answer is wrong where it is not "
    "above 0."
)
_RANGES = (
    "How often values have which magnitude, by powers of two: float (wide bars) and fixed point "
    "(narrow). The shaded part is the format, from one ulp to its end. Float on its left is lost "
    "to rounding, on its right to overflow; what is empty inside, on the right, is headroom."
)
_TIME = (
    "RMS over sequences and elements, in ulp of the node's own format. A line that keeps rising "
    "means that errors accumulate."
)
_STATES = (
    "How much of the format the peak of each state used; before it, where states are those of the "
    "float network, their RMS error (bars) and largest error (dots)."
)
_NOISE = (
    "The golden states minus the exact recurrence with the same coefficients and the same u: what "
    "rounding alone does. Certified is its bound, predicted what white noise of variance ulp²/12 "
    "at every step would make; bars and dots are measured."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One number at the top of a page."""

    title: str
    value: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Charts with their title and what to see in them; `small` ones stand closer."""

    title: str
    caption: str
    charts: Sequence[Chart]
    small: bool = False

    @property
    def svgs(self) -> list[Markup]:
        """The charts, drawn."""
        return [chart_svg(chart) for chart in self.charts]

    @property
    def legend(self) -> list[tuple[str, str, str]]:
        """Name, shape and colour of every kind of mark."""
        marks = (mark for chart in self.charts for mark in chart.marks if len(mark.xs))
        first = {mark.name: mark for mark in reversed(list(marks))}
        return [(name, m.shape.value, m.colour.value) for name, m in reversed(first.items())]


def render(template: str, **context: Any) -> str:
    """Return a page from one of the package's templates."""
    folder = resources.files("lmu_hw.report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = ("count", "decibels", "decimal", "interval", "metric_name", "number", "score", "sqnr")
    environment.globals.update({name: getattr(words, name) for name in names})
    environment.filters["breakable"] = _breakable
    environment.globals |= {"term": term, "terms": TERMS}
    environment.globals["intervals"] = HOW
    environment.globals["coverage_lines"] = coverage_lines
    environment.globals["colours"] = [colour.value for colour in Colour]
    environment.globals["script"] = Markup((folder / "page.js").read_text(encoding="utf-8"))
    return environment.get_template(template).render(**context)


def _breakable(text: str) -> Markup:
    """Let what is long be broken behind dots and underscores, and before what is in brackets."""
    if len(text) <= _SHORT:
        return escape(text)
    return Markup(_BREAKS.sub(r"\g<0><wbr>", str(escape(text))))


def report_page(report: Report) -> str:
    """Return the page of a report."""
    return render(
        "report.html.j2",
        report=report,
        subject=subject_of(report),
        network=layer_diagrams(report),
        proposals=proposals(report),
        verdict=verdict(report),
        by_layer=[layer_rows(report, found) for found in report.implementations],
        cards=_cards(report),
        figures=_figures(report),
        noise=_noise(report),
        **proof_context(report),
    )


def _cards(report: Report) -> list[Card]:
    return [
        *_task_cards(report),
        _simulation_card(report),
        *_proof_cards(report),
        *_hardware_cards(report),
        *_clock_cards(report),
    ]


def _task_cards(report: Report) -> list[Card]:
    task = report.task
    cards = []
    if task.metric is not None:
        cards.append(
            Card(
                title=words.metric_name(task.metric),
                value=words.score(task.metric, task.fixed_score),
                note=f"float: {words.score(task.metric, task.float_score)}{_between(task)}",
            )
        )
    if task.agreement is not None:
        cards.append(
            Card(
                title="Same as float",
                value=words.score("accuracy", task.agreement),
                note=f"of {words.count(task.answers)} answers",
            )
        )
    ratio = words.score("nrmse", task.nrmse_to_float)
    cards.append(
        Card(
            title="Output SQNR",
            value=words.sqnr(task.sqnr_db, exact=task.exact),
            note=f"NRMSE {ratio}",
        )
    )
    return cards


def _between(task: TaskReport) -> str:
    """Return the interval of the fixed score, and that there is none of few sequences."""
    if task.fixed_interval is None:
        return "; too few sequences for an interval"
    return f"; 95 %: {words.interval(task.metric, task.fixed_interval)}"


def _simulation_card(report: Report) -> Card:
    runs = report.simulations
    if not runs:
        return Card(title="Simulation", value="not yet", note="run lmu-hw simulate")
    mismatches = sum(run.mismatches for run in runs)
    return Card(
        title="Words compared",
        value=words.count(sum(run.words_compared for run in runs)),
        note="no mismatch" if mismatches == 0 else f"{words.count(mismatches)} mismatches",
    )


def _proof_cards(report: Report) -> list[Card]:
    """Return what is shown of the Verilog that is there; nothing if it was not proved."""
    proof = report.hardware_proof
    if proof is None or proof.rtl != report.rtl:
        return []
    return [
        Card(
            title="Claims shown",
            value=f"{words.count(proof.shown)} of {words.count(proof.claims)}",
            note="of the Verilog, for all inputs",
        )
    ]


def _hardware_cards(report: Report) -> list[Card]:
    hardware = report.hardware
    if hardware is None:
        return []
    return [
        Card(
            title="Cycles / step",
            value=words.count(hardware.cycles_per_step),
            note=f"last step: {words.count(hardware.cycles_last_step)}",
        ),
        Card(
            title="Products / step",
            value=words.count(hardware.multiplications_per_step),
            note=f"{words.count(hardware.lanes)} multipliers",
        ),
        Card(
            title="ROM bits",
            value=words.count(hardware.rom_bits),
            note=f"state: {words.count(hardware.state_bits)} bits",
        ),
    ]


def _clock_cards(report: Report) -> list[Card]:
    """Return a card for each target on which the Verilog that is there was placed and routed."""
    return [
        Card(
            title="Clock",
            value=f"{found.mhz:.1f} MHz",
            note=f"{found.target}: {_size(found.total)}",
        )
        for found in report.implementations
        if found.mhz is not None and found.rtl == report.rtl
    ]


def _size(total: Resources) -> str:
    """Return how large a design is: in tables of a device, or in the unit of a library."""
    return f"area {words.number(total.area)}" if total.area else f"{words.count(total.lut)} LUTs"


def _answers(report: Report) -> tuple[str, str, list[Chart], bool]:
    charts = pictures.outputs(report)
    if report.classes is None or report.example.by_step:
        return "Outputs", _OUTPUTS, charts, False
    return "Margins", _MARGINS, charts, False


def _step_margins(report: Report) -> list[Chart]:
    """Return the margins of a classifier that answers at every step; its outputs come first."""
    if report.classes is None or not report.example.by_step:
        return []
    return margins(report.classes)


def _figures(report: Report) -> list[Figure]:
    drawn = (
        _answers(report),
        ("Margins", _MARGINS, _step_margins(report), False),
        ("Signals against their formats", _RANGES, histograms(report), True),
        ("Error over time", _TIME, pictures.errors_over_time(report), False),
        ("Memory states", _STATES, pictures.memory_states(report), False),
    )
    return [
        Figure(title=title, caption=caption, charts=charts, small=small)
        for title, caption, charts, small in drawn
        if charts
    ]


def _noise(report: Report) -> Figure | None:
    charts = proof_pictures.rounding_noise(report)
    if not charts:
        return None
    return Figure(title="Rounding of the memories alone", caption=_NOISE, charts=charts)
