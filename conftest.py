# SPDX-License-Identifier: Apache-2.0
"""What simulators compiled is kept below build/, for all test processes and the next run.

Garbage is collected rarely: what tests import and share are very many objects that stay. Of a test
marked ``every(n)`` each value of each parameter is run, and one in n of their combinations;
``--all``, which is ``make test-all``, runs all of them.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from pathlib import Path

import pytest

os.environ.setdefault("LMU_HW_CACHE", str(Path(__file__).parent / "build" / "cache"))
gc.set_threshold(100_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="all combinations of parameters")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out combinations, the same ones in every process and run."""
    if config.getoption("--all"):
        return
    numbers: Counter[str] = Counter()
    values: set[tuple[str, int, str]] = set()
    left_out = []
    for item in items:
        if (mark := item.get_closest_marker("every")) is None:
            continue
        test, parameters = item.nodeid.rstrip("]").split("[", 1)
        own = {(test, *place) for place in enumerate(parameters.split("-"))}
        if numbers[test] % mark.args[0] and own <= values:
            left_out.append(item)
        numbers[test] += 1
        values |= own
    config.hook.pytest_deselected(items=left_out)
    places = set(map(id, left_out))
    items[:] = [item for item in items if id(item) not in places]
