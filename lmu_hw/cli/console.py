# SPDX-License-Identifier: Apache-2.0
"""What commands print: results on stdout, complaints, remarks and progress on
stderr.

A terminal shows bars. Elsewhere, such as in a log, a plain line says every few seconds what is
being done, how much of it, and for how long.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["complain", "progress", "remark", "show", "stages", "status"]

LINE_SECONDS = 5.0
"""Between two plain lines; what takes less says nothing."""

Update = Callable[[str, int, int | None], None]


def complain(text: str) -> None:
    """Print what is wrong."""
    Console(stderr=True, soft_wrap=True).print(text, markup=False, highlight=False)


def remark(text: str) -> None:
    """Print what is said of a result that is itself a file on stdout."""
    complain(text)


def show(what: Any) -> None:
    """Print a result."""
    width = None if sys.stdout.isatty() else 120
    Console(width=width).print(what, highlight=False)


@contextmanager
def stages(first: str) -> Iterator[Update]:
    """Give a function that shows how much of a named stage is done, of a total if there is one.

    Parameters
    ----------
    first : str
        What is done until the function is called.
    """
    console = Console(stderr=True)
    with _bars(console) if console.is_terminal else _lines(first) as update:
        yield update


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that adds to what is done of a stage."""
    with stages(what) as update:
        finished = 0

        def advance(count: int) -> None:
            nonlocal finished
            finished += count
            update(what, finished, total)

        update(what, 0, total)
        yield advance


@contextmanager
def status(what: str) -> Iterator[Callable[[str], None]]:
    """Say what is going on; gives a function that says what is next."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(what) as shown:
            yield shown.update
    else:
        with _lines(what) as update:
            yield lambda text: update(text, 0, None)


@contextmanager
def _bars(console: Console) -> Iterator[Update]:
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    tasks = {}

    def update(stage: str, done: int, total: int | None) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    with bars:
        yield update


@contextmanager
def _lines(first: str) -> Iterator[Update]:
    """Print the latest of what it is told every few seconds.

    A thread does so: what computes may call nothing for minutes.
    """
    ended, since = threading.Event(), time.monotonic()
    latest: tuple[str, int, int | None] = first, 0, None

    def update(stage: str, done: int, total: int | None) -> None:
        nonlocal latest, since
        if stage != latest[0]:
            since = time.monotonic()
        latest = stage, done, total

    def tell() -> None:
        while not ended.wait(LINE_SECONDS):
            print(_line(*latest, time.monotonic() - since), file=sys.stderr, flush=True)

    def run() -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            tell()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield update
    finally:
        ended.set()
        thread.join()


def _line(stage: str, done: int, total: int | None, seconds: float) -> str:
    """Return what a plain line says."""
    amount = ""
    if total is not None:
        amount = f" {done:,} of {total:,},"
    elif done:
        amount = f" {done:,},"
    return f"{stage}:{amount} {seconds:.0f} s"
