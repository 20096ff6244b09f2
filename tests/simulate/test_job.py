# SPDX-License-Identifier: Apache-2.0
"""The files between the caller and the bench: what is written is what is read."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from lmu_hw.simulate.job import Job
from lmu_hw.simulate.stimuli import Sequence, Stall

SCALARS = {"answers_once": False, "element_bits": 8, "seed": 5}


@pytest.fixture
def job(tmp_path) -> Job:
    random = np.random.default_rng(0)
    sequences = [
        Sequence(name="noise", codes=random.integers(-128, 128, (steps, 2)), stall=stall)
        for steps, stall in [(3, Stall.NONE), (1, Stall.INPUT | Stall.OUTPUT), (2, Stall.OUTPUT)]
    ]
    numbers = {field.name: 10 for field in fields(Job) if field.name not in ("folder", "sequences")}
    return Job(folder=tmp_path, sequences=sequences, **{**numbers, **SCALARS})


def test_a_job_is_read_back(job):
    again = Job.read(job.write())
    scalars = [field.name for field in fields(Job) if field.name != "sequences"]
    assert {name: getattr(again, name) for name in scalars} == {
        name: getattr(job, name) for name in scalars
    }
    for mine, yours in zip(job.sequences, again.sequences, strict=True):
        assert np.array_equal(mine.codes, yours.codes)
        assert mine.stall == yours.stall


def test_every_step_has_an_answer_with_the_stall_of_its_sequence(job):
    both = Stall.INPUT | Stall.OUTPUT
    assert job.answer_stalls == [Stall.NONE] * 3 + [both] + [Stall.OUTPUT] * 2


def test_codes_are_packed_in_twos_complement_with_the_first_element_lowest(job):
    assert job.pack(np.array([-1, 2])) == 0x02FF
    assert job.pack(np.array([-128, 127])) == 0x7F80


def test_answers_are_read_back(job):
    assert job.read_answers() is None
    job.write_answers(["0101 0", "1111 1"], 77, "too late")
    assert job.read_answers() == (["0101 0", "1111 1"], 77, "too late")


def test_progress_is_read_back(job):
    assert job.read_progress() == 0
    job.report_progress(41)
    assert job.read_progress() == 41


def test_half_written_progress_is_none(job):
    (job.folder / "progress").write_text("")
    assert job.read_progress() == 0
