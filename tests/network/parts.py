# SPDX-License-Identifier: Apache-2.0
"""Parts of a quantized network with small shapes."""

from __future__ import annotations

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu.roles import role_of
from lmu_hw.network import Codes, Node, QuantizedLayer, Signal, Term

S8 = FixedFormat(signed=True, int_bits=0, frac_bits=7)
TO_S8 = Requant(format=S8, rounding=Rounding.FLOOR, overflow=Overflow.SATURATE)


def codes(*shape: int, fmt: FixedFormat = S8, value: int = 1) -> Codes:
    return Codes(codes=np.full(shape, value), format=fmt)


def term(source: str, rows: int, columns: int, *, delayed: bool = False) -> Term:
    return Term(source=source, delayed=delayed, weights=codes(rows, columns))


def node(name: str, *terms: Term, **changes) -> Node:
    made = {
        "layer": "l",
        "role": role_of("l", name),
        "segments": 1,
        "terms": terms,
        "bias": None,
        "row_shifts": None,
        "sum_frac_bits": 14,
        "requant": TO_S8,
        "activation": None,
        "last_only": False,
    }
    return Node(**{**made, **changes})


def layer(*nodes: Node, outputs: tuple[str, ...] = ("l.u",), last_only: bool = False):
    return QuantizedLayer(
        name="l",
        input=Signal(size=2, format=S8),
        nodes=nodes,
        outputs=outputs,
        last_only=last_only,
    )
