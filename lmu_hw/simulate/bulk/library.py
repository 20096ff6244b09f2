# SPDX-License-Identifier: Apache-2.0
"""The library that Verilator and a compiler make of a design, and its functions on arrays."""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
from collections.abc import Iterator, Sequence
from ctypes import POINTER, Structure, byref, c_char, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ToolError
from lmu_hw.hdl.writes import code_width
from lmu_hw.network import Packet
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.bulk.blocks import Drive
from lmu_hw.simulate.bulk.top import TOP, bulk_top, record_words, word_size
from lmu_hw.simulate.bulk.words import StepWords, layer_steps
from lmu_hw.simulate.cache import Cache, digest_of
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.process import environment_of, toolchain
from lmu_hw.simulate.simulators import Installed, Simulator, find
from lmu_hw.simulate.simulators.backend import Compiler
from lmu_hw.simulate.simulators.verilator import TOGETHER, VARIABLES
from lmu_hw.simulate.throughput import (
    WARM_UP,
    pacing_layer,
    rounds_to_rhythm,
    steps_held_up,
)

__all__ = ["Bench", "Block", "Report", "compiled", "opened_bench"]

Codes = NDArray[np.int64]

_SOURCES = ("library.h", "library.cpp")
_PRODUCT = "library.so"
_COMPILER = Compiler(
    runner="",
    product=_PRODUCT,
    programs=("c++",),
    variables=VARIABLES,
    arguments=(
        *("--cc", "--exe", "-Mdir", "build", "--top-module", TOP, "--prefix", "Vbulk"),
        *TOGETHER,
        *("-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--noassert"),
        # What nothing resets begins with anything, from a seed.
        *("--x-assign", "fast", "--x-initial", "unique"),
        # Several libraries share a process, and none of their symbols.
        *("-CFLAGS", "-std=c++20 -O2 -fPIC -fvisibility=hidden -fno-gnu-unique"),
        *("-LDFLAGS", "-shared", "-o", _PRODUCT),
    ),
)


# Verilator's own library prints through ours.
_OPTIONS = "OPT_GLOBAL=-O2 -DVL_PRINTF=lmu_hw_print -include ../library.h"
_MAKE = ("make", "-C", "build", "-f", "Vbulk.mk", "-j", "2", "OPT_FAST=-O2", _OPTIONS)


class _Layer(Structure):
    _fields_ = [
        *((name, c_int32) for name in ("word", "lanes", "width")),
        *((name, POINTER(c_int32)) for name in ("rows", "widths", "is_signed")),
        *((name, c_int32) for name in ("ordinary", "last", "once")),
        *((name, POINTER(c_int32)) for name in ("node", "index")),
    ]


class _Port(Structure):
    _fields_ = [
        *((name, c_int32) for name in ("elements", "element_bits", "code_width", "is_signed")),
        *((name, c_int32) for name in ("width", "beats", "last_bytes")),
    ]


class _Shape(Structure):
    _fields_ = [
        *((name, _Port) for name in ("input", "output")),
        *((name, c_int32) for name in ("packets", "marks", "streams", "layers")),
        ("layer", POINTER(_Layer)),
        *((name, c_int32) for name in ("answers_once", "slowest", "warm_up", "held_up")),
        ("word_size", c_int32),
        *((name, c_int32) for name in ("cycles", "fill", "settle", "patience")),
    ]


class _Block(Structure):
    _fields_ = [
        *((name, c_int32) for name in ("sequences", "stall", "resets")),
        *((name, POINTER(c_int32)) for name in ("steps", "stream")),
        ("codes", POINTER(c_int64)),
        ("expected", POINTER(POINTER(c_int64))),
    ]


class Report(Structure):
    """What the library saw, of all blocks so far; see ``library.h``."""

    _fields_ = [
        *((name, c_int64) for name in ("cycles", "compared", "mismatches", "taken")),
        *(("stalls", c_int64 * 5), ("resets", c_int64 * 4)),
        *((name, c_int64) for name in ("shortest", "longest")),
        *((name, c_int64) for name in ("place", "at", "got", "missing")),
        *((name, c_int64) for name in ("failed_cycle", "failed_answer")),
        *(("stop", c_int32), ("text", c_char * 256)),
    ]

    @property
    def failure(self) -> str:
        """What went wrong with the protocol; empty if nothing did."""
        text = self.text.decode(errors="replace")
        where = f"cycle {self.failed_cycle}, answer {self.failed_answer}: "
        return where + text if text else ""


def compiled(folder: Path, name: str, verilog: str, plan: Plan, cache: Cache) -> Path:
    """Make the library of a design in a folder, or take it from what is kept.

    Raises
    ------
    ToolError
        If Verilator or a compiler is missing, or does not take the design.
    """
    installed = find(Simulator.VERILATOR)
    files = {name: (Path(__file__).parent / name).read_text() for name in _SOURCES}
    files |= {f"{name}.v": verilog, f"{TOP}.v": bulk_top(name, plan)}
    digest = digest_of([asdict(_COMPILER), _MAKE, toolchain(installed, _COMPILER), files])
    product, target = cache.get(digest), folder / _COMPILER.product
    if product is None:
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        sources = [file for file in files if not file.endswith(".h")]
        _call(["verilator", *_COMPILER.arguments, *sources], folder, installed)
        _call(_MAKE, folder, installed)
        product = (folder / "build" / _COMPILER.product).read_bytes()
        cache.put(digest, product)
    target.write_bytes(product)
    return target


def _call(command: Sequence[str], folder: Path, installed: Installed) -> None:
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment_of(installed),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        lines = [*run.stderr.strip().splitlines(), *run.stdout.strip().splitlines()]
        raise ToolError(
            f"{command[0]} must compile the design, but failed:\n" + "\n".join(lines[:12])
        )


