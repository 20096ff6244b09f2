# SPDX-License-Identifier: Apache-2.0
"""Bounds of what is read under attack, and predictions beside measurements, on many networks.

Run by ``make proofs``; prints the tables of docs/proofs.md. The networks are random cells on a
Legendre memory whose linear head is trained, by least squares, to answer what they heard some steps
ago.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.errors import LmuHwError
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.measure import measure
from lmu_hw.proofs import Readout, quantized_memories, readouts_of

Array = NDArray[np.float64]

SEQUENCES, STEPS = 24, 160
KINDS = ("none", "dense", "recurrent", "fed back")
FEW = 100


def trained(random: np.random.Generator, kind: str) -> Network:
    """Return a random network of a kind, its head trained to answer a delay."""
    order, units = int(random.choice([4, 6, 8, 12, 16, 24])), int(random.integers(4, 17))
    theta = float(order * random.uniform(1.5, 8.0))
    scale = np.sqrt(1.0 / (order + units))
    hidden = None
    if kind != "none":
        hidden = SimpleCell(
            W_m=random.normal(size=(units, order)) * np.sqrt(3.0 / order),
            W_x=random.normal(size=(units, 1)),
            W_h=None if kind == "dense" else random.normal(size=(units, units)) * scale,
            b=random.normal(size=units) / 4,
            activation=str(random.choice(["tanh", "relu"])) if kind == "dense" else "tanh",
        )
    fed = kind == "fed back"
    layer = LmuLayer(
        name="lmu0",
        memory=Memory.legendre(order, theta, Discretizer.ZOH),
        E_x=np.ones((1, 1)),
        E_h=random.normal(size=(1, units)) * scale / 2 if fed else None,
        E_m=random.normal(size=(1, order)) * scale / 8 if fed else None,
        b_u=None,
        hidden=hidden,
        input_to_hidden=hidden is not None,
        return_sequences=True,
    )
    x, width = inputs(random, 8), order if hidden is None else units
    features = Network(name="features", layers=(layer,)).run(x).reshape(-1, width)
    wanted = np.roll(x, int(theta / 3), axis=1).reshape(-1, 1)
    ridge = features.T @ features + 1e-3 * len(features) * np.eye(width)
    W = np.linalg.solve(ridge, features.T @ wanted).T.astype(np.float64)
    head = DenseLayer(name="head", W=W, b=None, activation="linear")
    return Network(name="trained", layers=(layer, head))


def inputs(random: np.random.Generator, sequences: int) -> Array:
    """Return values in -1 to 1 of every bandwidth, (sequences, steps, 1)."""
    noise = random.uniform(-1.0, 1.0, (sequences, STEPS, 1))
    kept = random.random((sequences, STEPS, 1)) < np.geomspace(1, 0.03, sequences)[:, None, None]
    latest = np.maximum.accumulate(np.where(kept, np.arange(STEPS)[None, :, None], 0), axis=1)
    return 0.9 * np.take_along_axis(noise, latest, axis=1)


def options(random: np.random.Generator) -> dict[str, Any]:
    """Return word lengths, and how the memory is computed."""
    return {
        "weight_bits": int(random.integers(7, 15)),
        "state_bits": int(random.integers(9, 17)),
        "activation_bits": int(random.integers(8, 13)),
        "memory_bits": int(random.integers(7, 13)),
        "realization": str(random.choice(["dense", "dense", "semiseparable"])),
        "margin": 1.5,
    }


def designs(count: int, seed: int) -> list[tuple[str, Design, Array]]:
    """Return designs of random networks by kind, each with data of its own."""
    found = []
    random = np.random.default_rng(seed)
    while len(found) < count:
        kind = KINDS[len(found) % len(KINDS)]
        net, words = trained(random, kind), options(random)
        data = inputs(random, SEQUENCES)
        try:
            found.append((kind, lmu_hw.quantize(net, data, **words), inputs(random, SEQUENCES)))
        except LmuHwError:  # a memory that rounding makes unstable
            continue
        print(".", end="", file=sys.stderr, flush=True)
    return found


def worst_of(readout: Readout, design: Design, fmt_limit: float) -> Array:
    """Return u by step, (rows, steps), that drives each row of a read-out furthest off."""
    (memory,) = quantized_memories(design.network)
    layer = design.reference.layers[0]
    assert isinstance(layer, LmuLayer)
    own, ideal, apart = memory.B.copy(), layer.memory.B.copy(), []
    for _ in range(STEPS):
        apart.append(readout.rows @ own - readout.ideal @ ideal)
        own, ideal = memory.A @ own, layer.memory.A @ ideal
    return np.where(np.array(apart)[::-1].T >= 0.0, fmt_limit, -fmt_limit)


def attack(design: Design, data: Array) -> list[float]:
    """Return the largest shares of bounds that any input reached.

    Of coefficients (all time, first steps) with rounding in its worst case, of rounding in the
    worst case, and of rounding at a probability of 1e-12.
    """
    certificate, golden = design.certify(), GoldenModel(design.network)
    (memory,) = quantized_memories(design.network)
    layer = design.reference.layers[0]
    assert isinstance(layer, LmuLayer)
    found = readouts_of(design.network, design.reference, memory)
    fmt = design.network.input.format
    signs = np.concatenate([worst_of(one, design, fmt.max_value) for one in found])[:, :, None]
    extremes = np.where(data > 0, fmt.max_value, fmt.min_value)
    codes = golden.trace(
        golden.quantize_input(np.concatenate([signs, -signs, data, extremes]))
    ).codes
    u = codes["lmu0.u"] * memory.u_format.ulp
    m = dequantize(codes["lmu0.m"], memory.format)
    ideal, exact = (np.zeros((len(u), len(memory.B))) for _ in range(2))
    shares = np.zeros(4)
    for t in range(STEPS):
        ideal = ideal @ layer.memory.A.T + u[:, t] * layer.memory.B
        exact = exact @ memory.A.T + u[:, t] * memory.B
        for one, proof in zip(found, certificate.readouts, strict=True):
            off = np.abs(m[:, t] @ one.rows.T - ideal @ one.ideal.T).max(axis=0)
            dropped = np.abs((m[:, t] - exact) @ one.rows.T).max(axis=0)
            bounds = [
                np.add(proof.error, proof.rounding),
                np.add(proof.error_within, proof.rounding),
            ]
            bounds += [np.array(proof.rounding), np.array(proof.likely_rounding)]
            for index, bound in enumerate(bounds):
                seen = off if index < 2 else dropped
                shares[index] = max(shares[index], float((seen / np.maximum(bound, 1e-300)).max()))
    return shares.tolist()


def end_to_end(design: Design, data: Array) -> float | None:
    """Return the largest share of any bound against float that was seen; None if there is none."""
    bounds = {entry.name: entry.error.within for entry in design.certify().errors}
    report = measure(design, data)
    if any(signal.saturations and not signal.lossless_clamp for signal in report.signals):
        return None
    shares = [
        signal.max_error / bounds[signal.name][signal.max_error_at[2]]
        for signal in report.signals
        if signal.name in bounds
        and signal.max_error_at is not None
        and signal.max_error is not None
    ]
    return max(shares, default=None)


def ratios(design: Design, data: Array) -> tuple[float, float]:
    """Return measured over predicted RMS error of the output: of all answers, and of few."""
    found = []
    for part in (data, data[:1, : FEW // 4]):
        signal = measure(design, part).signals[-1]
        found.append((signal.rms_error_ulp or 0.0) / (signal.predicted_rms_ulp or 1.0))
    return found[0], found[1]


def spread(values: list[float]) -> str:
    """Return median, and from where to where 90 % of values reach."""
    low, middle, high = np.percentile(values, [5, 50, 95])
    return f"{middle:.3f} | {low:.2f} to {high:.2f}"


def main() -> int:
    """Print both tables; return 1 if a bound was exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--designs", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    made = designs(arguments.designs, arguments.seed)
    print("\n### Bounds of what is read, under attack (largest share of a bound that was seen)\n")
    print(
        "| hidden cell | designs | coefficients and rounding, all time | in the first steps | "
        "rounding, worst case | rounding, 1e-12 | end to end |"
    )
    print("|---|---|---|---|---|---|---|")
    exceeded = False
    for kind in KINDS:
        own = [(design, data) for name, design, data in made if name == kind]
        shares = np.array([attack(design, data) for design, data in own])
        ends = [share for one in own if (share := end_to_end(*one)) is not None]
        exceeded |= bool((shares > 1.0).any()) or max(ends, default=0.0) > 1.0
        cells = " | ".join(f"{100 * value:.1f} %" for value in shares.max(axis=0))
        end = f"{100 * max(ends):.1f} % ({len(ends)})" if ends else "–"
        print(f"| {kind} | {len(own)} | {cells} | {end} |", flush=True)
    print("\n### Predicted error of the output (measured over predicted RMS)\n")
    print("| hidden cell | designs | answers | median | 5 to 95 % |")
    print("|---|---|---|---|---|")
    found = {kind: [ratios(d, data) for name, d, data in made if name == kind] for kind in KINDS}
    for kind, pairs in found.items():
        print(
            f"| {kind} | {len(pairs)} | {SEQUENCES * STEPS:,} | {spread([p[0] for p in pairs])} |"
        )
    every = [pair for pairs in found.values() for pair in pairs]
    print(f"| all | {len(every)} | {SEQUENCES * STEPS:,} | {spread([pair[0] for pair in every])} |")
    print(f"| all | {len(every)} | {FEW // 4} | {spread([pair[1] for pair in every])} |")
    return int(exceeded)


if __name__ == "__main__":
    raise SystemExit(main())
