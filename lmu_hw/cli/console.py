# SPDX-License-Identifier: Apache-2.0
"""What commands print: results on stdout, complaints and progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["complain", "progress", "show", "stages", "status"]


def complain(text: str) -> None:
    """Print what is wrong."""
    Console(stderr=True, soft_wrap=True).print(text, markup=False, highlight=False)


def show(what: Any) -> None:
    """Print a result."""
    width = None if sys.stdout.isatty() else 120
    Console(width=width).print(what, highlight=False)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int | None], None]]:
    """Give a function that shows how much of a named stage is done, of a total if there is one."""
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    tasks = {}

    def update(stage: str, done: int, total: int | None) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    with bars:
        yield update


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that advances a bar."""
    with stages() as update:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            update(what, done, total)

        update(what, 0, total)
        yield advance


@contextmanager
def status(what: str) -> Iterator[Callable[[str], None]]:
    """Say what is going on; gives a function that says what is next."""
    with Console(stderr=True).status(what) as shown:
        yield lambda text: shown.update(text)
