# SPDX-License-Identifier: Apache-2.0
"""A design behind a serial line answers as the golden model."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.network import Elements, Last, Packet, Stream
from lmu_hw.network.frames import Frame, Link, Mark
from lmu_hw.plan import Plan
from tests import networks
from tests.hdl.link.bench import talk
from tests.plans import fastest_plan

LENGTHS = (1, 3, 2)
BYTES = Stream(width=8, last=Last.VECTOR)
SHAPES = {
    "vector": Stream(),
    "32": Stream(width=32, last=Last.VECTOR),
    "32, sequence": Stream(width=32, last=Last.SEQUENCE),
    "16, single": Stream(width=16, elements=Elements.SINGLE, last=Last.VECTOR),
}


def frames(packet: Packet, rows: np.ndarray) -> list[Frame]:
    """Return the vectors of a sequence on the line."""
    octets = packet.encode(rows).reshape(len(rows), -1)[:, : packet.vector_bytes]
    return [Frame(vector.tobytes(), n == len(rows) - 1) for n, vector in enumerate(octets)]


@cache
def design(stream: Stream) -> tuple[Plan, list[Frame], list[Frame]]:
    """Return a plan, vectors that hold every mark, and the answers to them."""
    network = networks.quantized(
        networks.network(order=2, inputs=3, units=3, hidden="rnn"),
        weight_bits=4,
        state_bits=6,
        activation_bits=10,
        input_bits=8,
    )
    plan = fastest_plan(network, 2, stream=stream)
    codes = np.arange(-66, -48).reshape(-1, 3)
    golden, vectors, answers = GoldenModel(network), [], []
    for steps in np.split(codes, np.cumsum(LENGTHS)[:-1]):
        y, _ = golden.run(steps[None])
        vectors += frames(plan.source, steps)
        answers += frames(plan.answer, y.reshape(-1, network.output.size))
    assert {octet for vector in vectors for octet in vector.octets} >= set(Mark)
    return plan, vectors, answers


@pytest.mark.parametrize("kind", Link, ids=lambda kind: kind.value)
def test_answers_are_those_of_the_golden_model(kind):
    plan, vectors, answers = design(BYTES)
    host = talk(plan, kind, vectors, len(answers))
    assert host.frames == answers
    assert host.reader.taken == len(vectors) + 1  # one says that the board is there


@pytest.mark.parametrize("shape", SHAPES)
def test_any_width_of_the_streams(shape):
    plan, vectors, answers = design(SHAPES[shape])
    assert talk(plan, Link.UART, vectors, len(answers)).frames == answers


@pytest.mark.parametrize("kind", Link, ids=lambda kind: kind.value)
def test_a_host_that_begins_anew_finds_nothing_of_before(kind):
    plan, vectors, answers = design(BYTES)
    half = bytes([1, 2, 3, Mark.END, 7, Mark.ESCAPE, Mark.BEGIN])
    host = talk(plan, kind, vectors, len(answers), first=half)
    assert host.frames == answers
