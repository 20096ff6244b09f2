# SPDX-License-Identifier: Apache-2.0
"""Writing a design to a folder: Verilog, ROM contents, manifest, and the design's own files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lmu_hw.design import Design
from lmu_hw.files import sha256
from lmu_hw.folder import DesignFolder
from lmu_hw.integration import Subject, integration_files, integration_patterns
from lmu_hw.manifest import choice_of, manifest_of
from lmu_hw.network import Stream
from lmu_hw.plan import Additions, Goal, Reloadable, choose_plan
from lmu_hw.proofs import summary_json, write_certificate
from lmu_hw.quantize import require_reloadable

__all__ = ["write_design"]


def write_design(
    design: Design,
    directory: str | Path,
    *,
    goal: Goal,
    reloadable: Reloadable,
    additions: Additions,
    stream: Stream,
    name: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Write a design as a folder that simulation, prediction and reports work on.

    Of an earlier design in its place only those files are replaced that nobody changed since; the
    rest stays. A failure leaves everything as it was.

    Parameters
    ----------
    design : Design
    directory : str or Path
        New, empty, or an earlier design.
    goal : Goal
        What the plan is chosen for.
    reloadable : Reloadable
        Which coefficients are written through a port that the top gets.
    additions : Additions
        Registers, access to states, streams.
    stream : Stream
        How input vectors and answers travel.
    name : str, optional
        Names the Verilog top, and begins the name of every module and file; None: the name of the
        design, which is that of the model.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    ConfigError
        If `directory` is something else, cannot be written to, or has a file in the way that was
        changed since it was generated, or is not of this tool; if there is no plan as asked for,
        see `choose_plan`; if the name is none; or if a memory cannot take another window, see
        `require_reloadable`.
    StabilityError
        If a memory is not shown to be stable.
    """
    from lmu_hw.hdl import emit_verilog

    tell = progress or (lambda text: None)
    design = design.named(design.network.name if name is None else name)
    folder, network = DesignFolder(directory), design.network
    patterns = integration_patterns(network.name)
    folder.check_target(name=network.name, config=design.config.text(), others=patterns)
    if reloadable is Reloadable.MEMORY:
        require_reloadable(design.reference, design.config)
    choice = choose_plan(network, goal, reloadable=reloadable, stream=stream, additions=additions)
    plan = choice.chosen.plan
    certificate = design.certify(progress=lambda name: tell(f"certifying {name}"))
    tell(f"generating {network.name}")
    rtl = emit_verilog(network, plan, digest=design.digest)
    files = {f"{folder.RTL}/{name}": text.encode() for name, text in rtl.items()}
    emitted = tuple(sorted(files))
    files |= design.files()
    manifest = manifest_of(design, plan) | {"choice": choice_of(choice, goal)}
    subject = Subject(design=design, plan=plan, manifest=manifest, rtl=emitted)
    files |= integration_files(subject)
    buffer = io.BytesIO()
    digests = {name: sha256(files[name]) for name in sorted(files)}
    write_certificate(certificate, buffer, design_digest=design.digest, files=digests)
    files[folder.CERTIFICATE] = buffer.getvalue()
    proved = summary_json(certificate, design.digest)
    files[folder.SUMMARY] = (json.dumps(proved) + "\n").encode()
    folder.replace(files, manifest)
    return folder.manifest
