# SPDX-License-Identifier: Apache-2.0
"""Tables in hardware answer what the network says, at every code."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl.activation import Lookup
from lmu_hw.network import Offsets, Slopes
from lmu_hw.quantize.tables import tabulate
from tests.hdl.bench import drive
from tests.oracle import tabulated
from tests.random_tables import random_table

SOURCE = FixedFormat(signed=True, int_bits=2, frac_bits=4)
FUNCTIONS = ("tanh", "sigmoid", "softplus", "elu", "relu6", "selu")


def answers(table) -> list[int]:
    """Return what hardware answers to every code, from the smallest on, with pauses between."""
    lookup, seen = Lookup(table, name="t"), []
    codes = range(table.source.min_code, table.source.max_code + 1)
    entering = [(code, pause) for code in codes for pause in range(1 + (code % 3 == 0))]

    async def check(ctx):
        busy = 0
        for code, pause in [*entering, *[(0, 1)] * (lookup.latency - 1)]:
            busy = (busy << 1 | (not pause)) & (1 << lookup.latency) - 1
            ctx.set(lookup.code, code ^ pause)
            ctx.set(lookup.busy, busy)
            await ctx.tick()
            if busy >> lookup.latency - 1:
                seen.append(ctx.get(lookup.answer))

    drive(lookup, check)
    return seen


@pytest.mark.parametrize("seed", range(24))
def test_tables_of_any_parts_are_those_of_the_network_and_of_the_oracle(seed):
    random = np.random.default_rng(seed)
    source, output = (
        FixedFormat.of_width(width, signed=signed, int_bits=int_bits)
        for width, signed, int_bits in zip(
            random.integers(2, 7, 2).tolist(),
            (random.integers(0, 2, 2) == 1).tolist(),
            random.integers(-1, 3, 2).tolist(),
            strict=True,
        )
    )
    table = random_table(random, source, output)
    codes = np.arange(source.min_code, source.max_code + 1)
    expected = [tabulated(table, code) for code in codes.tolist()]
    assert table.codes.codes[codes].tolist() == expected
    assert answers(table) == expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_tables_of_functions_are_those_of_the_network(function):
    table = tabulate(function, SOURCE, SOURCE, where="n", error=1.0)
    codes = np.arange(SOURCE.min_code, SOURCE.max_code + 1)
    assert answers(table) == table.codes.codes[codes].tolist()


def test_random_tables_are_of_every_form():
    random = np.random.default_rng(0)
    tables = [random_table(random, SOURCE, SOURCE) for _ in range(60)]
    kinds = {type(table.interpolation) for table in tables}
    assert kinds == {type(None), Slopes, Offsets}
    for name in ("mirrored", "ramp", "limited"):
        assert {getattr(table, name) for table in tables} == {False, True}


def test_an_entry_may_stand_for_more_codes_than_there_are():
    random = np.random.default_rng(0)
    narrow = FixedFormat(signed=True, int_bits=1, frac_bits=0)
    tables = [random_table(random, narrow, SOURCE) for _ in range(400)]
    wide = [t for t in tables if t.low_bits == narrow.width and t.origin + t.last == 0 < t.last]
    assert wide
    for table in wide[:3]:
        assert answers(table) == table.codes.codes[np.arange(-2, 2)].tolist()
