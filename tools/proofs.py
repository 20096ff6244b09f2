# SPDX-License-Identifier: Apache-2.0
"""Certificates against attack: every table of docs/proofs.md, measured again.

Run by ``make proofs``. ``--quick`` leaves out orders above 64 and most steps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, orthonormal_scale
from lmu_hw.lmu.system import legendre_system
from lmu_hw.proofs import (
    Certificate,
    StabilityError,
    impulse_response,
    quantized_memories,
    settling_steps,
    sign_matched,
)
from lmu_hw.quantize import MemoryRange

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

ORDERS = (4, 8, 16, 32, 64, 128, 256)
SMALL = (4, 8, 16, 32, 64)
COEFFICIENT_BITS = 16
BATCH = 128  # sequences that run at once, at most
TRACED = 2**26  # codes of a trace, at most


def bilinear(order: int, theta: float) -> Memory:
    """Return the memory by Tustin's method, in the Legendre basis."""
    scale = orthonormal_scale(order)
    A, B = legendre_system(order)
    A, B = A * scale / scale[:, None] / theta, B / scale / theta
    left = np.eye(order) - A / 2
    A, B = scipy.linalg.solve(left, np.eye(order) + A / 2), scipy.linalg.solve(left, B)
    return Memory(
        A=A * scale[:, None] / scale, B=B * scale, theta=theta, discretizer=Discretizer.STORED
    )


def network(order: int, theta: float, method: str) -> Network:
    """Return a memory that hears the input itself, before a linear read-out."""
    zoh = Memory.legendre(order, theta, Discretizer.ZOH)
    layer = LmuLayer(
        name="lmu0",
        memory=zoh if method == "zoh" else bilinear(order, theta),
        E_x=np.ones((1, 1)),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=None,
        input_to_hidden=False,
        return_sequences=True,
    )
    W = np.random.default_rng(0).normal(size=(1, order)) / np.sqrt(order)
    return Network(
        name="memory", layers=(layer, DenseLayer(name="head", W=W, b=None, activation="linear"))
    )


def design(order: int, theta: float, method: str = "zoh", **options: Any) -> Design:
    """Return a design whose u covers its whole format."""
    edges = np.array([1.0, -1.0] * 32).reshape(1, 64, 1)
    options = {"memory_bits": COEFFICIENT_BITS, "margin": 1.0} | options
    return lmu_hw.quantize(network(order, theta, method), edges, **options)


