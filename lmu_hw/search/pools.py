# SPDX-License-Identifier: Apache-2.0
"""Where work runs: in this process, on the cores of this machine, or on a Dask cluster.

Every pool gives the same results: a task sees the problem and its argument, runs with one BLAS
thread, and its result is handed over with the argument's number, in whatever order tasks end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from lmu_hw._version import __version__
from lmu_hw.checked import instance, optional, settle, whole
from lmu_hw.errors import ToolError
from lmu_hw.search.problem import Problem

__all__ = ["Pool", "Workers", "open_pool"]

A = TypeVar("A")
R = TypeVar("R")
Task = Callable[[Problem, Any], Any]

_CONNECT_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who computes.

    Parameters
    ----------
    jobs : int or None
        Processes on this machine; 1: this process, None: one for each core.
    scheduler : str or None
        Address of a Dask scheduler; `jobs` is not used then.

    Raises
    ------
    ConfigError
        If jobs is less than 1.
    """

    jobs: int | None = 1
    scheduler: str | None = None

    def __post_init__(self) -> None:
        settle(
            self,
            {
                "jobs": optional(partial(whole, least=1)),
                "scheduler": optional(partial(instance, kind=str)),
            },
        )


class Pool(Protocol):
    """Runs tasks on one problem."""

    def run(self, task: Callable[[Problem, A], R], work: Sequence[A]) -> Iterator[tuple[int, R]]:
        """Yield the number of each piece of work with its result, as they are done."""
        ...


@contextmanager
def open_pool(problem: Problem, workers: Workers) -> Iterator[Pool]:
    """Give a pool whose workers hold the problem.

    Raises
    ------
    ToolError
        If a process dies, or the cluster cannot be used.
    """
    jobs = workers.jobs or _cores()
    if workers.scheduler is not None:
        with _dask(problem, workers.scheduler) as pool:
            yield pool
    elif jobs == 1:
        yield _Here(problem)
    else:
        with _processes(problem, jobs) as pool:
            yield pool


def _cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _limited(task: Task, problem: Problem, argument: Any) -> Any:
    """Run a task with one BLAS thread: others are busy on the other cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return task(problem, argument)


class _Here:
    """Runs tasks in this process, one after the other."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def run(self, task: Task, work: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        for number, argument in enumerate(work):
            yield number, _limited(task, self._problem, argument)


class _Worker:
    """A worker process's copy of the problem, put here when the process begins."""

    problem: Problem | None = None

    @classmethod
    def begin(cls, problem: Problem) -> None:
        cls.problem = problem
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits
        parent = multiprocessing.parent_process()
        if parent is not None:
            threading.Thread(target=_outlive, args=(parent,), daemon=True).start()

    @classmethod
    def call(cls, task: Task, argument: Any) -> Any:
        if cls.problem is None:
            raise RuntimeError("the process was not given a problem")
        return _limited(task, cls.problem, argument)


def _outlive(parent: Any) -> None:
    """End this process when the one that started it has ended in whatever way."""
    parent.join()
    os._exit(1)


class _Processes:
    """Runs tasks in processes of this machine."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def run(self, task: Task, work: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        futures: dict[Future[Any], int] = {
            self._executor.submit(_Worker.call, task, argument): number
            for number, argument in enumerate(work)
        }
        waiting = set(futures)
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=lambda each: futures[each]):
                yield futures[future], future.result()


@contextmanager
def _processes(problem: Problem, jobs: int) -> Iterator[Pool]:
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        jobs,
        # Not forked: BLAS has threads already, and a fork of them may hang.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_Worker.begin,
        initargs=(problem,),
    )
    try:
        yield _Processes(executor)
    except BrokenProcessPool:
        raise ToolError(
            "a process that measures must end by itself, but one was killed or could not start; "
            "with too little memory use fewer `jobs`"
        ) from None
    except BaseException:  # do not wait for what nobody wants any more
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


class _Dask:
    """Runs tasks on a Dask cluster."""

    def __init__(self, client: Any, problem: Any) -> None:
        self._client, self._problem = client, problem

    def run(self, task: Task, work: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        from distributed import as_completed

        numbers = {
            self._client.submit(_limited, task, self._problem, argument, pure=False): number
            for number, argument in enumerate(work)
        }
        for future in as_completed(list(numbers)):
            yield numbers[future], future.result()


@contextmanager
def _dask(problem: Problem, address: str) -> Iterator[Pool]:
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise ToolError(
            "`scheduler` needs the package distributed, which is not installed: "
            "pip install 'lmu_hw[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise ToolError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        _check_workers(client, address)
        try:
            yield _Dask(client, client.scatter(problem, broadcast=True, hash=False))
        except KilledWorker as error:
            raise ToolError(f"a worker of the cluster at {address} died: {error}") from None


def _check_workers(client: Any, address: str) -> None:
    """Raise `ToolError` unless there is a worker, and all have this version of lmu_hw."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError:
        raise ToolError(f"the cluster at {address} must have a worker, but has none") from None
    try:
        versions = set(client.run(_version).values())
    except ImportError as error:
        versions = {str(error)}
    if versions != {__version__}:
        raise ToolError(
            f"every worker of the cluster at {address} must have lmu_hw {__version__}, not: "
            f"{', '.join(sorted(versions))}"
        )


def _version() -> str:
    return __version__
