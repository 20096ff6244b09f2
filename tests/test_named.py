# SPDX-License-Identifier: Apache-2.0
"""Names and options that messages, docstrings and pages give exist, as a user would reach them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import lmu_hw
from lmu_hw.cli.parser import build_parser
from lmu_hw.cli.typed import PARAMETERS, option_of

PACKAGE = Path(lmu_hw.__file__).parent
ROOT = PACKAGE.parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples/README.md"]
_DOTTED = re.compile(r"(?<![\w./-])lmu_hw(?:\.[A-Za-z_]\w*)+")
_IMPORT = re.compile(r"from (lmu_hw(?:\.\w+)*) import ([\w, ]+)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_FILES = {"lmu_hw.npy"}
"""What looks like a name and is that of a file."""


def reached(name: str) -> object:
    """Return what a dotted name is after ``import lmu_hw``, or after an import of its module."""
    value, path = lmu_hw, "lmu_hw"
    for part in name.split(".")[1:]:
        path = f"{path}.{part}"
        if isinstance(value, ModuleType) and not hasattr(value, part):
            import_module(path)
        value = getattr(value, part)
    return value


def imported(name: str) -> object:
    """Return what a dotted name is for those who import its module by path."""
    module, _, attribute = name.rpartition(".")
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return getattr(import_module(module), attribute)


def texts(path: Path, *, docstrings: bool) -> Iterator[str]:
    """Return the docstrings of a source file, or its other texts; parts of one are joined."""
    tree = ast.parse(path.read_text())
    scopes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, scopes)]
    alone = {
        id(statement.value)
        for body in bodies
        for statement in body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if (id(node) in alone) == docstrings:
                yield node.value
        elif isinstance(node, ast.JoinedStr) and not docstrings:
            parts = (v.value for v in node.values if isinstance(v, ast.Constant))
            yield "".join(map(str, parts))


def named(text: str) -> set[str]:
    return set(_DOTTED.findall(text)) - _FILES


def public() -> Iterator[str]:
    """Return the docstrings of the package and of its verbs."""
    yield lmu_hw.__doc__ or ""
    values = (getattr(lmu_hw, name) for name in lmu_hw.__all__)
    yield from (value.__doc__ or "" for value in values if not isinstance(value, type | str))


def test_names_in_messages_are_reached():
    said = [text for path in SOURCES for text in texts(path, docstrings=False)]
    names = {name for text in said if not importable(text) for name in named(text)}
    assert "lmu_hw.save" in names
    for name in names:
        assert reached(name) is not None, name


def importable(text: str) -> bool:
    """Say whether a text is the path of a module, for machines."""
    path = ROOT / (text.replace(".", "/") + ".py")
    return bool(_DOTTED.fullmatch(text)) and (path.is_file() or path.with_suffix("").is_dir())


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_names_on_pages_are_reached(page):
    for name in named(page.read_text()):
        assert reached(name) is not None, name


def test_names_in_docstrings_of_verbs_are_reached():
    names = {name for text in public() for name in named(text)}
    assert names
    for name in names:
        assert reached(name) is not None, name


def test_names_in_other_docstrings_can_be_imported():
    names = {n for path in SOURCES for text in texts(path, docstrings=True) for n in named(text)}
    for name in names:
        assert imported(name) is not None, name


def test_shown_imports_work():
    shown = [page.read_text() for page in PAGES]
    shown += [text for path in SOURCES for text in texts(path, docstrings=True)]
    imports = {found for text in shown for found in _IMPORT.findall(text)}
    assert imports
    for module, names in imports:
        for name in names.split(","):
            there = name.strip() in import_module(module).__all__  # PyTorch may be missing
            assert there, (module, name)


def options() -> dict[str, set[str]]:
    """Return the options of each command."""
    (commands,) = (a for a in build_parser()._actions if isinstance(a.choices, dict))
    parsers = commands.choices
    return {name: set(parser._option_string_actions) for name, parser in parsers.items()}


def messages(path: Path) -> Iterator[str]:
    """Return the texts of a source file that may be read; an argument of a program has no space."""
    said = texts(path, docstrings=False)
    return (text for text in said if " " in text or not text.startswith("--"))


def test_options_in_messages_exist():
    known = {"--version", *(option for several in options().values() for option in several)}
    for path in SOURCES:
        for text in messages(path):
            assert set(_OPTION.findall(text)) <= known, (path, text)


def test_parameters_that_are_options_exist():
    known = {option for several in options().values() for option in several}
    assert {option_of(name) for name in PARAMETERS} <= known


def test_messages_below_the_command_line_name_parameters():
    for path in SOURCES:
        if "cli" in path.parts:
            continue
        for text in messages(path):
            assert not _OPTION.search(text) or "lmu-hw " in text, (path, text)