def table(title: str, heads: list[str], rows: list[list[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def attack(built: Design, certificate: Certificate, steps: int) -> tuple[int, float, float]:
    """Run the worst case of every state, then noise, until `steps` steps are done.

    Returns
    -------
    steps : int
        Steps run.
    reached : float
        Least share of a state's bound before rounding that its adversary reached.
    used : float
        Largest share of any state's bound that was seen at all; above 1 a proof is wrong.
    """
    (memory,) = quantized_memories(built.network)
    proof = certificate.memories[0].range
    golden = GoldenModel(built.network)
    fmt = built.network.input.format
    responses = impulse_response(memory.A, memory.B, settling_steps(memory.A))
    length, d = len(responses), len(memory.B)
    batch = max(1, min(BATCH, TRACED // (length * d)))
    bound = np.array(proof.bound, np.float64)
    before_rounding = float(memory.u_limit) * proof.input_gain / memory.format.ulp
    reached, largest, done = np.zeros(d), np.zeros(d), 0

    def run(signs: Codes) -> Codes:
        x = np.where(signs > 0, fmt.max_code, fmt.min_code)[:, :, None]
        return np.abs(golden.trace(x).codes["lmu0.m"])

    for start in range(0, d, batch):
        chosen = range(start, min(d, start + batch))
        states = run(np.stack([sign_matched(responses, state) for state in chosen]))
        for row, state in enumerate(chosen):
            reached[state] = states[row, -1, state]
        largest = np.maximum(largest, states.max(axis=(0, 1)))
        done += states.shape[0] * length
    random = np.random.default_rng(0)
    while done < steps:
        held = random.random((batch, length)) < 2.0 ** -random.integers(0, 10, (batch, 1))
        latest = np.maximum.accumulate(np.where(held, np.arange(length), 0), axis=1)
        signs = np.take_along_axis(random.choice([-1, 1], (batch, length)), latest, axis=1)
        largest = np.maximum(largest, run(signs).max(axis=(0, 1)))
        done += batch * length
    return done, float(np.min(reached / before_rounding)), float(np.max(largest / bound))


def certificates(orders: tuple[int, ...], steps: int) -> None:
    """Certify, attack and time the memories of the paper's sizes."""
    rows = []
    cases = [
        (order, theta, method)
        for order in orders
        for theta in (2.0 * order, 16.0 * order)
        for method in ("zoh", "bilinear")
    ]
    cases += [(256, 784.0, "zoh")] if 256 in orders else []
    total = 0
    for order, theta, method in cases:
        started = time.perf_counter()
        built = design(order, theta, method, memory_range=MemoryRange.WIDEN)
        certificate = built.certify()
        seconds = time.perf_counter() - started
        proof = certificate.memories[0].range
        done, reached, used = attack(built, certificate, steps // len(cases))
        total += done
        state = proof.memory.format
        rows.append(
            [
                f"{order}, {theta:g}, {method}",
                f"{certificate.memories[0].pair.gains.radius:.5f}",
                f"{proof.input_gain.max():.4f}",
                f"{proof.rounding_gain.max():.0f}",
                f"{proof.value:.4f}",
                f"{state.int_bits}",
                str(proof.bits),
                f"{100 * reached:.2f} %",
                f"{100 * used:.2f} %",
                f"{done:,}",
                f"{seconds:.1f} s",
            ]
        )
        print(".", end="", file=sys.stderr, flush=True)
    heads = ["order, theta, method", "radius", "peak gain", "rounding gain", "bound"]
    heads += ["integer bits", "bits needed", "adversary reaches", "bound used", "steps", "time"]
    table("Ranges at |u| <= 0.96: 16-bit coefficients, states of 16 bits or as needed", heads, rows)
    print(f"\n{total:,} steps in all.")


def long_windows(orders: tuple[int, ...]) -> None:
    """Time certificates of windows up to 100,000 steps."""
    rows = []
    for order in orders:
        for theta in (10_000.0, 100_000.0):
            started = time.perf_counter()
            built = design(order, theta, memory_bits=24, state_bits=22, input_bits=16)
            one = built.certify().memories[0]
            seconds = time.perf_counter() - started
            text = f"{one.range.value:.4f}", str(one.range.bits), f"{seconds:.1f} s"
            rows.append([f"{order}, {theta:g}", f"{one.range.rounding_gain.max():.3g}", *text])
    heads = ["order, theta", "rounding gain", "bound", "bits needed", "time, all in"]
    table("Long windows: 24-bit coefficients, 22-bit states", heads, rows)


def refusals() -> None:
    """Show what is said of the known instabilities of 8-bit rounding."""
    print("\n### Instability of 8-bit rounding\n")
    for order, theta in ((64, 512.0), (128, 784.0), (256, 784.0)):
        try:
            design(order, theta, memory_bits=8)
        except StabilityError as error:
            print(f"- {error}", flush=True)
        else:
            raise SystemExit(f"({order}, {theta}) was not refused")


def feedback() -> None:
    """Compare error feedback with plain extra fraction bits, at 10-bit states."""
    rows = []
    for order, theta in ((6, 32.0), (16, 64.0), (32, 256.0), (64, 256.0)):
        for name, options in {
            "nearest": {},
            "error feedback": {"error_feedback": True},
            "nearest, 2 bits more": {"state_bits": 12},
            "nearest, 4 bits more": {"state_bits": 14},
        }.items():
            built = design(order, theta, **({"state_bits": 10} | options))
            one = built.certify().memories[0]
            node = built.network.nodes[1]
            kept = node.dropped_bits if node.error_feedback else 0
            ulps = node.requant.format.ulp * 2.0**9  # in ulp of the 10-bit state
            residue = one.proof.residue.ulp * ulps if one.proof.residue else float("nan")
            rms = float(max(one.proof.predicted_rms_ulp)) * ulps
            bits = str(node.requant.format.width + kept)
            rows.append([f"{order}, {theta:g}", name, bits, f"{rms:.2f}", f"{residue:g}"])
    heads = ["order, theta", "states", "bits kept per state", "RMS noise", "residue"]
    table("Error feedback beside extra bits (noise and residue in ulp of 10 bits)", heads, rows)


def observed_ranges() -> None:
    """Let ranges come from data alone, then drive the worst state to its peak."""
    rows = []
    for order, theta in ((16, 64.0), (64, 256.0)):
        built = design(order, theta, memory_range=MemoryRange.SATURATE)
        random = np.random.default_rng(0)
        noise = random.uniform(-1.0, 1.0, (50, int(4 * theta), 1))
        seen = np.abs(built.reference.trace(noise)["lmu0.m"]).max()
        int_bits = int(np.ceil(np.log2(1.25 * seen)))
        node = built.config.nodes["lmu0.m"]
        fmt = FixedFormat.of_width(16, signed=True, int_bits=int_bits)
        requant = replace(node.requant, format=fmt, overflow=Overflow.SATURATE)
        nodes = {**built.config.nodes, "lmu0.m": replace(node, requant=requant)}
        config = replace(built.config, nodes=nodes)
        observed = Design.build(network(order, theta, "zoh"), config, built.calibration)
        proved = design(order, theta)
        for name, one in (("observed on noise", observed), ("proved", proved)):
            rows.append([f"{order}, {theta:g}", name, *_under_attack(one, noise)])
    heads = ["order, theta", "range", "format", "saturations on noise", "on the adversary"]
    heads += ["largest error on the adversary"]
    table("A range that was only observed", heads, rows)


def _under_attack(built: Design, noise: Array) -> list[str]:
    (memory,) = quantized_memories(built.network)
    golden = GoldenModel(built.network)
    quiet = golden.trace(golden.quantize_input(noise)).overflows["lmu0.m"]
    responses = impulse_response(memory.A, memory.B, settling_steps(memory.A))
    worst = int(np.argmax(np.abs(responses).sum(axis=0)))
    x = 0.999 * sign_matched(responses, worst)[None, :, None]
    trace = golden.trace(golden.quantize_input(x))
    floats = built.reference.trace(x)["lmu0.m"]
    error = np.abs(trace.codes["lmu0.m"] * memory.format.ulp - floats).max()
    return [
        memory.format.notation(),
        f"{quiet:,}",
        f"{trace.overflows['lmu0.m']:,}",
        f"{error:.4f}",
    ]


def hardware() -> None:
    """Run the adversary of every state on Icarus and Verilator, and check the certificate file."""
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for order, theta in ((4, 16.0), (16, 64.0), (32, 64.0)):
            built = design(order, theta)
            (memory,) = quantized_memories(built.network)
            responses = impulse_response(memory.A, memory.B, settling_steps(memory.A))
            signs = np.stack([sign_matched(responses, state) for state in range(order)])
            folder = Path(work) / f"memory_{order}"
            lmu_hw.emit(built, folder, lanes=16)
            claims = lmu_hw.verify(folder)
            x = np.where(signs > 0, 1.0, -1.0)[:, :, None]
            for run in lmu_hw.simulate(folder, x, max_cycles=0):
                words, wrong = f"{run.words_compared:,}", str(run.mismatches)
                held = f"{sum(claim.holds for claim in claims)} of {len(claims)}"
                rows.append([f"{order}, {theta:g}", run.simulator, words, wrong, held])
    heads = ["order, theta", "simulator", "words compared", "mismatches", "claims that hold"]
    table("The adversary of every state on hardware", heads, rows)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    orders = SMALL if quick else ORDERS
    certificates(orders, 400_000 if quick else 10_000_000)
    long_windows(orders[-3:])
    refusals()
    feedback()
    observed_ranges()
    hardware()


if __name__ == "__main__":
    main()
