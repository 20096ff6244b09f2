# SPDX-License-Identifier: Apache-2.0
"""The commands: each parses nothing, computes nothing, and prints its result as a table."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lmu_hw import api
from lmu_hw.cli.files import about, check_target, read_array, read_text, write_array
from lmu_hw.cli.parser import ALL, AVAILABLE, build_parser
from lmu_hw.errors import ConfigError, LmuHwError, LoadError, ToolError
from lmu_hw.lmu import Network
from lmu_hw.quantize import Config, Options

__all__ = ["main"]

EQUAL, DIFFERENT, BAD_INPUT = 0, 1, 2
INTERRUPTED, CLOSED = 130, 141  # as a shell counts SIGINT and SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``lmu-hw`` and return its exit status."""
    options = build_parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except LmuHwError as error:
        _complain(f"lmu-hw {options.command}: {error}")
    except BrokenPipeError:  # the reader of our output has seen enough: head, less
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"lmu-hw {options.command}: {where}{error.strerror or error}")
    except MemoryError as error:
        _complain(f"lmu-hw {options.command}: does not fit in memory: {error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    return BAD_INPUT


def _inspect(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables import design_table, network_table
    from lmu_hw.emit import read_manifest

    if Path(options.path).is_dir():
        api.read_design(options.path)
        manifest = read_manifest(Path(options.path))
        try:
            table = design_table(manifest)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise LoadError(
                f"{Path(options.path) / 'manifest.json'}: is damaged ({error!r}); generate the "
                "design again"
            ) from None
        _print(table)
    else:
        _print(network_table(api.load(options.path)))
    return EQUAL


def _config(options: argparse.Namespace) -> int:
    network = api.load(options.model)
    config = api.configure(network, _calibration(options, network), **_given(options))
    sys.stdout.write(config.to_toml())
    return EQUAL


def _generate(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables import design_table
    from lmu_hw.emit import checked_target

    checked_target(options.output)
    network = api.load(options.model)
    config = None
    if options.config is not None:
        if _given(options):
            name = next(iter(_given(options))).replace("_", "-")
            raise ConfigError(
                f"--{name} and --config cannot be combined: edit the file {options.config}"
            )
        config = Config.from_toml(read_text(options.config), where=options.config)
    with _status(f"quantizing {network.name}"):
        x = _calibration(options, network)
        design = api.quantize(network, x, config=config, **_given(options))
    with _status(f"generating {network.name}"):
        manifest = api.emit(design, options.output, lanes=options.lanes)
    _print(design_table(manifest))
    if options.calibrate is None:
        _print("ranges come from noise in -1 to 1; --calibrate X.npy takes them from your data")
    _print(f"written to {options.output}; next: lmu-hw simulate {options.output}")
    return EQUAL


def _predict(options: argparse.Namespace) -> int:
    from lmu_hw.golden import GoldenModel

    check_target(options.output)
    design = api.read_design(options.design)
    x = read_array(options.input)
    golden = GoldenModel(design.network)
    with about(options.input):
        x_codes = golden.quantize_input(x)
    with _progress("golden model", len(x)) as advance:
        y_codes, overflows = golden.run(x_codes, progress=advance)
    write_array(options.output, y_codes if options.codes else golden.output_values(y_codes))
    counted = {name: count for name, count in overflows.items() if count}
    _print(f"{len(x):,} sequences; answers {y_codes.shape} written to {options.output}")
    _print(f"saturated: {counted}" if counted else "no node saturated")
    return EQUAL


def _simulate(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables import simulation_table
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
        with _bars() as bars, about(options.input):
            tasks = {s.value: bars.add_task(s.value, total=None) for s in wanted}
            results = api.simulate(
                options.design,
                x,
                simulators=[simulator.value for simulator in wanted],
                seed=options.seed,
                max_cycles=options.max_cycles,
                waves=options.waves,
                progress=lambda name, done, total: bars.update(
                    tasks[name], completed=done, total=total
                ),
            )
        _print(simulation_table(results))
    for line in missing:
        _complain(line)
    if not all(result.passed for result in results):
        return DIFFERENT
    return BAD_INPUT if not results or (missing and options.simulator != AVAILABLE) else EQUAL


def _report(options: argparse.Namespace) -> int:
    from lmu_hw.report.console import report_table

    if options.labels is not None and options.input is None:
        raise ConfigError("--labels must come with the data they belong to: give --input as well")
    x = None if options.input is None else read_array(options.input)
    labels = None if options.labels is None else read_array(options.labels)
    data = api.read_design(options.design).calibration if x is None else x
    about_data = options.input if labels is None else f"{options.input}, {options.labels}"
    with _progress("measuring", len(np.atleast_1d(data))) as advance, about(about_data):
        report = api.report(options.design, x, labels, progress=advance)
    _print(report_table(report))
    _print(f"written to {Path(options.design) / 'report.html'}")
    return EQUAL


def _compare(options: argparse.Namespace) -> int:
    from lmu_hw.report import write_comparison
    from lmu_hw.report.console import comparison_table

    check_target(options.output)
    _print(comparison_table(write_comparison(options.designs, options.output)))
    _print(f"written to {options.output}")
    return EQUAL


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "inspect": _inspect,
    "config": _config,
    "generate": _generate,
    "predict": _predict,
    "simulate": _simulate,
    "report": _report,
    "compare": _compare,
}


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the word-length options that were typed."""
    names = (field.name for field in fields(Options))
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _calibration(options: argparse.Namespace, network: Network) -> Any:
    if options.calibrate is None:
        return None
    with about(options.calibrate):
        return api.calibration_data(network, read_array(options.calibrate))


def _complain(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(text, markup=False, highlight=False)


def _print(what: Any) -> None:
    width = None if sys.stdout.isatty() else 120
    Console(width=width).print(what, highlight=False)


def _bars() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    with _bars() as bars:
        task = bars.add_task(what, total=total)
        yield lambda count: bars.advance(task, count)


@contextmanager
def _status(what: str) -> Iterator[None]:
    with Console(stderr=True).status(what):
        yield
