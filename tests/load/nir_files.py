# SPDX-License-Identifier: Apache-2.0
"""NIR graphs put together by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nir as package
import numpy as np

from lmu_hw.lmu import legendre_system

ORDER, TAU = 4, 0.75
nir: Any = package
"""Whose classes say that arrays of any kind are numbers."""


def integrator(size: int, *, tau: float = TAU, **changed: Any) -> Any:
    values = {"tau": tau, "r": 1.0, "v_leak": 0.0} | changed
    return nir.LI(**{key: np.full(size, value) for key, value in values.items()})


def written(
    folder: Path, nodes: dict[str, Any], edges: Sequence[str], inputs: int = 2, outputs: int = 2
) -> Path:
    """Write a graph whose edges are such as "x m"; x and y are its input and output."""
    ends = {
        "x": nir.Input(input_type={"input": np.array([inputs])}),
        "y": nir.Output(output_type={"output": np.array([outputs])}),
    }
    pairs: list[Any] = [tuple(edge.split()) for edge in edges]
    graph = nir.NIRGraph({**ends, **nodes}, pairs, metadata={}, type_check=False)
    nir.write(folder / "m.nir", graph)
    return folder / "m.nir"


def memory(rng: np.random.Generator, memories: int = 1, **changed: Any) -> dict[str, Any]:
    """Return the nodes of a Legendre memory of two inputs, and a linear node behind it."""
    A, B = legendre_system(ORDER)
    several = np.eye(memories)
    return {
        "encoder": nir.Affine(rng.normal(size=(memories, 2)), rng.normal(size=memories)),
        "drive": nir.Linear(np.kron(several, B.reshape(-1, 1))),
        "m": integrator(memories * ORDER, **changed),
        "back": nir.Linear(np.kron(several, A + np.eye(ORDER))),
        "head": nir.Affine(rng.normal(size=(2, memories * ORDER)), rng.normal(size=2)),
    }


EDGES = ("x encoder", "encoder drive", "drive m", "m back", "back m", "m head", "head y")
