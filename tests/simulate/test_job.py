# SPDX-License-Identifier: Apache-2.0
"""The files between the caller and the driver: what is written is what is driven."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import WHOLE_VECTORS, Signal
from lmu_hw.simulate.job import STALLS, Cut, Job, Offer, Reset, When
from lmu_hw.simulate.stimuli import Sequence, Stall

SOURCE = Signal(size=2, format=FixedFormat(signed=True, int_bits=5, frac_bits=0))


@pytest.fixture
def job(tmp_path) -> Job:
    random = np.random.default_rng(0)
    sequences = [
        Sequence(name="noise", codes=random.integers(-32, 32, (steps, 2)), stall=stall)
        for steps, stall in [(3, Stall.NONE), (1, Stall.INPUT), (2, Stall.INPUT | Stall.OUTPUT)]
    ]
    return Job(
        folder=tmp_path,
        source=WHOLE_VECTORS.packet(SOURCE),
        answer=WHOLE_VECTORS.packet(SOURCE),
        sequences=sequences,
        answers_once=False,
        cycles_per_step=10,
        fill_cycles=80,
        wait_cycles=500,
        seed=5,
        resets=[Reset(after=2, when=When.FULL, delay=7, length=1, offer=Offer.NOISE)],
        writes=[(2, 0x1F, 0xABC)],
    )


def test_codes_are_packed_in_twos_complement_with_the_first_element_lowest(job):
    codes = np.concatenate([sequence.codes for sequence in job.sequences])
    for line, (low, high) in zip(job.beats(), codes.tolist(), strict=True):
        word = int(line.split()[5], 16)
        assert (word & 63, word >> 8 & 63) == (low & 63, high & 63)


def test_what_pads_the_elements_is_noise(job):
    padding = {int(line.split()[5], 16) >> 6 & 3 for line in job.beats()}
    assert len(padding) > 1


def test_only_the_last_beat_of_a_sequence_is_marked(job):
    assert [line.split()[2] for line in job.beats()] == ["0", "0", "1", "1", "0", "1"]


def test_pauses_come_where_the_stimulus_asks_for_them(job):
    pauses = [int(line.split()[0]) for line in job.beats()]
    assert pauses[:3] == [0, 0, 0]
    assert all(pauses[3:])


def test_back_pressure_begins_after_the_answers_that_are_taken_at_once(job):
    assert (job.calm_answers, job.answer_count) == (4, 6)
    assert all(low > 0 and high > 0 for low, high in job.pauses())


def test_resets_and_writes_are_written(job):
    job.write()
    assert (job.folder / "resets.txt").read_text() == "2 2 7 1 2\n"
    assert (job.folder / "writes.txt").read_text() == "2 1f abc\n"


def test_what_the_driver_left_is_read(job):
    job.write()
    assert job.read() is None
    left = {
        "answers": "0101 0\n1111 1\n",
        "cuts": "reset 0 0 0 0 0 0 0 0\nend 77 6 2 43 1 0 1 3\n",
        "failures": "cycle 3, answer 0: late\n",
        "stalls": "1 2 3 4 5\n",
    }
    for name, text in left.items():
        (job.folder / f"{name}.txt").write_text(text)
    record = job.read()
    assert record is not None
    assert record.answers == ["0101 0", "1111 1"]
    assert record.cuts[1] == Cut(77, 6, 2, 43, True, False, True, 3)
    assert record.failures == ["cycle 3, answer 0: late"]
    assert record.stalls == dict(zip(STALLS, (1, 2, 3, 4, 5), strict=True))


def test_a_run_that_did_not_end_left_nothing(job):
    for name in ("answers", "cuts", "failures", "stalls"):
        (job.folder / f"{name}.txt").write_text("reset 0 0 0 0 0 0 0 0\n" * (name == "cuts"))
    assert job.read() is None


def test_progress_is_read_back(job):
    assert job.read_progress() == 0
    (job.folder / "progress").write_text("41")
    assert job.read_progress() == 41


def test_half_written_progress_is_none(job):
    (job.folder / "progress").write_text("")
    assert job.read_progress() == 0
