# SPDX-License-Identifier: Apache-2.0
"""The scoreboard: every kind of difference is counted, and the first one is named."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.measure.simulation import Mismatch
from lmu_hw.plan import make_plan
from lmu_hw.simulate.scoreboard import (
    OUTPUT,
    Expectation,
    Words,
    compare_words,
    expect,
    unpack_beats,
)
from lmu_hw.simulate.stimuli import Sequence, Stall
from tests import networks

CODES = [5, -3, 7, 0, 2, 9]


def words(codes, *, node=None, index=None, known=None) -> Words:
    count = len(codes)
    return Words(
        node=np.array(node if node is not None else [0, 1, 1] * 2)[:count],
        index=np.array(index if index is not None else [0, 0, 1] * 2)[:count],
        code=np.array(codes, np.int64),
        known=np.ones(count, np.bool_) if known is None else np.array(known),
    )


@pytest.fixture
def expected() -> Expectation:
    return Expectation(
        names=["lmu.u", "lmu.m"],
        words=words(CODES),
        sequence=np.array([0, 0, 0, 1, 1, 1]),
        step=np.array([4, 4, 4, 0, 0, 0]),
    )


def mismatch(node, sequence, step, index, want, got) -> Mismatch:
    return Mismatch(node=node, sequence=sequence, step=step, index=index, expected=want, got=got)


def test_equal_words_are_counted(expected):
    assert compare_words(expected, words(CODES)) == (6, 0, None)


@pytest.mark.parametrize(
    ("codes", "count", "first"),
    [
        ([5, -3, 8, 0, 2, 9], 1, mismatch("lmu.m", 0, 4, 1, 7, 8)),
        ([5, -3, 8, 1, 2, 9], 2, mismatch("lmu.m", 0, 4, 1, 7, 8)),
        ([5, -3, 7, 1, 2, 8], 2, mismatch("lmu.u", 1, 0, 0, 0, 1)),
    ],
)
def test_wrong_codes_are_counted_and_the_first_is_named(expected, codes, count, first):
    assert compare_words(expected, words(codes)) == (6, count, first)


def test_missing_words_are_mismatches(expected):
    first = mismatch("lmu.m", 1, 0, 0, 2, None)
    assert compare_words(expected, words(CODES[:4])) == (4, 2, first)


def test_no_words_at_all_are_mismatches(expected):
    first = mismatch("lmu.u", 0, 4, 0, 5, None)
    assert compare_words(expected, words([])) == (0, 6, first)


def test_words_too_many_are_mismatches(expected):
    got = words([*CODES, 4, 4], node=[0, 1, 1] * 2 + [1, 1], index=[0, 0, 1] * 2 + [1, 0])
    first = mismatch("lmu.m", 1, 1, 1, None, 4)
    assert compare_words(expected, got) == (6, 2, first)


def test_an_unknown_bit_is_a_mismatch_though_the_code_is_right(expected):
    got = words(CODES, known=[True, True, True, True, False, True])
    assert compare_words(expected, got) == (6, 1, mismatch("lmu.m", 1, 0, 0, 2, None))


@pytest.mark.parametrize("field", ["node", "index"])
def test_the_right_code_in_a_wrong_place_is_a_mismatch(expected, field):
    places = getattr(words(CODES), field).copy()
    places[2] ^= 1
    compared, count, first = compare_words(expected, words(CODES, **{field: places}))
    assert (compared, count) == (6, 1)
    assert first is not None and (first.node, first.step, first.index) == ("lmu.m", 4, 1)


def test_expectations_are_the_golden_model_in_the_order_of_the_stimuli(design, plan):
    golden = GoldenModel(design.network)
    fmt, random = design.network.input.format, np.random.default_rng(0)
    codes = [random.integers(fmt.min_code, fmt.max_code, (steps, 2)) for steps in (3, 1, 3)]
    sequences = [Sequence(name="", codes=one, stall=Stall.NONE) for one in codes]
    *layers, answers = expect(golden, plan, sequences)
    assert [len(layer.names) for layer in layers] == [3, 1]
    assert answers.names == [OUTPUT]
    for number, one in enumerate(codes):
        trace = golden.trace(one[None]).codes
        for node, name in enumerate(layers[0].names):
            mine = (layers[0].sequence == number) & (layers[0].words.node == node)
            assert np.array_equal(layers[0].words.code[mine], trace[name][0].ravel())
        y, _ = golden.run(one[None])
        assert np.array_equal(answers.words.code[answers.sequence == number], y.ravel())


def test_what_is_computed_once_belongs_to_the_last_step():
    """So that the first mismatch is the earliest, though the head has one word a sequence."""
    net = networks.network(order=2, theta=5.0, units=2, dense=2, return_sequences=False)
    network = networks.quantized(net)
    codes = np.zeros((5, network.inputs), np.int64)
    sequence = Sequence(name="", codes=codes, stall=Stall.NONE)
    _, head, answers = expect(GoldenModel(network), make_plan(network, 4), [sequence])
    assert set(head.step.tolist()) == set(answers.step.tolist()) == {4}


def test_beats_are_unpacked_with_sign_and_mask(plan):
    layer = plan.layers[0]
    node = layer.layer.nodes[2]
    width, lanes = node.signal.format.width, layer.beat
    mask = 1 << (lanes - 1)
    raw = np.full((1, 4 + lanes), (1 << width) - 1, np.int64)
    raw[0, :4] = 2, 0, 0, mask
    got = unpack_beats(layer, raw, np.zeros(raw.shape, np.bool_))
    assert got.code.tolist() == [-1 if node.signal.format.signed else (1 << width) - 1]
    assert got.index.tolist() == [lanes - 1]
    assert got.node.tolist() == [2]
    assert got.known.tolist() == [True]


def test_a_beat_with_an_unknown_mask_shows_up(plan):
    layer = plan.layers[0]
    raw = np.zeros((1, 4 + layer.beat), np.int64)
    unknown = np.zeros(raw.shape, np.bool_)
    unknown[0, 3] = True
    got = unpack_beats(layer, raw, unknown)
    assert got.known.tolist() == [False] * layer.beat


def test_a_beat_with_an_unknown_element_is_unknown_there_only(plan):
    layer = plan.layers[0]
    raw = np.zeros((1, 4 + layer.beat), np.int64)
    raw[0, 3] = (1 << layer.beat) - 1
    unknown = np.zeros(raw.shape, np.bool_)
    unknown[0, -1] = True
    got = unpack_beats(layer, raw, unknown)
    assert got.known.tolist() == [True] * (layer.beat - 1) + [False]


def test_no_beats_are_no_words(plan):
    layer = plan.layers[0]
    empty = np.zeros((0, 4 + layer.beat), np.int64)
    assert len(unpack_beats(layer, empty, empty.astype(np.bool_)).code) == 0
