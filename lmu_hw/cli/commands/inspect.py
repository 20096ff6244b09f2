# SPDX-License-Identifier: Apache-2.0
"""The command ``inspect``: what is in a trained file, or in the folder of a design."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lmu_hw import api
from lmu_hw.cli.console import complain, remark, show, status
from lmu_hw.cli.exits import BAD_INPUT, EQUAL
from lmu_hw.cli.files import check_target, write_text
from lmu_hw.cli.inputs import read_design
from lmu_hw.cli.typed import in_words
from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.load.strangers import stranger_folder

__all__ = ["inspect"]


def inspect(options: argparse.Namespace) -> int:
    """Show what is there; where a state dict does not say what it is, draft a mapping."""
    path = Path(options.path)
    if path.is_dir() and ((path / DesignFolder.MANIFEST).is_file() or not stranger_folder(path)):
        return _design(options)
    if options.draft_mapping is not None:
        return _draft(options)
    return _network(options)


def _network(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.network import network_entry, network_table

    try:
        with status(f"reading {options.path}"):
            network = api.load(options.path, theta=options.theta, mapping=options.mapping)
            table = network_table(network)
    except LoadError as error:
        text = None if options.mapping else _drafted(options.path)
        if text is None:
            raise
        complain(f"lmu-hw inspect: {in_words(error)}")
        remark("a draft of a mapping follows; --draft-mapping FILE.toml writes it into a file")
        sys.stdout.write(text)
        return BAD_INPUT
    options.result = network_entry(network)
    show(table)
    return EQUAL


def _drafted(path: str) -> str | None:
    """Return a mapping for a file that was refused, or None if it holds no state dict."""
    try:
        return api.draft_mapping(path)
    except LoadError:
        return None


def _draft(options: argparse.Namespace) -> int:
    """Write a mapping, but never over one that may have been edited."""
    target = options.draft_mapping
    for name in ("theta", "mapping"):
        if getattr(options, name) is not None:
            raise ConfigError(f"`{name}` must be left out with --draft-mapping")
    check_target(target, options.path)
    if Path(target).exists():
        raise LoadError(f"{target}: must be a new file: an edited mapping is not overwritten")
    with status(f"reading {options.path}"):
        text = api.draft_mapping(options.path)
    write_text(target, text)
    undecided = sum(' = "?"' in line for line in text.splitlines())
    show(
        f"drafted in {target}: {undecided} keys are undecided; edit them, then: lmu-hw inspect "
        f"{options.path} --mapping {target}"
    )
    return EQUAL


def _design(options: argparse.Namespace) -> int:
    from lmu_hw.cli.tables.design import design_table
    from lmu_hw.implement.record import rtl_digest, rtl_files
    from lmu_hw.prove.claims import read_proof

    for name in ("theta", "mapping", "draft_mapping"):
        if getattr(options, name) is not None:
            raise ConfigError(f"`{name}` must be left out with a folder: a design has what it says")
    read_design(options.path)
    folder = DesignFolder(options.path)
    try:
        table = design_table(folder.manifest)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise LoadError(
            f"{folder.path / folder.MANIFEST}: is damaged ({error!r}); generate the design again"
        ) from None
    options.result = folder.manifest
    show(table)
    for name in folder.changed_rtl():
        complain(f"{name} was changed since it was generated")
    proof = read_proof(folder)
    if proof is not None and proof.rtl != rtl_digest(rtl_files(folder)):
        complain(
            f"{folder.PROOF} is of other Verilog than what is in {folder.RTL}/; run 'lmu-hw "
            "prove' again"
        )
    return EQUAL
