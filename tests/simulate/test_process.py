# SPDX-License-Identifier: Apache-2.0
"""What is compiled anew, and what is found: all that a build is made from is in its digest."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from lmu_hw.simulate import process
from lmu_hw.simulate.cache import Cache
from lmu_hw.simulate.simulators import Installed, Simulator
from lmu_hw.simulate.simulators.backend import Compiler

FILES = {"a.v": "module a; endmodule", "b.v": "module b; endmodule"}
COMPILER = Compiler(runner="None", product="program", programs=("c++",), variables=("CXXFLAGS",))
INSTALLED = Installed(version="1")


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """Return a function that says whether a program was compiled, by a script that only writes."""
    monkeypatch.setattr(process, "output", lambda *command: "c++ 1")
    monkeypatch.setenv("CXXFLAGS", "")
    count = 0

    def run(files=FILES, compiler=COMPILER, installed=INSTALLED) -> bool:
        nonlocal count
        count += 1
        job = SimpleNamespace(folder=tmp_path / str(count))
        job.folder.mkdir()
        bench = process._Process(Simulator.VERILATOR, installed, compiler, job, False)
        started = []

        def script(_, *words: str) -> None:
            started.append(words)
            bench.product.write_text("program")

        monkeypatch.setattr(process._Process, "__call__", script)
        bench.compile(files, Cache(tmp_path))
        assert bench.product.read_text() == "program"
        return bool(started)

    return run


def test_the_same_is_found(compiled):
    assert [compiled() for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    "other",
    [
        {"files": {**FILES, "b.v": "module b; endmodulf"}},
        {"files": {**FILES, "c.v": ""}},
        {"compiler": replace(COMPILER, arguments=("-O3",))},
        {"compiler": replace(COMPILER, files={"public.vlt": ""})},
        {"installed": Installed(version="2")},
        {"installed": Installed(version="1", environment={"CXXFLAGS": "-O1"})},
    ],
    ids=["byte", "file", "flags", "own files", "version", "variable"],
)
def test_whatever_differs_is_compiled_anew(compiled, other):
    assert [compiled(), compiled(**other), compiled(**other), compiled()] == [
        True,
        True,
        False,
        False,
    ]


def test_another_compiler_or_bench_compiles_anew(compiled, monkeypatch):
    assert compiled()
    monkeypatch.setattr(process, "output", lambda *command: "c++ 2")
    assert [compiled(), compiled()] == [True, False]
    monkeypatch.setattr(process.metadata, "version", lambda name: "another cocotb")
    assert [compiled(), compiled()] == [True, False]


def test_a_damaged_build_is_compiled_anew(compiled, tmp_path):
    assert compiled()
    (entry,) = tmp_path.glob("*.kept")
    entry.write_bytes(entry.read_bytes()[:-1])
    assert [compiled(), compiled()] == [True, False]


def test_what_was_not_compiled_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(process._Process, "__call__", lambda *words: None)
    monkeypatch.setattr(process, "output", lambda *command: "c++ 1")
    job = SimpleNamespace(folder=tmp_path)
    bench = process._Process(Simulator.VERILATOR, INSTALLED, COMPILER, job, False)
    with pytest.raises(process.ToolError, match="verilator must compile and run the design, but f"):
        bench.compile(FILES, Cache(tmp_path))
    assert list(tmp_path.glob("*.kept")) == []
