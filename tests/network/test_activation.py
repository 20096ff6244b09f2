# SPDX-License-Identifier: Apache-2.0
"""Tables: their parts fit each other, and what they answer follows from them."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Codes, Offsets, Slopes, Table

SOURCE = FixedFormat(signed=True, int_bits=1, frac_bits=2)
OUTPUT = FixedFormat(signed=True, int_bits=3, frac_bits=2)


def codes(*values, frac_bits=2) -> Codes:
    fmt = FixedFormat.of_width(9, signed=True, int_bits=8 - frac_bits)
    return Codes(codes=np.array(values), format=fmt)


def table(**changes) -> Table:
    made = {
        "function": "any",
        "source": SOURCE,
        "format": OUTPUT,
        "origin": -8,
        "last": 15,
        "low_bits": 3,
        "values": codes(1, 5),
        "interpolation": Slopes(codes=codes(1, 2, frac_bits=0)),
    }
    return Table(**{**made, **changes})


def test_lines_go_on_from_their_values():
    answers = np.roll(table().codes.codes, 8).tolist()  # from the smallest code on
    assert answers == [1, 2, 3, 4, 5, 6, 7, 8, 5, 7, 9, 11, 13, 15, 15 + 2, 15 + 4]


def test_offsets_have_both_signs_around_the_middle():
    between = Offsets(codes=Codes(codes=np.array([[1, 2, 3, 4]]), format=OUTPUT), group_bits=1)
    answers = np.roll(table(interpolation=between).codes.codes, 8).tolist()
    assert answers == [-3, -2, -1, 0, 2, 3, 4, 5, 1, 2, 3, 4, 6, 7, 8, 9]


def test_a_mirror_a_reflection_and_a_ramp():
    same = table(origin=0, mirrored=True, last=8, values=codes(0, 8), reflection=4, ramp=True)
    answers = np.roll(same.codes.codes, 8).tolist()
    assert answers == [-4, -3, -2, -1, 0, 1, 2, 3, 0, 2, 4, 6, 8, 10, 12, 14]


WRONG = {
    "origin": ({"origin": 9}, "the origin of the table of any must be -8 to 7, not 9"),
    "last": ({"last": 16}, "the last of the table of any must be 0 to 15, not 16"),
    "values": ({"values": codes(1)}, "the entries of the table of any must be .* not 1"),
    "slopes": (
        {"interpolation": Slopes(codes=codes(1, frac_bits=0))},
        "the slopes of the table of any must be .* not 1",
    ),
    "bits of slopes": (
        {"interpolation": Slopes(codes=codes(1, 2))},
        "the fraction bits of slopes of the table of any must be .* not 2",
    ),
    "offsets": (
        {"interpolation": Offsets(codes=codes([1, 2]), group_bits=1)},
        r"the offsets of the table of any must be of the shape \(1, 4\), not \(1, 2\)",
    ),
    "low bits alone": ({"interpolation": None}, "the low_bits of the table of any must be"),
    "a reflection alone": ({"reflection": 3}, "the reflection .* none where it is not mirrored"),
    "a finer source": (
        {
            "ramp": True,
            "format": FixedFormat(signed=True, int_bits=3, frac_bits=1),
            "values": codes(1, 5, frac_bits=1),
            "interpolation": Slopes(codes=codes(1, 2, frac_bits=-1)),
        },
        "the shift of the ramp of the table of any must be",
    ),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_parts_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(NetworkError, match=message):
        table(**changes)


def test_a_full_table_has_an_entry_for_each_code():
    with pytest.raises(NetworkError, match="the table of any must have 16 entries, not 2"):
        Table.full("any", SOURCE, codes(1, 2))
