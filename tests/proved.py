# SPDX-License-Identifier: Apache-2.0
"""Small designs that are emitted to be proved, and what is not shown of one that is changed."""

from __future__ import annotations

from typing import Any

import lmu_hw
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import rtl_files
from lmu_hw.manifest import read_plan
from lmu_hw.prove.run import lemmas_of
from tests import networks

__all__ = ["emitted", "failures"]

_WIDTHS: dict[str, Any] = {"weight_bits": 8, "state_bits": 12, "activation_bits": 6}
_VECTORS = {"stream_width": "vector"}


def emitted(
    folder, *, lanes=4, realization="dense", error_feedback=False, stream=_VECTORS, **options
):
    net = networks.network(**{"units": 2, "order": 4, "theta": 16.0, **options})
    x = networks.noise(net, sequences=2, steps=16)
    design = lmu_hw.quantize(
        net, x, realization=realization, error_feedback=error_feedback, **_WIDTHS
    )
    lmu_hw.emit(design, folder, lanes=lanes, **stream)
    return folder


def failures(path, change=lambda text: text, *, searching=False):
    """Return the lemmas that fail of a design whose Verilog is changed."""
    folder = DesignFolder(path)
    network = lmu_hw.Design.read(path).network
    files = rtl_files(folder)
    name = f"{network.name}.v"
    text = files[name].decode()
    changed = change(text)
    files[name] = changed.encode()
    plan = read_plan(folder, network)
    lemmas, *_ = lemmas_of(files, network, plan, searching=searching)
    return [lemma for lemma in lemmas if not lemma.shown]
