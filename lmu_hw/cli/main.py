# SPDX-License-Identifier: Apache-2.0
"""The commands: each parses nothing, computes nothing, and prints its result as a table."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmu_hw import api
from lmu_hw.cli.console import complain, progress, remark, show, stages, status
from lmu_hw.cli.exits import BAD_INPUT, CLOSED, DIFFERENT, EQUAL, INTERRUPTED
from lmu_hw.cli.files import about, check_target, read_array, write_array, write_text
from lmu_hw.cli.generate import generate
from lmu_hw.cli.inputs import adopt_scale, calibration, load_network, read_design
from lmu_hw.cli.inspect import inspect
from lmu_hw.cli.json_output import document
from lmu_hw.cli.parser import ALL, AVAILABLE, build_parser
from lmu_hw.cli.states import read_state, write_state
from lmu_hw.cli.typed import data_files, given, in_words, measured
from lmu_hw.errors import ConfigError, LmuHwError, LoadError, ToolError
from lmu_hw.garbage import rare_collections
from lmu_hw.network import QuantizedNetwork, Stream, check_state, stream_of
from lmu_hw.plan import Goal, choose_plan
from lmu_hw.quantize import Options, choose_formats

if TYPE_CHECKING:
    from lmu_hw.reload import Reloaded

__all__ = ["COMMANDS", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``lmu-hw`` and return its exit status."""
    options = build_parser().parse_args(arguments)
    options.result = None  # of a command that prints tables
    try:
        with rare_collections():
            return _run(options)
    except LmuHwError as error:
        complain(f"lmu-hw {options.command}: {in_words(error)}")
    except BrokenPipeError:  # the reader of our output has seen enough: head, less
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"lmu-hw {options.command}: {where}{error.strerror or error}")
    except MemoryError as error:
        complain(f"lmu-hw {options.command}: does not fit in memory: {error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    return BAD_INPUT


def _run(options: argparse.Namespace) -> int:
    """Run a command; with ``--json`` nothing but its result reaches stdout."""
    if not getattr(options, "json", False):
        return COMMANDS[options.command](options)
    with redirect_stdout(sys.stderr):
        status = COMMANDS[options.command](options)
    sys.stdout.write(document(options.command, status, options.result))
    return status


def _config(options: argparse.Namespace) -> int:
    goal = Goal(target=options.target)
    stream = stream_of(options.stream_width, options.stream_elements, options.stream_last)
    adopt_scale(options)
    Options(**given(options))
    network = load_network(options)
    with status(f"configuring {network.name}") as tell:
        x = calibration(options, network)
        chosen = choose_formats(
            network, api.calibration_data(network, x), Options(**given(options)), progress=tell
        )
    sys.stdout.write(chosen.config.to_toml())
    for line in _estimated(chosen.network, goal, stream):
        remark(line)
    return EQUAL


def _estimated(network: QuantizedNetwork, goal: Goal, stream: Stream) -> list[str]:
    """Return what a network would take of a chip, with the plan that `generate` would choose."""
    from lmu_hw.cli.tables.estimates import estimate_lines
    from lmu_hw.golden import GoldenModel

    try:
        GoldenModel(network)
        plan = choose_plan(network, goal, stream=stream).chosen.plan
        return estimate_lines(plan, goal.target)
    except LmuHwError as error:  # formats can be such that no design is made of them
        return [f"no estimate of area and clock: {error}"]


def _sweep(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.search import front_table
    from lmu_hw.search import checked_folder

    folder = checked_folder(options.output)
    adopt_scale(options)
    network = load_network(options)
    x = read_array(options.calibrate)
    labels = None if options.labels is None else read_array(options.labels, labels=True)
    with stages(f"quantizing {network.name}") as update, about(data_files(options)):
        report = api.sweep(
            network,
            x,
            labels,
            directory=folder,
            restart=options.restart,
            progress=update,
            **measured(options),
            **given(options),
        )
    options.result = report
    show(front_table(report))
    show(f"written to {Path(options.output) / 'sweep.html'}")
    return EQUAL


def _predict(options: argparse.Namespace) -> int:
    from lmu_hw.golden import GoldenModel
    from lmu_hw.measure.outside import longer, outside

    read = [name for name in (options.input, options.model, options.initial_state) if name]
    check_target(options.output, *read)
    if options.save_state:
        check_target(options.save_state, *read)
        if Path(options.save_state).absolute() == Path(options.output).absolute():
            raise LoadError(f"{options.save_state}: must not be the file of the answers")
    design = _reloaded(options).design if _others(options) else read_design(options.design)
    x = read_array(options.input)
    golden = GoldenModel(design.network)
    with about(options.input):
        x_codes, clips = golden.count_input(x)
    state = None
    if options.initial_state:
        given = read_state(options.initial_state)
        with about(options.initial_state):
            state = check_state(design.network, given, len(x))
    with progress("golden model", len(x)) as advance:
        y_codes, trace = golden.resume(x_codes, state, progress=advance)
    overflows = trace.overflows
    write_array(options.output, y_codes if options.codes else golden.output_values(y_codes))
    if options.save_state:
        write_state(options.save_state, trace.state)
        show(f"the state after the last step written to {options.save_state}")
    show(f"{len(x):,} sequences; answers {y_codes.shape} written to {options.output}")
    for text in outside(design.network, overflows, clips, *x.shape[:2]):
        show(text)
    for text in longer(design, x.shape[1]):
        complain(f"note: {text}")
    return EQUAL


def _simulate(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.simulation import simulation_table
    from lmu_hw.measure.outside import longer
    from lmu_hw.simulate import Simulator, find
    from lmu_hw.simulate.cache import opened, standard_folder

    if opened(options.cache).folder is None:
        complain(f"note: nothing is kept: {standard_folder()} cannot be written to")
    if options.bulk is not None:
        return _simulate_bulk(options)
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
            results = api.simulate(
                options.design,
                x,
                simulators=[simulator.value for simulator in simulators],
                seed=options.seed,
                max_cycles=options.max_cycles,
                waves=options.waves,
                **_written(options),
                netlist=options.netlist,
                cache=options.cache,
                progress=update,
            )
        options.result = results
        show(simulation_table(results))
        for name in sorted({name for result in results for name in result.changed_files}):
            complain(f"{name} was changed since it was generated; the changed file was simulated")
        if x is not None:
            for text in longer(api.read_design(options.design), x.shape[1]):
                complain(f"note: {text}")
    for line in missing:
        complain(line)
    if not all(result.passed for result in results):
        return DIFFERENT
    return BAD_INPUT if not results or (missing and typed != AVAILABLE) else EQUAL


def _simulate_bulk(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.simulation import bulk_table

    x = None if options.input is None else read_array(options.input)
    with stages(f"compiling {options.design}") as update, about(options.input):
        (result,) = api.simulate(
            options.design,
            x,
            bulk=options.bulk,
            simulators=None if options.simulator is None else [options.simulator],
            seed=options.seed,
            max_cycles=options.max_cycles,
            waves=options.waves,
            **_written(options),
            netlist=options.netlist,
            cache=options.cache,
            progress=update,
        )
    options.result = [result]
    show(bulk_table(result))
    for name in result.changed_files:
        complain(f"{name} was changed since it was generated; the changed file was simulated")
    return EQUAL if result.passed else DIFFERENT


def _implement(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.implementation import implementation_table

    with stages(f"reading {options.design}") as update:
        result = api.implement(
            options.design,
            target=options.target,
            seeds=options.seeds,
            clock=options.clock,
            bitstream=options.bitstream,
            pins=options.pins,
            board=options.board,
            link=options.link,
            baud=options.baud,
            jobs=options.jobs,
            liberty=options.liberty,
            dont_use=options.dont_use,
            progress=update,
        )
    options.result = result
    show(implementation_table(result))
    for name in result.changed_files:
        complain(f"{name} was changed since it was generated; the changed file was implemented")
    asked = options.clock if options.board is None else result.clock_asked
    if asked is not None and (result.mhz or 0) < asked:
        what = "the median" if result.runs else "it"
        complain(f"--clock {asked:g} is not reached: {what} is {result.mhz:.1f} MHz")
        return DIFFERENT
    return EQUAL


def _report(options: argparse.Namespace) -> int:
    from lmu_hw.report.console import report_table

    if options.labels is not None and options.input is None:
        raise ConfigError("--labels must come with the data they belong to: give --input as well")
    x = None if options.input is None else read_array(options.input)
    labels = None if options.labels is None else read_array(options.labels, labels=True)
    data = read_design(options.design).calibration if x is None else x
    about_data = options.input if labels is None else f"{options.input}, {options.labels}"
    with progress("measuring", len(np.atleast_1d(data))) as advance, about(about_data):
        report = api.report(options.design, x, labels, progress=advance)
    options.result = report
    show(report_table(report))
    show(f"written to {Path(options.design) / 'report.html'}")
    return EQUAL


def _compare(options: argparse.Namespace) -> int:
    from lmu_hw.report import write_comparison
    from lmu_hw.report.console import comparison_table

    check_target(options.output)
    with status("comparing"):
        comparison = write_comparison(options.designs, options.output)
    options.result = comparison
    show(comparison_table(comparison))
    show(f"written to {options.output}")
    return EQUAL


def _verify(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.proofs import claims_table
    from lmu_hw.verification import ESTABLISHES
    from lmu_verify import NOT_CHECKED

    with status(f"checking {options.design}") as tell:
        verdicts = api.verify(options.design, progress=tell)
    options.result = verdicts
    show(claims_table(verdicts))
    show(f"not checked in certificate.json: {'; '.join(NOT_CHECKED)}")
    if not all(verdict.holds for verdict in verdicts):
        return DIFFERENT
    show(f"verified: {ESTABLISHES}")
    return EQUAL


def _prove(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.proofs import lemmas_table

    with status(f"reading {options.design}") as tell:
        result = api.prove(options.design, time_limit=options.time_limit, progress=tell)
    options.result = result
    show(lemmas_table(result.lemmas))
    for name in result.changed_files:
        complain(f"{name} was changed since it was generated; the changed file was read")
    for lemma in result.refuted:
        show(f"refuted: {lemma.counterexample}")
    if result.stimuli:
        show(f"inputs that show it: {Path(options.design) / result.stimuli}")
    show(f"trusted: {'; '.join(result.trusted)}")
    for claim in result.missing:
        show(f"not shown: {claim}")
    sys.stdout.write(f"{options.design}: {result.summary}\n")  # one line, however long
    return EQUAL if result.proved else DIFFERENT


def _ask(options: argparse.Namespace) -> int:
    if options.output is not None:
        check_target(options.output, options.input)
    x = read_array(options.input)
    with status(f"waiting for the board at {options.port}"), about(options.input):
        answers = api.ask(options.design, x, port=options.port, baud=options.baud)
    if options.output is not None:
        write_array(options.output, answers.values)
    equal = "all equal to the golden model's"
    if answers.different:
        equal = f"{answers.different:,} of them not equal to the golden model's"
    show(f"{answers.words:,} words answered by the board, {equal}")
    return DIFFERENT if answers.different else EQUAL


def _others(options: argparse.Namespace) -> bool:
    """Say whether other coefficients are asked for than those of the design."""
    return options.model is not None or options.theta is not None


def _written(options: argparse.Namespace) -> dict[str, Any]:
    """Return what is written into a design: a network, or a window."""
    if options.model is None:
        if options.mapping is not None:
            raise ConfigError("`mapping` must come with the file it is of: give --model")
        return {"theta": options.theta}
    return {"network": load_network(options)}


def _reloaded(options: argparse.Namespace) -> Reloaded:
    """Return a design with other coefficients, and how they are written."""
    given = _written(options)
    with status(f"computing the coefficients for {options.design}"):
        return api.reload(options.design, **given)


def _reload(options: argparse.Namespace) -> int:
    from lmu_hw.reload import writes_text
    from lmu_hw.report.calibrated import first_look

    check_target(options.output, *([options.model] if options.model else []))
    reloaded = _reloaded(options)
    if options.model:
        with status("running calibration data"):
            look = first_look(reloaded.design, None)
        show(look.summary)
        for warning in look.warnings:
            complain(f"warning: {warning}")
    write_text(
        options.output, writes_text(reloaded.writes, options.output, bits=reloaded.data_bits)
    )
    what = options.model or f"a window of {options.theta:g} steps"
    show(f"{len(reloaded.writes):,} writes of coefficients for {what}, in {options.output}")
    return EQUAL


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "inspect": inspect,
    "config": _config,
    "generate": generate,
    "sweep": _sweep,
    "predict": _predict,
    "simulate": _simulate,
    "implement": _implement,
    "ask": _ask,
    "report": _report,
    "compare": _compare,
    "verify": _verify,
    "prove": _prove,
    "reload": _reload,
}
