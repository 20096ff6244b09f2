# SPDX-License-Identifier: Apache-2.0
"""The command ``simulate``: every word of the Verilog against the golden model."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from lmu_hw import api
from lmu_hw.cli.console import complain, show, stages
from lmu_hw.cli.exits import BAD_INPUT, DIFFERENT, EQUAL
from lmu_hw.cli.files import about, read_array
from lmu_hw.cli.inputs import coefficients
from lmu_hw.cli.parser import ALL, AVAILABLE
from lmu_hw.errors import ConfigError, ToolError
from lmu_hw.sequences import SequencesLike

if TYPE_CHECKING:
    from lmu_hw.simulate import Result

__all__ = ["simulate"]


def simulate(options: argparse.Namespace) -> int:
    """Run a design on simulators, or its answers alone with ``--bulk``."""
    from lmu_hw.cli.tables.simulation import simulation_table
    from lmu_hw.measure.outside import longer
    from lmu_hw.simulate import Simulator, find
    from lmu_hw.simulate.cache import opened, standard_folder

    if opened(options.cache).folder is None:
        complain(f"note: nothing is kept: {standard_folder()} cannot be written to")
    if options.bulk is not None:
        return _bulk(options)
    typed = options.simulator or (Simulator.ICARUS.value if options.netlist else ALL)
    if options.netlist and typed != Simulator.ICARUS.value:
        raise ConfigError(f"--netlist runs on icarus: --simulator must be icarus, not {typed}")
    simulators = list(Simulator) if typed in (ALL, AVAILABLE) else [Simulator(typed)]
    missing = []
    for simulator in list(simulators):
        try:
            find(simulator)
        except ToolError as error:
            missing.append(f"{simulator.value} not run: {error}")
            simulators.remove(simulator)
    x = None if options.input is None else read_array(options.input)
    results = []
    if simulators:
        with stages(f"reading {options.design}") as update, about(options.input):
            for simulator in simulators:
                update(simulator.value, 0, None)
            results = _run(options, x, [simulator.value for simulator in simulators], update)
        options.result = results
        show(simulation_table(results))
        for name in sorted({name for result in results for name in result.changed_files}):
            complain(f"{name} was changed since it was generated; the changed file was simulated")
        if x is not None:
            design = api.read_design(options.design)
            for text in longer(design, design.check_input(x).longest):
                complain(f"note: {text}")
    for line in missing:
        complain(line)
    if not all(result.passed for result in results):
        return DIFFERENT
    return BAD_INPUT if not results or (missing and typed != AVAILABLE) else EQUAL


def _bulk(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.simulation import bulk_table

    x = None if options.input is None else read_array(options.input)
    with stages(f"compiling {options.design}") as update, about(options.input):
        simulators = None if options.simulator is None else [options.simulator]
        (result,) = _run(options, x, simulators, update)
    options.result = [result]
    show(bulk_table(result))
    for name in result.changed_files:
        complain(f"{name} was changed since it was generated; the changed file was simulated")
    return EQUAL if result.passed else DIFFERENT


def _run(
    options: argparse.Namespace,
    x: SequencesLike | None,
    simulators: list[str] | None,
    progress: Callable[[str, int, int], None],
) -> list[Result]:
    return api.simulate(
        options.design,
        x,
        bulk=options.bulk,
        simulators=simulators,
        seed=options.seed,
        max_cycles=options.max_cycles,
        waves=options.waves,
        **coefficients(options),
        netlist=options.netlist,
        cache=options.cache,
        progress=progress,
    )
