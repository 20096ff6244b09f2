# SPDX-License-Identifier: Apache-2.0
"""The command that makes a design: what is cheap to check, then formats, then Verilog."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw import api
from lmu_hw.calibration import calibration_rows
from lmu_hw.cli.console import complain, show, stages, status
from lmu_hw.cli.exits import EQUAL
from lmu_hw.cli.files import about, read_array, read_text
from lmu_hw.cli.inputs import adopt_scale, calibration, load_network
from lmu_hw.cli.typed import (
    data_files,
    given,
    in_words,
    measured,
    option_of,
    refuse_half_a_target,
    target,
)
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError
from lmu_hw.folder import DesignFolder
from lmu_hw.integration import integration_patterns
from lmu_hw.lmu import Network
from lmu_hw.names import checked_name, design_name
from lmu_hw.network import stream_of, streams_of
from lmu_hw.plan import Reloadable
from lmu_hw.quantize import Config, Options, require_provable, require_reloadable
from lmu_hw.sequences import Sequences

if TYPE_CHECKING:
    from lmu_hw.report.calibrated import FirstLook

__all__ = ["generate"]


def generate(options: argparse.Namespace) -> int:
    """Quantize a network, write its design, and print what it is."""
    config, text = _checked(options)
    requested, folder = Options(**given(options)), DesignFolder(options.output)
    folder.check_target(config=text)
    network = load_network(options)
    name = options.name or design_name(network.name)
    folder.check_target(name=name, config=text, others=integration_patterns(name))
    if options.reloadable == Reloadable.MEMORY.value:
        require_reloadable(network, config or requested)
    if target(options) is not None:
        design = _search(options, network)
        labels = _labels(options, network)
    else:
        labels = _labels(options, network)
        with status(f"quantizing {network.name}") as tell:
            x = calibration(options, network)
            require_provable(network, requested, config)
            design = api.quantize(network, x, config=config, progress=tell, **given(options))
    with status(f"generating {network.name}") as tell:
        manifest = api.emit(
            design,
            options.output,
            lanes=options.lanes,
            clock=options.clock,
            sample_rate=options.sample_rate,
            target=options.target,
            bank_words=options.bank_words,
            name=options.name,
            reloadable=options.reloadable,
            registers=options.registers,
            state_access=options.state_access,
            stream_width=options.stream_width,
            stream_elements=options.stream_elements,
            stream_last=options.stream_last,
            streams=options.streams,
            progress=tell,
        )
    look = _show(design, manifest, folder, labels)
    options.result = {"manifest": manifest, "first_look": look}
    if options.calibrate is None:
        show("ranges come from noise in -1 to 1; --calibrate X.npy takes them from your data")
    show(f"written to {options.output}; next: lmu-hw simulate {options.output}")
    return EQUAL


def _checked(options: argparse.Namespace) -> tuple[Config | None, str | None]:
    """Return the configuration that is given and its text; raise if an argument is wrong."""
    from lmu_hw.plan import Goal

    refuse_half_a_target(options)
    if options.config is None:
        adopt_scale(options)
    Options(**given(options))
    Goal(
        lanes=options.lanes,
        clock=options.clock,
        sample_rate=options.sample_rate,
        target=options.target,
        bank_words=options.bank_words,
    )
    stream_of(options.stream_width, options.stream_elements, options.stream_last)
    streams_of(options.streams)
    if options.name is not None:
        checked_name(options.name)
    if options.config is None:
        return None, None
    if given(options):
        name = option_of(next(iter(given(options))))
        raise ConfigError(f"{name} and --config cannot be combined: edit the file {options.config}")
    text = read_text(options.config)
    return Config.from_toml(text, where=options.config), text


def _show(
    design: Design,
    manifest: dict[str, Any],
    folder: DesignFolder,
    labels: NDArray[np.generic] | None,
) -> FirstLook:
    """Print what was written, and a first look at what it answers, which is returned."""
    from lmu_hw.cli.tables.design import choice_table, design_table, refits_table, unfitted
    from lmu_hw.cli.tables.estimates import estimate_lines
    from lmu_hw.cli.tables.proofs import proofs_table
    from lmu_hw.manifest import read_plan
    from lmu_hw.report.calibrated import first_look
    from lmu_hw.report.evidence import read_certificates

    show(design_table(manifest))
    show(choice_table(manifest["choice"]))
    for line in estimate_lines(read_plan(folder, design.network), manifest["choice"]["target"]):
        show(line)
    for warning in manifest["choice"]["warnings"]:
        complain(f"warning: {in_words(warning)}")
    if manifest["refits"]:
        show(refits_table(manifest))
    for line in unfitted(design):
        show(line)
    show(proofs_table(design, read_certificates(folder)))
    with status("running calibration data"):
        look = first_look(design, labels)
    show(look.summary)
    for warning in look.warnings:
        complain(f"warning: {warning}")
    return look


def _labels(options: argparse.Namespace, network: Network) -> NDArray[np.generic] | None:
    """Return the labels of what `calibration` takes, checked before anything takes long."""
    from lmu_hw.measure.task import check_labels

    if options.labels is None:
        return None
    x, labels = read_array(options.calibrate), read_array(options.labels, labels=True)
    with about(options.calibrate):
        x = Sequences.of(x, features=network.inputs, what="calibration data")
        x = x.without(network.mask_value, what="calibration data")
    with about(options.labels):
        labels = check_labels(labels, network, x)
    return labels[calibration_rows(len(x), x.longest)]


def _search(options: argparse.Namespace, network: Network) -> Design:
    """Return the design that a search finds, and print how."""
    from lmu_hw.cli.tables.search import search_table

    x, labels = read_array(options.calibrate), None
    if options.labels is not None:
        labels = read_array(options.labels, labels=True)
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