class Block:
    """What runs from an idle design to an idle design, and what must come of it.

    Parameters
    ----------
    drive : Drive
    expected : sequence of (words,) int64
        Words of each layer, and the answers: of one sequence after the other, each in the order in
        which they come.
    """

    def __init__(self, drive: Drive, expected: Sequence[Codes]) -> None:
        self.expected, self.lengths = expected, drive.lengths
        codes = np.concatenate([part.ravel() for part in drive.parts])
        pointers = [array.ctypes.data_as(POINTER(c_int64)) for array in expected]
        # What the library goes on reading.
        self._kept = (codes, _numbers(drive.lengths), _numbers(drive.streams.tolist()))
        self._expected = (POINTER(c_int64) * len(pointers))(*pointers)
        self.structure = _Block(
            sequences=len(drive.lengths),
            stall=drive.stall,
            resets=drive.resets,
            steps=self._kept[1],
            stream=self._kept[2],
            codes=codes.ctypes.data_as(POINTER(c_int64)),
            expected=self._expected,
        )


class Bench:
    """A design in a library, after its reset at power-up."""

    def __init__(self, library: Any, shape: _Shape, seed: int, report: Report) -> None:
        self._library, self._shape = library, shape  # which the library goes on reading
        self._handle = library.lmu_hw_open(byref(shape), seed, byref(report))
        if not self._handle:
            raise ToolError(f"the Verilog must run, but ends at once: {report.failure}")

    def write(self, words: list[tuple[int, int]]) -> None:
        """Write coefficients: addresses and words."""
        size = self._shape.word_size
        addresses = (c_uint32 * len(words))(*(address for address, _ in words))
        parts = [word >> 32 * n & 0xFFFFFFFF for _, word in words for n in range(size)]
        self._library.lmu_hw_write(
            self._handle, len(words), addresses, (c_uint32 * len(parts))(*parts)
        )

    def run(self, block: Block, report: Report) -> None:
        """Run a block, unless `report.stop` is set meanwhile."""
        self._library.lmu_hw_run(self._handle, byref(block.structure), byref(report))

    def close(self) -> None:
        """Give the model back."""
        self._library.lmu_hw_close(self._handle)


@contextlib.contextmanager
def opened_bench(
    path: Path, plan: Plan, words: list[StepWords], job: Job, report: Report
) -> Iterator[Bench]:
    """Give the bench of a library in its folder, where the files of ROMs lie, too."""
    library = ctypes.CDLL(str(path))
    library.lmu_hw_open.restype = c_void_p
    library.lmu_hw_open.argtypes = [POINTER(_Shape), c_uint64, POINTER(Report)]
    library.lmu_hw_write.argtypes = [c_void_p, c_int64, POINTER(c_uint32), POINTER(c_uint32)]
    library.lmu_hw_run.argtypes = [c_void_p, POINTER(_Block), POINTER(Report)]
    library.lmu_hw_close.argtypes = [c_void_p]
    with contextlib.chdir(path.parent):
        bench = Bench(library, _shape(plan, words, job), job.seed, report)
    try:
        yield bench
    finally:
        bench.close()


def _shape(plan: Plan, words: list[StepWords], job: Job) -> _Shape:
    layers, word = [], 0
    steps = layer_steps(plan, 2)
    for layer, step_words, count in zip(plan.layers, words, steps, strict=True):
        layers.append(_layer(layer, step_words, word, once=count == 1))
        word += record_words(layer)
    return _Shape(
        input=_port(plan.source),
        output=_port(plan.answer),
        packets=plan.stream.packets,
        marks=plan.source.marks,
        streams=plan.stream.streams,
        layers=len(layers),
        layer=(_Layer * len(layers))(*layers),
        answers_once=job.answers_once,
        **_pace(plan),
        word_size=word_size(plan),
        cycles=job.cycles_per_step,
        fill=job.fill_cycles,
        settle=job.settle,
        patience=job.patience,
    )


def _pace(plan: Plan) -> dict[str, int]:
    """Return where the cycles of a step are looked at, and after how many steps."""
    streams = plan.stream.streams
    if streams == 1:
        slowest = -1 if plan.answers_slowest else plan.slowest_layer
        return {"slowest": slowest, "warm_up": WARM_UP, "held_up": steps_held_up(plan)}
    slowest = pacing_layer(plan)
    rounds = rounds_to_rhythm(plan) * streams
    return {
        "slowest": -2 if slowest is None else slowest,
        "warm_up": rounds,
        "held_up": rounds,
    }


def _port(packet: Packet) -> _Port:
    return _Port(
        elements=packet.vector.size,
        element_bits=packet.element_bits,
        code_width=packet.vector.format.width,
        is_signed=packet.vector.format.signed,
        width=packet.width,
        beats=packet.beats,
        last_bytes=packet.last_bytes,
    )


def _layer(plan: LayerPlan, words: StepWords, word: int, *, once: bool) -> _Layer:
    nodes = plan.layer.nodes
    return _Layer(
        word=word,
        lanes=plan.beat,
        width=code_width(plan),
        rows=_numbers([node.rows for node in nodes]),
        widths=_numbers([node.signal.format.width for node in nodes]),
        is_signed=_numbers([node.signal.format.signed for node in nodes]),
        ordinary=len(words.ordinary.node),
        last=len(words.last.node),
        once=once,
        node=_numbers([*words.ordinary.node, *words.last.node]),
        index=_numbers([*words.ordinary.index, *words.last.index]),
    )


def _numbers(values: Sequence[int]) -> Any:
    return (c_int32 * len(values))(*(int(value) for value in values))
