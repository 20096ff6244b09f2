# SPDX-License-Identifier: Apache-2.0
"""Processes and clusters that cannot be used say so."""

from __future__ import annotations

import multiprocessing
import sys
import time

import pytest

import lmu_hw
from lmu_hw.errors import ConfigError, RangeError, ToolError
from lmu_hw.search import pools
from lmu_hw.search.pools import Workers, open_pool


def other_version() -> str:
    return "0.0"


def sequences(problem, argument):
    return len(problem.x) + argument


@pytest.fixture(scope="module")
def problem(classifier):
    return classifier.problem()


def test_results_come_with_the_number_of_their_work(problem):
    with open_pool(problem, Workers()) as pool:
        assert dict(pool.run(sequences, [1, 2])) == {0: 601, 1: 602}


@pytest.mark.parametrize("jobs", [0, -1])
def test_there_must_be_a_process(jobs):
    with pytest.raises(ConfigError, match=f"`jobs` must be at least 1, not {jobs}"):
        Workers(jobs=jobs)


def test_a_missing_package_is_named(classifier, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolError, match=r"needs the package distributed.*pip install 'lmu_hw\[c"):
        lmu_hw.sweep(classifier.network, classifier.x, scheduler="tcp://127.0.0.1:1")


@pytest.mark.filterwarnings("ignore")  # of an outside package
def test_a_cluster_that_does_not_answer_is_named(problem, monkeypatch):
    monkeypatch.setattr(pools, "_CONNECT_SECONDS", 0.5)
    workers = Workers(scheduler="tcp://127.0.0.1:1")
    with (
        pytest.raises(ToolError, match="no Dask scheduler answers at tcp://127.0.0.1:1"),
        open_pool(problem, workers),
    ):
        pass


@pytest.fixture
def cluster():
    """A Dask cluster in this process, without a worker."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=False, dashboard_address=None) as local:
        yield local


@pytest.mark.filterwarnings("ignore")  # of an outside package
def test_a_cluster_without_workers_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(pools, "_CONNECT_SECONDS", 0.5)
    with (
        pytest.raises(ToolError, match="must have a worker, but has none"),
        open_pool("", Workers(scheduler=cluster.scheduler_address)),
    ):
        pass


@pytest.mark.filterwarnings("ignore")  # of an outside package
def test_a_cluster_with_another_version_is_refused(cluster, monkeypatch):
    cluster.scale(1)
    monkeypatch.setattr(pools, "_version", other_version)
    with (
        pytest.raises(ToolError, match="every worker of the cluster at .* must have lmu_hw"),
        open_pool("", Workers(scheduler=cluster.scheduler_address)),
    ):
        pass


# Another process cannot import this file, so the builtin `exec` is the task: it is given the
# problem as source text, and the piece of work as its names.


def test_a_process_that_dies_is_an_error():
    with (
        pytest.raises(ToolError, match="a process that measures must end by itself"),
        open_pool("import os; os._exit(9)", Workers(jobs=2)) as pool,
    ):
        list(pool.run(exec, [{}]))
    assert multiprocessing.active_children() == []


def test_an_error_in_a_process_arrives_as_it_was_raised():
    source = "from lmu_hw.errors import RangeError; raise RangeError('too large')"
    with pytest.raises(RangeError, match="too large"), open_pool(source, Workers(jobs=2)) as pool:
        list(pool.run(exec, [{}, {}]))
    assert multiprocessing.active_children() == []


def test_ctrl_c_does_not_wait_for_what_is_under_way():
    started = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        open_pool("import time; time.sleep(seconds)", Workers(jobs=2)) as pool,
    ):
        next(pool.run(exec, [{"seconds": 0}, {"seconds": 600}]))
        raise KeyboardInterrupt
    assert time.monotonic() - started < 100
    assert multiprocessing.active_children() == []
