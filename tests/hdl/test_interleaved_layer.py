# SPDX-License-Identifier: Apache-2.0
"""Several streams on one datapath: each computes what it would alone, whatever the others do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.hdl.contexts import Contexts
from tests import networks
from tests.interleaved import job_for, plan_of, run_verilog, sequences_of
from tests.running_sums import memory_network, scan, two_pass
from tests.simulators import require_simulator

_BITS = {"weight_bits": 6, "state_bits": 10, "activation_bits": 6, "input_bits": 7}
_SIZE = {"order": 3, "theta": 8.0, "units": 2, "inputs": 2, "hidden_to_memory": True}


def _quantized(network=None, **options):
    return networks.quantized(networks.network(**_SIZE, **(network or {})), **_BITS, **options)


def _gates():
    answers = {"recurrent": "lstm", "dense": 2, "return_sequences": False}
    return _quantized(answers, error_feedback=True)


_NETWORKS = {
    "dense, two layers": (lambda: _quantized({"dense": 2}), 4, 32),
    "gates and residues, one answer": (_gates, 8, "vector"),
    "recursions": (lambda: _quantized(realization="semiseparable"), 4, 16),
    "running sums, two segments": (lambda: memory_network(scan(4, 8.0), segments=2), 4, 16),
    "two passes, two segments": (lambda: memory_network(two_pass(4, 8.0), segments=2), 2, 32),
}


@pytest.mark.parametrize("kind", _NETWORKS)
def test_every_stream_computes_what_it_would_alone(tmp_path, kind):
    require_simulator("icarus")
    made, streams, width = _NETWORKS[kind]
    network = made()
    plan = plan_of(network, streams, width)
    job = job_for(network, plan, sequences_of(network, streams, 1), tmp_path)
    verdict, _ = run_verilog(network, plan, job)
    assert (verdict.first, verdict.mismatches, verdict.failure) == (None, 0, "")
    assert verdict.compared > 100


def _words_of(network, plan, job, stream):
    """Return what is written of a stream, and what is answered to it; no resets cut it."""
    job = replace(job, resets=job.resets[:1])
    _, stored = run_verilog(network, plan, job)
    words = [beats[of == stream] for beats, of in zip(stored.beats, stored.streams, strict=True)]
    answers = (job.folder / "answers.txt").read_text().splitlines()
    own = [answer for answer in answers if answer.split()[2] == str(stream)]
    return [table.tolist() for table in words], own


def _tainted(network, tmp_path, kept=1):
    """Return the words of a stream, and those where the data of all others are other ones."""
    plan = plan_of(network, 4)
    job = job_for(network, plan, sequences_of(network, 4, 2), tmp_path)
    ends = network.input.format.min_code + network.input.format.max_code
    other = [
        sequence if stream == kept else replace(sequence, codes=ends - sequence.codes)
        for sequence, stream in zip(job.sequences, job.turns.streams, strict=True)
    ]
    before = _words_of(network, plan, job, kept)
    return before, _words_of(network, plan, replace(job, sequences=other), kept)


def test_the_data_of_a_stream_reach_no_other_one(tmp_path):
    require_simulator("icarus")
    before, after = _tainted(_quantized(), tmp_path)
    assert before == after


def test_streams_that_share_a_state_are_seen_to(tmp_path, monkeypatch):
    require_simulator("icarus")
    page = Contexts.page

    def shared(self, context, *, stateful, before=False):
        address = page(self, context, stateful=stateful, before=before)
        return address[:1] if stateful else address  # without the bits of the stream

    monkeypatch.setattr(Contexts, "page", shared)
    before, after = _tainted(_quantized(), tmp_path)
    assert before != after
