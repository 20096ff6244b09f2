# SPDX-License-Identifier: Apache-2.0
"""Imports go down the layers only, and importing lmu_hw loads nothing heavy."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import lmu_hw

PACKAGE = Path(lmu_hw.__file__).parent
LAYERS = (
    (
        "errors",
        "_version",
        "checked",
        "garbage",
        "arrays",
        "data_files",
        "files",
        "folder",
        "records",
        "fixed",
        "names",
        "sequences",
        "summary",
    ),
    ("lmu", "load", "network"),
    ("proofs", "golden", "plan"),
    ("realize", "quantize", "train", "calibration", "design"),
    ("measure", "hdl", "manifest"),
    (
        *("simulate", "prove", "boards", "implement", "report", "reload", "spiking"),
        *("integration", "writing", "verification"),
    ),
    ("search",),
    ("api", "__init__", "export_keras"),
    ("cli", "__main__"),
)
"""By number, the lowest first, as in `docs/architecture.md` and in the packages' docstrings."""
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
HEAVY = (
    "h5py",
    "safetensors",
    "amaranth",
    "cocotb",
    "matplotlib",
    "jinja2",
    "rich",
    "pyosys",
    "distributed",
    "torch",
)
FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in FILES}


def part_of(module: str) -> str:
    return module.partition(".")[0]


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the absolute names that a file imports anywhere, ``lmu_hw.a.b`` for ``b`` of a."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert all(alias.name != "*" for alias in node.names), f"{path}: star import"
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def own_imports(path: Path) -> set[str]:
    """Return the modules of lmu_hw that a file imports, without the prefix."""
    names = {name.removeprefix("lmu_hw.") for name in imports(path) if name.startswith("lmu_hw.")}
    return names & MODULES


def packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def within(part: str) -> list[Path]:
    return [path for path in FILES if part_of(module_of(path)) == part]


def test_every_module_has_a_layer():
    assert {part_of(module_of(path)) for path in FILES} <= set(RANK)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_down(path):
    part = part_of(module_of(path))
    for name in own_imports(path):
        other = part_of(name)
        assert other == part or RANK[other] <= RANK[part], f"{path} imports {name}"


def _cycle(edges: set[tuple[str, str]]) -> set[str]:
    """Return the ends of edges that lie on a cycle, or between two."""
    edges = {(a, b) for a, b in edges if a != b}
    remaining = {end for edge in edges for end in edge}
    while free := {end for end in remaining if not any(a == end for a, _ in edges)}:
        remaining -= free
        edges = {(a, b) for a, b in edges if b not in free}
    return remaining


def test_a_cycle_is_seen():
    assert _cycle({("a", "b"), ("b", "c"), ("c", "b")}) == {"a", "b", "c"}
    assert not _cycle({("a", "b"), ("b", "c"), ("a", "c")})


def test_no_import_cycle_between_parts():
    assert not _cycle(
        {(part_of(module_of(path)), part_of(name)) for path in FILES for name in own_imports(path)}
    )


def test_no_import_cycle_between_modules():
    packages = {module_of(path) for path in FILES if path.name == "__init__.py"}
    assert not _cycle(
        {
            (module_of(path), name)
            for path in FILES
            for name in own_imports(path) - packages  # which pass on what their modules define
            if path.name != "__init__.py"
        }
    )


def test_layers_have_one_numbering():
    table = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", table, flags=re.MULTILINE)
    documented = {
        name.rstrip("/"): int(number)
        for number, names in rows
        for name in re.findall(r"`([a-z_]+/?)`", names)
    }
    assert documented == {name: rank for name, rank in RANK.items() if not name.startswith("_")}
    for path in FILES:
        stated = re.search(
            r"^\W*Layer (\d+):", ast.get_docstring(ast.parse(path.read_text())) or ""
        )
        if stated or (path.name == "__init__.py" and path.parent.parent == PACKAGE):
            assert stated and int(stated[1]) == RANK[part_of(module_of(path))], path


def test_hardware_knows_neither_the_golden_model_nor_its_operations():
    for path in within("hdl"):
        names = own_imports(path)
        assert not any(part_of(name) == "golden" for name in names), path
        assert "fixed.ops" not in names, path


def test_the_golden_model_knows_neither_hardware_nor_plan():
    for path in within("golden"):
        assert {part_of(name) for name in own_imports(path)} <= {
            "golden",
            "errors",
            "fixed",
            "network",
            "sequences",
        }
        assert "amaranth" not in packages(path)


def test_only_hardware_and_its_simulator_import_amaranth():
    users = {module_of(path) for path in FILES if "amaranth" in packages(path)}
    hardware = {"spiking.hardware", "spiking.currents", "spiking.population"}
    assert {name for name in users if part_of(name) != "hdl"} <= {
        "simulate.amaranth_bench",
        *hardware,
    }


def test_only_the_bench_imports_cocotb():
    users = {module_of(path) for path in FILES if packages(path) & {"cocotb", "cocotb_tools"}}
    assert users == {"simulate.bench", "simulate._cocotb"}


def test_only_training_imports_pytorch():
    users = {module_of(path) for path in FILES if "torch" in packages(path)}
    assert users == {"train.aware", "train.functions", "train.loop", "train.model"}


def test_the_oracle_imports_nothing_of_the_package():
    assert "lmu_hw" not in packages(Path(__file__).with_name("oracle.py"))


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, lmu_hw; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert "numpy" in loaded
    assert not loaded & set(HEAVY)


def test_no_test_takes_anything_from_another_one():
    """What several share lies in a module of its own, whose name says what it is."""
    root = Path(__file__).parents[1]
    taken = {
        f"{path.relative_to(root)}: {name}"
        for folder in ("tests", "sim")
        for path in (root / folder).rglob("*.py")
        for name in imports(path)
        if re.search(r"^(tests|sim)\.(.*\.)?(conftest|test_\w+)$", name)
    }
    assert taken == set()


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_file_begins_with_its_license(path):
    assert path.read_text().startswith("# SPDX-License-Identifier: Apache-2.0\n")
