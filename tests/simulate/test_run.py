# SPDX-License-Identifier: Apache-2.0
"""What is run, for how long, and under which names."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.simulate.coefficient_sets import CoefficientSet, Since
from lmu_hw.simulate.run import _simulators, _steps, job_of, waves_file
from lmu_hw.simulate.simulators import Simulator
from lmu_hw.simulate.stimuli import Sequence


@pytest.mark.parametrize("names", [[], (), "icarus", Simulator.ICARUS])
def test_simulators_are_a_list_of_at_least_one(names):
    with pytest.raises(ConfigError, match=r"`simulators` must be one or more of .* not"):
        _simulators(names)


def test_simulators_are_named_or_given():
    assert _simulators(["icarus", Simulator.VERILATOR]) == [Simulator.ICARUS, Simulator.VERILATOR]


def test_cycles_become_whole_steps_and_zero_is_no_limit(plan):
    per_step = plan.cycles(last_step=True)
    assert _steps(Simulator.ICARUS, 10 * per_step - 1, plan) == (9, 9)
    assert _steps(Simulator.ICARUS, 0, plan) == (None, None)


def test_waveforms_are_named_after_their_simulator():
    assert waves_file(Simulator.ICARUS) == "waves_icarus.fst"
    assert waves_file(Simulator.VERILATOR) == "waves_verilator.vcd"


@pytest.mark.parametrize(("longest", "fill"), [(None, 12), (5, 0)])
def test_nothing_waits_longer_than_a_simulator_can(design, plan, tmp_path, longest, fill):
    sets = [CoefficientSet(network=design.network, words=[], since=Since.POWER_UP)]
    sequences = [Sequence(name="zeros", codes=np.zeros((3, 2), np.int64))]
    job = job_of(tmp_path, plan, sets, sequences, seed=0, longest_fill=longest)
    assert job.fill_cycles == (longest or fill * plan.cycles(last_step=True))
