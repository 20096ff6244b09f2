# SPDX-License-Identifier: Apache-2.0
"""Writing a design to a folder: Verilog, ROM contents, manifest, and the design's own files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lmu_hw._version import __version__
from lmu_hw.analysis import summary, write_certificate
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.plan import LayerPlan, Plan, make_plan
from lmu_hw.spec import AnyNode, ElementwiseNode, MemoryNode, QuantizedNetwork, Table

__all__ = [
    "CERTIFICATE_FILE",
    "RTL_FOLDER",
    "SUMMARY_FILE",
    "checked_target",
    "emit",
    "manifest_of",
    "read_manifest",
    "read_plan",
]

_AGAIN = "generate the design again"

RTL_FOLDER = "rtl"
CERTIFICATE_FILE = "certificate.npz"
"""Claims and witnesses, for `lmu_hw.analysis.verify`."""
SUMMARY_FILE = "certificate.json"
"""The same for reading."""


def emit(
    design: Design,
    directory: str | Path,
    *,
    lanes: int | str | None,
    name: str | None = None,
    reloadable: bool = False,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Write a design as a folder that simulation, prediction and reports work on.

    Parameters
    ----------
    design : Design
    directory : str or Path
        Created, or replaced if it holds an earlier design; nothing else is overwritten.
    lanes : int or None
        Multipliers of the slowest layer; None, or ``full``: fully unrolled.
    name : str, optional
        Names the Verilog top, and begins the name of every module and file; None: the name of the
        design, which is that of the model.
    reloadable : bool
        The top gets a port through which the coefficients of structured memories are written.
    progress : callable, optional
        Told what is being done.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    ConfigError
        If `directory` exists and is not a folder of this tool, cannot be written to, or is or
        holds the current folder; if lanes is less than 1; or if the name is none.
    StabilityError
        If a memory is not shown to be stable.
    """
    from lmu_hw.hdl import emit_verilog

    tell = progress or (lambda text: None)
    target = checked_target(directory)
    design = design.named(design.network.name if name is None else name)
    plan = make_plan(design.network, lanes, reloadable=reloadable)
    certificate = design.certify(progress=lambda name: tell(f"certifying {name}"))
    tell(f"generating {design.network.name}")
    files = emit_verilog(design.network, plan, digest=design.digest)
    manifest = manifest_of(design, plan, sorted(files))
    with replaced_folder(target) as folder:
        design.write(folder)
        (folder / RTL_FOLDER).mkdir()
        for name, text in files.items():
            (folder / RTL_FOLDER / name).write_text(text)
        write_certificate(certificate, folder / CERTIFICATE_FILE)
        proved = {"design_digest": design.digest, **summary(certificate)}
        (folder / SUMMARY_FILE).write_text(json.dumps(proved) + "\n")
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        for path in folder.iterdir():
            path.chmod(0o755 if path.is_dir() else 0o644)
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what `manifest_of` described, or raise `LoadError`."""
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise LoadError(f"{path}: is damaged ({error}); {_AGAIN}") from None
    if not isinstance(manifest, dict) or "lmu_hw" not in manifest:
        raise LoadError(f"{path}: must be written by 'lmu-hw generate'; {_AGAIN}")
    return manifest


def read_plan(folder: Path, network: QuantizedNetwork) -> Plan:
    """Return the plan that the manifest of a design describes, whose files must all be there.

    Raises
    ------
    LoadError
        If the manifest does not fit the network, or a file is missing.
    """
    manifest = read_manifest(folder)
    try:
        missing = [name for name in manifest["files"] if not (folder / name).is_file()]
        layers = [
            LayerPlan(
                layer=layer,
                rows=int(entry["rows"]),
                columns=int(entry["columns"]),
                beat=int(manifest["beat"]),
                memory_lanes=int(entry["memory_lanes"]),
                reloadable=manifest["reloadable"] is True,
            )
            for layer, entry in zip(network.layers, manifest["layers"], strict=True)
        ]
        plan = Plan(layers=tuple(layers))
        fits = plan.cycles(last_step=True) == manifest["cycles_last_step"]
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise LoadError(f"{folder / 'manifest.json'}: is damaged ({error!r}); {_AGAIN}") from None
    if missing:
        raise LoadError(f"{folder}: must hold {missing[0]}, which is missing; {_AGAIN}")
    if not fits:
        cycles = plan.cycles(last_step=True)
        raise LoadError(
            f"{folder / 'manifest.json'}: rows, columns, beat and memory_lanes must give its "
            f"cycles_last_step of {manifest['cycles_last_step']}, not {cycles}; {_AGAIN}"
        )
    return plan


def checked_target(directory: str | Path) -> Path:
    """Return the absolute path of a folder that may be created or replaced, or raise.

    Raises
    ------
    ConfigError
        As for `emit`.
    """
    if not os.fspath(directory):
        raise ConfigError("the output must be a folder, not an empty name")
    target = Path(directory).resolve()
    if target.exists() and not _holds_design(target):
        if not target.is_dir():
            raise ConfigError(
                f"{directory}: the output must be a new folder, an empty one, or an earlier "
                "design, not a file"
            )
        if any(target.iterdir()):
            raise ConfigError(
                f"{directory}: the output must be a new folder, an empty one, or an earlier "
                "design; it holds other files"
            )
    if Path.cwd().is_relative_to(target):
        raise ConfigError(
            f"{directory}: the output is replaced as a whole, so it must not be the current "
            "folder or hold it; name a folder in it, such as ./out"
        )
    existing = next(parent for parent in target.parents if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ConfigError(f"{directory}: the output must be in a folder that can be written to")
    return target


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the place of `target` if all goes well."""
    made = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as name:
            temporary, earlier = Path(name) / "new", Path(name) / "earlier"
            temporary.mkdir(0o755)
            yield temporary
            if target.exists():
                os.replace(target, earlier)  # a rename: never half of a design in its place
            try:
                os.replace(temporary, target)
            except OSError:
                os.replace(earlier, target)
                raise
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        for parent in made:
            with suppress(OSError):  # it holds the design
                parent.rmdir()


