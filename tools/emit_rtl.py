# SPDX-License-Identifier: Apache-2.0
"""Emit the reference designs of rtl/ again; `tests/test_rtl.py` demands the same bytes."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

import lmu_hw
from lmu_hw.cli.console import status
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


def emit_design(name: str, folder: Path) -> None:
    """Write the folder of one reference design."""
    example, options, lanes = reference_designs()[name]
    source = ROOT / "examples" / example
    network = lmu_hw.load(source / "model.safetensors")
    design = lmu_hw.quantize(network, np.load(source / "calibrate_x.npy"), **options)
    lmu_hw.emit(design, folder, lanes=lanes)


def copy_reference(emitted: Path, target: Path) -> None:
    """Copy the Verilog, ROM contents and manifest of a design's folder into `target`.

    The manifest lists only what is beside it; the last bits of certificates are the machine's.
    """
    folder = DesignFolder(emitted)
    manifest = folder.manifest
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in folder.rtl:
        shutil.copy(folder.path / name, target)
    manifest["files"] = {name: folder.digests[name] for name in folder.rtl}
    (target / folder.MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Emit every reference design again; with --prove, prove what is emitted."""
    parser = argparse.ArgumentParser(description="Emit the reference designs of rtl/ again.")
    parser.add_argument("--prove", action="store_true", help="prove what is emitted")
    options = parser.parse_args(arguments)
    missing = False
    for name in reference_designs():
        with tempfile.TemporaryDirectory() as work:
            emit_design(name, Path(work) / name)
            copy_reference(Path(work) / name, ROOT / "rtl" / name)
            print(f"rtl/{name}", flush=True)
            if options.prove:
                with status(f"rtl/{name}") as tell:
                    result = lmu_hw.prove(Path(work) / name, progress=tell)
                print(f"rtl/{name}: {result.summary}", flush=True)
                missing |= not result.proved
    return int(missing)


if __name__ == "__main__":
    sys.exit(main())
