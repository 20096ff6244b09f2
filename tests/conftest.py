# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all tests: the exact oracle, and the builder of small networks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _module(name: str) -> ModuleType:
    """Load a helper of this folder, which is no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"lmu_hw_test_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """The module oracle.py of this folder."""
    return _module("oracle")


@pytest.fixture(scope="session")
def networks() -> ModuleType:
    """The module networks.py of this folder."""
    return _module("networks")


@pytest.fixture(scope="session")
def random_networks() -> ModuleType:
    """The module random_networks.py of this folder."""
    return _module("random_networks")


@pytest.fixture(scope="session")
def gated() -> ModuleType:
    """The module gated.py of this folder."""
    return _module("gated")


@pytest.fixture(scope="session")
def structured() -> ModuleType:
    """The module structured.py of this folder."""
    return _module("structured")
