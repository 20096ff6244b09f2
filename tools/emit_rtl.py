# SPDX-License-Identifier: Apache-2.0
"""Emit the reference designs of rtl/ again; `tests/test_rtl.py` demands the same bytes."""

from __future__ import annotations

import json
import shutil
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

import lmu_hw
from lmu_hw.folder import DesignFolder
from lmu_hw.quantize import Realization

ROOT = Path(__file__).resolve().parents[1]


def reference_designs() -> dict[str, tuple[str, dict[str, object], int | None]]:
    """Return the trained network, options and lanes of each reference design, by name."""
    return {
        "digits_8_bit": (
            "digits",
            {"input_scale": Fraction(1, 16), "weight_bits": 8, "activation_bits": 8},
            4,
        ),
        "digits_sweeps": (
            "digits",
            {
                "input_scale": Fraction(1, 16),
                "weight_bits": 8,
                "activation_bits": 8,
                "realization": Realization.SEMISEPARABLE,
            },
            4,
        ),
        "mackey_glass_1_lane": ("mackey_glass", {"weight_bits": 10, "activation_bits": 8}, 1),
    }


def emit_reference(name: str, target: Path) -> None:
    """Write the Verilog, ROM contents and manifest of one reference design into `target`.

    The manifest lists only what is beside it; the last bits of certificates are the machine's.
    """
    example, options, lanes = reference_designs()[name]
    folder = ROOT / "examples" / example
    network = lmu_hw.load(folder / "model.safetensors")
    design = lmu_hw.quantize(network, np.load(folder / "calibrate_x.npy"), **options)
    with tempfile.TemporaryDirectory() as work:
        manifest = lmu_hw.emit(design, Path(work) / name, lanes=lanes)
        folder = DesignFolder(Path(work) / name)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder.path / folder.RTL, target)
        manifest["files"] = {name: folder.digests[name] for name in folder.rtl}
        (target / folder.MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    for name in reference_designs():
        emit_reference(name, ROOT / "rtl" / name)
        print(f"rtl/{name}")
