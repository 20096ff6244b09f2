# SPDX-License-Identifier: Apache-2.0
"""Small designs as folders, and ways to falsify them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lmu_hw
from lmu_hw import hdl
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_verify import verify
from tests.networks import noise, passing, recurrent_layer

ALONE = ("certificate.npz", "certificate.json", "manifest.json")


def network(
    *,
    order=4,
    theta=12.0,
    memory_d=1,
    layers=1,
    passed=True,
    cell=None,
    encoder="linear",
    gated=None,
) -> Network:
    """Return memories that hear two inputs, each layer before a linear dense layer.

    With a cell, "linear", "relu" or "tanh", the read-out is in the layer; the last feeds back. With
    a kind of gated cell, a layer of it stands at the end.
    """
    random = np.random.default_rng(5)
    parts = []
    for index in range(layers):
        states = memory_d * order
        W, b = random.normal(size=(2, states + 2 * passed)), random.normal(size=2)
        loop = cell == "tanh"
        hidden = SimpleCell(
            W_m=W[:, :states],
            W_x=W[:, states:] if passed else None,
            W_h=random.normal(size=(2, 2)) / 4 if loop else None,
            b=b,
            activation=cell or "linear",
        )
        memory = LmuLayer(
            name=f"lmu{index}",
            memory=Memory.legendre(order, theta, Discretizer.ZOH),
            E_x=random.uniform(-1.0, 1.0, (memory_d, 2)),
            E_h=random.uniform(-0.1, 0.1, (memory_d, 2)) if loop else None,
            E_m=random.uniform(-0.1, 0.1, (memory_d, states)) if loop else None,
            b_u=random.uniform(-0.3, 0.3, memory_d),
            hidden=hidden if cell else None,
            encoder=encoder,
            input_to_hidden=passed,
            return_sequences=True,
        )
        parts.append(memory)
        if not cell:
            parts.append(DenseLayer(name=f"head{index}", W=W, b=b, activation="linear"))
    if gated:
        parts.append(recurrent_layer(kind=gated, inputs=2, units=2))
    return Network(name="small", layers=tuple(parts))


def design(*, options: dict[str, Any] | None = None, **shape: Any) -> lmu_hw.Design:
    """Return a design whose encoders, read-outs, biases and inputs round."""
    if shape.pop("passing", False):
        net = passing()
        return lmu_hw.quantize(net, noise(net, sequences=4, steps=60), weight_bits=9)
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (4, 60, 2))
    chosen = {"weight_bits": 9, "memory_bits": 9, "state_bits": 14, "margin": 1.5}
    return lmu_hw.quantize(network(**shape), x, **chosen | (options or {}))


DESIGNS: dict[str, dict[str, Any]] = {
    "dense": {"memory_d": 2},
    "feedback": {"options": {"error_feedback": True}},
    "sweeps": {"order": 5, "options": {"realization": "semiseparable"}},
    "ranks": {"order": 6, "options": {"realization": "semiseparable", "memory_tolerance": 1e-4}},
    "two passes": {"options": {"realization": "two-pass"}},
    "short window": {
        "order": 8,
        "theta": 6.0,
        "options": {"realization": "two-pass", "state_bits": 18},
    },
    "scan": {"theta": 16.0, "options": {"realization": "scan"}},
    "two layers": {"layers": 2, "passed": False},
    "cell": {"cell": "linear"},
    "loop": {"cell": "tanh", "memory_d": 2},
    "fast": {"order": 6, "theta": 0.05, "passed": False},
    "saturating": {"order": 6, "options": {"memory_range": "saturate", "state_bits": 6}},
    "saturating sweeps": {
        "order": 6,
        "options": {"memory_range": "saturate", "state_bits": 6, "realization": "semiseparable"},
    },
    "rectified": {"cell": "relu", "encoder": "relu"},
    "gated": {"gated": "gru"},
    "passing": {"passing": True},
}


@pytest.fixture(scope="session")
def originals(tmp_path_factory) -> Callable[[str], Path]:
    """Return the folder of one of `DESIGNS`, with a stand-in for its Verilog."""
    made: dict[str, Path] = {}

    def verilog(*_: object, digest: str, **__: object) -> dict[str, str]:
        header = f"// small\n// design sha256 {digest}\n"
        return {"small.v": header + "module small(); endmodule\n", "a.hex": "3\n", "b.hex": "5\n"}

    def make(name: str) -> Path:
        if name not in made:
            path = tmp_path_factory.mktemp("verify") / "out"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(hdl, "emit_verilog", verilog)
                lmu_hw.emit(design(**DESIGNS[name]), path, lanes=1)
            made[name] = path
        return made[name]

    return make


class Folder:
    """A copy of a design's folder, to be falsified."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    def write(self, name: str, document: Any) -> None:
        (self.path / name).write_text(json.dumps(document))

    def certificate(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        with np.load(self.path / "certificate.npz") as file:
            arrays = dict(file)
        return json.loads(arrays.pop("header").tobytes()), arrays

    def write_certificate(self, header: Any, arrays: dict[str, Any]) -> None:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        np.savez(self.path / "certificate.npz", header=np.frombuffer(text, np.uint8), **arrays)

    def change(self, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
        """Change the first memory of the certificate: its entry, and its arrays by their name."""
        header, arrays = self.certificate()
        name = header["memories"][0]["name"]
        own = {k.partition("/")[2]: v for k, v in arrays.items() if k.startswith(f"{name}/")}
        rest = {k: v for k, v in arrays.items() if not k.startswith(f"{name}/")}
        change(header["memories"][0], own)
        self.write_certificate(header, rest | {f"{name}/{k}": v for k, v in own.items()})

    def change_summary(self, change: Callable[[dict[str, Any]], object]) -> None:
        document = self.read("certificate.json")
        change(document)
        self.write("certificate.json", document)

    def change_tensors(self, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the header of a safetensors file."""
        path = self.path / name
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        change(header)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])

    def seal(self) -> None:
        """Make all digests of files agree with what the files are now."""
        header, arrays = self.certificate()
        names = {str(p.relative_to(self.path)): p for p in self.path.rglob("*") if p.is_file()}
        table = {n: _sha256(p.read_bytes()) for n, p in sorted(names.items()) if n not in ALONE}
        self.write_certificate({**header, "files": table}, arrays)
        self.seal_manifest()

    def seal_manifest(self, without: str | None = None) -> None:
        """Make the manifest list what the files are now, but for one."""
        table = self.read("manifest.json")["files"]
        names = {*table, *(str(p.relative_to(self.path)) for p in self.path.rglob("rtl/*"))}
        names = {name for name in names if (self.path / name).is_file()} - {without}
        table = {name: _sha256((self.path / name).read_bytes()) for name in sorted(names)}
        manifest = {**self.read("manifest.json"), "files": table}
        manifest.pop("sha256")
        seal = _sha256(json.dumps(manifest, indent=2).encode())
        self.write("manifest.json", {**manifest, "sha256": seal})

    def failing(self) -> list[str]:
        """Return the claims that fail."""
        return [verdict.claim for verdict in verify(self.path) if not verdict.holds]

    def reasons(self) -> str:
        return "; ".join(verdict.detail for verdict in verify(self.path) if not verdict.holds)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(originals, tmp_path) -> Callable[[str], Folder]:
    """Return a copy of the folder of one of `DESIGNS`."""

    def copy(name: str = "dense", to: str = "out") -> Folder:
        shutil.copytree(originals(name), tmp_path / to)
        return Folder(tmp_path / to)

    return copy
