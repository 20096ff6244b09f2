# SPDX-License-Identifier: Apache-2.0
"""The commands: each parses nothing, computes nothing, and prints its result as a table."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw import api
from lmu_hw.cli.console import complain, progress, show, stages, status
from lmu_hw.cli.files import about, check_target, read_array, read_text, write_array, write_text
from lmu_hw.cli.parser import ALL, AVAILABLE, build_parser
from lmu_hw.cli.typed import data_files, given, in_words, measured, refuse_half_a_target, target
from lmu_hw.design import Design, calibration_rows
from lmu_hw.errors import ConfigError, LmuHwError, LoadError, ToolError
from lmu_hw.folder import DesignFolder
from lmu_hw.lmu import Network
from lmu_hw.names import checked_name, design_name
from lmu_hw.quantize import Config, Options, require_provable, require_reloadable

__all__ = ["main"]

EQUAL, DIFFERENT, BAD_INPUT = 0, 1, 2
INTERRUPTED, CLOSED = 130, 141  # as a shell counts SIGINT and SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``lmu-hw`` and return its exit status."""
    options = build_parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
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


def _inspect(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables import design_table, network_table

    if Path(options.path).is_dir():
        if options.theta is not None:
            raise ConfigError("`theta` must be left out with a folder: a design has its window")
        _read(options.path)
        folder = DesignFolder(options.path)
        try:
            table = design_table(folder.manifest)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise LoadError(
                f"{folder.path / folder.MANIFEST}: is damaged ({error!r}); generate the "
                "design again"
            ) from None
        show(table)
        for name in folder.changed_rtl():
            complain(f"{name} was changed since it was generated")
    else:
        with status(f"reading {options.path}"):
            table = network_table(api.load(options.path, theta=options.theta))
        show(table)
    return EQUAL


def _read(folder: str) -> Design:
    """Return the design in a folder."""
    with status(f"reading {folder}"):
        return api.read_design(folder)


def _load(options: argparse.Namespace) -> Network:
    """Return the trained network; says what is legal but probably not meant."""
    with status(f"reading {options.model}"):
        network = api.load(options.model, theta=options.theta)
    for note in network.notes:
        if note.startswith("warning: "):
            complain(note)
    return network


def _config(options: argparse.Namespace) -> int:
    Options(**given(options))
    network = _load(options)
    with status(f"configuring {network.name}") as tell:
        x = _calibration(options, network)
        config = api.configure(network, x, progress=tell, **given(options))
    sys.stdout.write(config.to_toml())
    return EQUAL


def _generate(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables import design_table, proofs_table, refits_table, unfitted
    from lmu_hw.plan import checked_lanes
    from lmu_hw.report.calibrated import first_look
    from lmu_hw.report.folder import read_certificates

    refuse_half_a_target(options)
    Options(**given(options))
    checked_lanes(options.lanes)
    if options.name is not None:
        checked_name(options.name)
    folder, config, text = DesignFolder(options.output), None, None
    if options.config is not None:
        if given(options):
            name = next(iter(given(options))).replace("_", "-")
            raise ConfigError(
                f"--{name} and --config cannot be combined: edit the file {options.config}"
            )
        text = read_text(options.config)
        config = Config.from_toml(text, where=options.config)
    folder.check_target(config=text)
    network = _load(options)
    folder.check_target(name=options.name or design_name(network.name), config=text)
    if options.reloadable:
        require_reloadable(network, config or Options(**given(options)))
    if target(options) is not None:
        design = _search(options, network)
        labels = _labels(options, network)
    else:
        labels = _labels(options, network)
        with status(f"quantizing {network.name}") as tell:
            x = _calibration(options, network)
            require_provable(network, Options(**given(options)), config)
            design = api.quantize(network, x, config=config, progress=tell, **given(options))
    with status(f"generating {network.name}") as tell:
        manifest = api.emit(
            design,
            options.output,
            lanes=options.lanes,
            name=options.name,
            reloadable=options.reloadable,
            progress=tell,
        )
    show(design_table(manifest))
    if manifest["refits"]:
        show(refits_table(manifest))
    for line in unfitted(design):
        show(line)
    show(proofs_table(design, read_certificates(folder)))
    found = first_look(design, labels)
    show(found.summary)
    for warning in found.warnings:
        complain(f"warning: {warning}")
    if options.calibrate is None:
        show("ranges come from noise in -1 to 1; --calibrate X.npy takes them from your data")
    show(f"written to {options.output}; next: lmu-hw simulate {options.output}")
    return EQUAL


def _labels(options: argparse.Namespace, network: Network) -> NDArray[np.generic] | None:
    """Return the labels of what `_calibration` takes, checked before anything takes long."""
    from lmu_hw.report.task import check_labels

    if options.labels is None:
        return None
    x, labels = read_array(options.calibrate), read_array(options.labels)
    if x.ndim != 3:
        return labels  # the data themselves are refused
    with about(options.labels):
        labels = check_labels(labels, network, sequences=len(x), steps=x.shape[1])
    return labels[calibration_rows(len(x), x.shape[1])]


def _search(options: argparse.Namespace, network: Network) -> Design:
    """Return the design that a search finds, and print how."""
    from lmu_hw.cli.search_tables import search_table

    x, labels = read_array(options.calibrate), None
    if options.labels is not None:
        labels = read_array(options.labels)
    with stages(f"quantizing {network.name}") as update, about(data_files(options)):
        result = api.search(
            network,
            x,
            labels,
            target_error=options.target_error,
            target_accuracy=options.target_accuracy,
            progress=update,
            **measured(options),
            **given(options),
        )
    show(search_table(result))
    return result.design


def _sweep(options: argparse.Namespace) -> int:
    from lmu_hw.cli.search_tables import front_table
    from lmu_hw.search import checked_folder

    folder = checked_folder(options.output)
    network = _load(options)
    x = read_array(options.calibrate)
    labels = None if options.labels is None else read_array(options.labels)
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
    show(front_table(report))
    show(f"written to {Path(options.output) / 'sweep.html'}")
    return EQUAL


def _predict(options: argparse.Namespace) -> int:
    from lmu_hw.golden import GoldenModel
    from lmu_hw.report.outside import longer, outside

    check_target(options.output, options.input)
    design = _read(options.design)
    x = read_array(options.input)
    golden = GoldenModel(design.network)
    with about(options.input):
        x_codes, clips = golden.count_input(x)
    with progress("golden model", len(x)) as advance:
        y_codes, overflows = golden.run(x_codes, progress=advance)
    write_array(options.output, y_codes if options.codes else golden.output_values(y_codes))
    show(f"{len(x):,} sequences; answers {y_codes.shape} written to {options.output}")
    for text in outside(design.network, overflows, clips, *x.shape[:2]):
        show(text)
    for text in longer(design, x.shape[1]):
        complain(f"note: {text}")
    return EQUAL


def _simulate(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables import simulation_table
    from lmu_hw.report.outside import longer
    from lmu_hw.simulate import Simulator, find

    wanted = list(Simulator)
    if options.simulator not in (ALL, AVAILABLE):
        wanted = [Simulator(options.simulator)]
    missing = []
    for simulator in list(wanted):
        try:
            find(simulator)
        except ToolError as error:
            missing.append(f"{simulator.value} not run: {error}")
            wanted.remove(simulator)
    x = None if options.input is None else read_array(options.input)
    results = []
    if wanted:
        with stages(f"reading {options.design}") as update, about(options.input):
            for simulator in wanted:
                update(simulator.value, 0, None)
            results = api.simulate(
                options.design,
                x,
                simulators=[simulator.value for simulator in wanted],
                seed=options.seed,
                max_cycles=options.max_cycles,
                waves=options.waves,
                theta=options.theta,
                progress=update,
            )
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
    return BAD_INPUT if not results or (missing and options.simulator != AVAILABLE) else EQUAL


def _report(options: argparse.Namespace) -> int:
    from lmu_hw.report.console import report_table

    if options.labels is not None and options.input is None:
        raise ConfigError("--labels must come with the data they belong to: give --input as well")
    x = None if options.input is None else read_array(options.input)
    labels = None if options.labels is None else read_array(options.labels)
    data = _read(options.design).calibration if x is None else x
    about_data = options.input if labels is None else f"{options.input}, {options.labels}"
    with progress("measuring", len(np.atleast_1d(data))) as advance, about(about_data):
        report = api.report(options.design, x, labels, progress=advance)
    show(report_table(report))
    show(f"written to {Path(options.design) / 'report.html'}")
    return EQUAL


def _compare(options: argparse.Namespace) -> int:
    from lmu_hw.report import write_comparison
    from lmu_hw.report.console import comparison_table

    check_target(options.output)
    with status("comparing"):
        comparison = write_comparison(options.designs, options.output)
    show(comparison_table(comparison))
    show(f"written to {options.output}")
    return EQUAL


def _verify(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables import claims_table
    from lmu_hw.verification import ESTABLISHES
    from lmu_verify import NOT_CHECKED

    with status(f"checking {options.design}") as tell:
        verdicts = api.verify(options.design, progress=tell)
    show(claims_table(verdicts))
    show(f"not checked in certificate.json: {'; '.join(NOT_CHECKED)}")
    if not all(verdict.holds for verdict in verdicts):
        return DIFFERENT
    show(f"verified: {ESTABLISHES}")
    return EQUAL


def _reload(options: argparse.Namespace) -> int:
    from lmu_hw.reload import reload

    check_target(options.output)
    with status(f"computing the coefficients of {options.theta} steps"):
        _, words = reload(options.design, options.theta)
    digits = len(f"{max(word for _, word in words):x}")
    lines = [f"@{address:x} {word:0{digits}x}" for address, word in words]
    write_text(options.output, "\n".join(lines) + "\n")
    show(
        f"{len(words):,} coefficient words for a window of {options.theta:g} steps written to "
        f"{options.output}"
    )
    return EQUAL


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "inspect": _inspect,
    "config": _config,
    "generate": _generate,
    "sweep": _sweep,
    "predict": _predict,
    "simulate": _simulate,
    "report": _report,
    "compare": _compare,
    "verify": _verify,
    "reload": _reload,
}


def _calibration(options: argparse.Namespace, network: Network) -> Any:
    if options.calibrate is None:
        return None
    with about(options.calibrate):
        return api.calibration_data(network, read_array(options.calibrate))