def _holds_design(folder: Path) -> bool:
    """Say whether a folder holds an earlier design: others write a manifest.json, too."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and "lmu_hw" in manifest


def manifest_of(design: Design, plan: Plan, files: list[str]) -> dict[str, Any]:
    """Return what `manifest.json` holds: formats, schedule and costs of a design."""
    network, deviations = design.network, design.deviations()
    layers = [_layer(plan, layer) for layer in plan.layers]
    busiest = max(plan.every_step, key=lambda one: one.layer.multiplications(last_step=False))
    return {
        "lmu_hw": __version__,
        "name": network.name,
        "model_digest": network.model_digest,
        "design_digest": design.digest,
        "files": [f"{RTL_FOLDER}/{name}" for name in files],
        "input": {
            "elements": network.inputs,
            "format": network.input.format.notation(),
            "scale": str(network.input_scale),
        },
        "output": {
            "elements": network.output.size,
            "format": network.output.format.notation(),
            "each_step": not network.answers_once,
            "softmax_left_to_host": network.softmax,
        },
        "basis": design.config.basis.value,
        "lanes": plan.lanes,
        "beat": plan.beat,
        "reloadable": any(layer.reloadable for layer in plan.layers),
        "cycles_per_step": plan.cycles(last_step=False),
        "cycles_last_step": plan.cycles(last_step=True),
        "multiplications_per_step": sum(entry["multiplications_per_step"] for entry in layers),
        "multiplications_last_step": sum(entry["multiplications_last_step"] for entry in layers),
        "memories": [_memory(node) for node in network.nodes if node.name.endswith(".m")],
        "refits": [
            {
                **asdict(refit),
                "deviation": deviations[refit.memory].fitted,
                "deviation_before": deviations[refit.memory].before,
            }
            for refit in design.refits
        ],
        "multiplier_utilization": plan.utilization(busiest),
        "coefficient_bits": sum(node.coefficient_bits for node in network.nodes),
        "table_bits": sum(_table_bits(node) for node in network.nodes),
        "rom_bits": sum(layer.rom_bits for layer in plan.layers)
        + sum(_table_bits(node) * plan.beat for node in network.nodes),
        "state_bits": sum(entry["state_bits"] for entry in layers),
        "layers": layers,
    }


def _memory(node: AnyNode) -> dict[str, Any]:
    return {
        "name": node.name,
        "order": node.rows,
        "memories": node.segments,
        "realization": node.realization,
        "multiplications_per_step": node.multiplications,
        "coefficient_bits": node.coefficient_bits,
    }


def _layer(plan: Plan, layer: LayerPlan) -> dict[str, Any]:
    spec = layer.layer
    return {
        "name": spec.name,
        "lanes": layer.lanes,
        "rows": layer.rows,
        "columns": layer.columns,
        "memory_lanes": layer.memory_lanes,
        "cycles_per_step": layer.cycles(last_step=False),
        "cycles_last_step": layer.cycles(last_step=True),
        "multiplications_per_step": int(layer in plan.every_step)
        * spec.multiplications(last_step=False),
        "multiplications_last_step": spec.multiplications(last_step=True),
        "utilization": int(layer in plan.every_step) * plan.utilization(layer),
        "state_bits": spec.state_bits,
        "nodes": [_node(layer, node) for node in spec.nodes],
    }


def _node(layer: LayerPlan, node: AnyNode) -> dict[str, Any]:
    products = {}
    if isinstance(node, ElementwiseNode):
        products["products"] = [product.label for product in node.products]
    return {
        "name": node.name,
        "elements": node.signal.size,
        "format": node.signal.format.notation(),
        "sum": {
            "format": node.requant.format.notation(),
            "rounding": node.requant.rounding.value,
            "overflow": node.requant.overflow.value,
        },
        "activation": _activation(node),
        "last_step_only": node.last_only,
        "row_shifts": node.max_row_shift,
        "cycles": layer.node(node).cycles,
        "weights": _weights(node),
        **products,
    }


def _weights(node: AnyNode) -> list[dict[str, Any]]:
    if isinstance(node, MemoryNode):
        named = list(node.update.coefficients)
    elif isinstance(node, ElementwiseNode):
        named = []
    else:
        named = [(term.label, term.weights) for term in node.terms]
    return [
        {
            "source": name,
            "rows": codes.codes.shape[0],
            "columns": codes.codes[0].size,
            "format": codes.format.notation(),
        }
        for name, codes in named
    ]


def _activation(node: AnyNode) -> str | None:
    if node.activation is None:
        return None
    return node.activation.function if isinstance(node.activation, Table) else "relu"


def _table_bits(node: AnyNode) -> int:
    if not isinstance(node.activation, Table):
        return 0
    table = node.activation.codes
    return table.codes.size * table.format.width
