# SPDX-License-Identifier: Apache-2.0
"""What README.md shows: a table of designs, from trained files to place and route, and a report.

Each design is generated, simulated, proved, placed and routed with three seeds, and measured on its
test set. The picture is of the first one's page, in Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.console import Console

import lmu_hw
from lmu_hw.cli.console import stages, status
from lmu_hw.measure import Report
from lmu_hw.measure.implementation import Implementation
from tests.browser import open_browser
from tools.memory_bench.tables import Table, update_page

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "README.md"
PICTURE = ROOT / "docs" / "pictures" / "report.png"
HEADINGS = (
    *("network", "design", "float", "fixed", "chip", "LUT", "FF", "block RAM", "multipliers"),
    *("MHz", "µs a sample", "nJ a sample", "proved"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network of ``examples/``, and how it becomes a design.

    Attributes
    ----------
    truth : str
        File of what the test set should be answered with.
    test : str
        File of the test set.
    options : dict
        Of `lmu_hw.quantize`.
    emitted : dict
        Of `lmu_hw.emit`.
    """

    example: str
    network: str
    design: str
    truth: str
    options: dict[str, Any]
    emitted: dict[str, Any]
    test: str = "test_x.npy"
    calibrate: str = "calibrate_x.npy"
    target: str = "ecp5-25k"


_DIGITS = {"input_scale": Fraction(1, 16), "weight_bits": 8, "activation_bits": 8}
CASES = (
    Case(
        example="digits",
        network="digits, order 32, 64 units",
        design="dense memory",
        truth="test_labels.npy",
        options=_DIGITS,
        emitted={"lanes": 4},
    ),
    Case(
        example="digits",
        network="digits, order 32, 64 units",
        design="two recursions",
        truth="test_labels.npy",
        options=_DIGITS | {"realization": "semiseparable"},
        emitted={"lanes": 4},
    ),
    Case(
        example="vowels",
        network="speaker, 12 memories of order 5",
        design="dense memories",
        truth="test.npz",
        test="test.npz",
        calibrate="calibrate.npz",
        options={"weight_bits": 8},
        emitted={"lanes": 1, "stream_width": 8},
        target="ice40-up5k",
    ),
    Case(
        example="exercise",
        network="exercise, 14 memories of orders 6 and 2",
        design="dense memories",
        truth="test.npz",
        test="test.npz",
        options={"weight_bits": 8, "memory_bits": 12},
        emitted={"lanes": 1, "stream_width": 8},
        target="ice40-up5k",
    ),
    Case(
        example="mackey_glass",
        network="Mackey-Glass, 4 LMU layers",
        design="dense memories",
        truth="test_y.npy",
        options={"weight_bits": 16},
        emitted={"lanes": 1},
    ),
    Case(
        example="psmnist",
        network="psMNIST, order 256, 212 units",
        design="two recursions",
        truth="test_labels.npy",
        options={
            "input_scale": Fraction(1, 255),
            "weight_bits": 8,
            "realization": "semiseparable",
        },
        emitted={"lanes": 16},
        target="ecp5-85k",
    ),
)


def score(report: Report, value: float | None) -> str:
    """Return the metric of a task in percent."""
    if value is None:
        raise ValueError(f"{report.name}: nothing to compare the answers with")
    return f"{100 * value:.2f} %" + ("" if report.task.metric == "accuracy" else " NRMSE")


def measure(case: Case, folder: Path) -> tuple[Report, Implementation, bool]:
    """Generate a design into `folder`, simulate, prove, implement and measure it."""
    source = ROOT / "examples" / case.example
    with status(f"{case.network}, {case.design}") as tell:
        design = lmu_hw.quantize(
            lmu_hw.load(source / "model.safetensors"),
            lmu_hw.read_data(source / case.calibrate).values,
            **case.options,
        )
        lmu_hw.emit(design, folder, **case.emitted)
        lmu_hw.simulate(folder, simulators=["verilator"])
        proof = lmu_hw.prove(folder, progress=tell)
    with stages(case.target) as update:
        chip = lmu_hw.implement(folder, target=case.target, progress=update)
    x = lmu_hw.read_data(source / case.test).values
    truth = lmu_hw.read_data(source / case.truth, labels=True).values
    report = lmu_hw.report(folder, x, truth)
    return report, chip, proof.proved


def row(case: Case, folder: Path) -> tuple[object, ...]:
    """Return the row of a design."""
    report, chip, proved = measure(case, folder)
    if chip.mhz is None or chip.samples_per_second is None or chip.energy is None:
        raise ValueError(f"{report.name}: place and route gave no clock")
    total = chip.total
    return (
        *(case.network, case.design),
        *(score(report, report.task.float_score), score(report, report.task.fixed_score)),
        case.target,
        *(f"{total.lut:,}", f"{total.ff:,}", f"{total.block_ram:g}", f"{total.dsp:g}"),
        *(f"{chip.mhz:.0f}", f"{1e6 / chip.samples_per_second:.1f}"),
        f"{chip.energy.total:.0f}",
        "yes" if proved else "no",
    )


def draw(page: Path) -> None:
    """Write the picture of a report, from its figures in large type on."""
    with tempfile.TemporaryDirectory() as work, open_browser(Path(work)) as browser:
        browser.look(width=1200, dark=False)
        browser.open(page)
        browser.evaluate("document.querySelector('.cards').scrollIntoView()")
        browser.picture(PICTURE, whole=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, and write it into README.md; of some examples, only print their rows."""
    parser = argparse.ArgumentParser(description="Measure the designs of README.md.")
    parser.add_argument("--out", metavar="FOLDER", default="build/showcase", type=Path)
    parser.add_argument(
        "examples",
        metavar="EXAMPLE",
        nargs="*",
        help="folder of examples/ (default: all); where some are named, README.md stays as it is",
    )
    options = parser.parse_args(arguments)
    unknown = set(options.examples) - {case.example for case in CASES}
    if unknown:
        parser.error(f"no design of the table has the example {', '.join(sorted(unknown))}")
    table = Table(name="designs", title="Designs", headings=HEADINGS)
    for number, case in enumerate(CASES):
        if not options.examples or case.example in options.examples:
            table.add(*row(case, options.out / f"{case.example}_{number}"))
    table.show(Console(width=200))
    if not options.examples:
        draw(options.out / f"{CASES[0].example}_0" / "report.html")
        update_page(PAGE, [table])


if __name__ == "__main__":
    main()
