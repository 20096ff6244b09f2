# SPDX-License-Identifier: Apache-2.0
"""Changes of a design's folder that its manifest agrees with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hw.files import sealed, sha256
from lmu_hw.folder import DesignFolder


def rewrite(folder: Path, name: str, content: bytes | str) -> None:
    """Replace a generated file, and its digest."""
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    change_manifest(folder, lambda manifest: manifest["files"].update({name: sha256(data)}))


def change_json(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    """Change a generated JSON file, and its digest."""
    document = json.loads((folder / name).read_bytes())
    change(document)
    rewrite(folder, name, json.dumps(document))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest, and its digest of itself."""
    manifest = DesignFolder(folder).manifest
    change(manifest)
    (folder / DesignFolder.MANIFEST).write_bytes(sealed(manifest))


def forge(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change a file, and its digests in certificate and manifest."""
    data = change((folder / name).read_bytes())
    with np.load(folder / "certificate.npz") as file:
        arrays = dict(file)
    header = json.loads(arrays.pop("header").tobytes())
    header["files"][name] = sha256(data)
    text = np.frombuffer(json.dumps(header, sort_keys=True).encode(), np.uint8)
    np.savez(folder / "certificate.npz", header=text, **arrays)
    rewrite(folder, "certificate.npz", (folder / "certificate.npz").read_bytes())
    rewrite(folder, name, data)
