# SPDX-License-Identifier: Apache-2.0
"""Element-wise nodes: their bounds, and what they refuse."""

from __future__ import annotations

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu.roles import Role
from lmu_hw.network import ElementwiseNode, Factor, Node, Product, Table
from tests.network.parts import TO_S8, codes, layer, node, term

COARSE = FixedFormat(signed=True, int_bits=0, frac_bits=1)


def product(*labels: str, negative: bool = False) -> Product:
    factors = tuple(
        Factor(source=label.removesuffix("[t-1]"), delayed=label.endswith("[t-1]"))
        for label in labels
    )
    return Product(factors=factors, negative=negative)


def elementwise(*products: Product, **changes) -> ElementwiseNode:
    made = {
        "layer": "l",
        "role": Role.CELL_STATE,
        "rows": 2,
        "products": products,
        "sum_frac_bits": 14,
        "requant": TO_S8,
        "activation": None,
    }
    return ElementwiseNode(**{**made, **changes})


def gates() -> tuple[Node, Node]:
    return node("l.f", term("x", 2, 2)), node("l.i", term("x", 2, 2))


def test_an_elementwise_node_knows_its_bounds():
    node = elementwise(product("l.f", "l.c[t-1]"), product("l.i", negative=True))
    made = layer(*gates(), node, outputs=("l.c",))
    # |f c| <= 128 * 128, and i << 7 has the fraction bits of the sum
    assert made.sum_bounds(made.nodes[-1]) == (2 * 128 * 128, 2 * 128 * 128)
    assert made.states == {"l.c"} and made.state_bits == 2 * 8
    assert made.multiplications(last_step=False) == 2 * 4 + 2


@pytest.mark.parametrize(
    ("products", "changes", "message"),
    [
        ([], {}, r"products must have 1 or 2 factors, not \[\]"),
        ([product("l.f", "l.i", "l.c[t-1]")], {}, r"must have 1 or 2 factors, not \[3\]"),
        ([product("l.f"), product("l.f[t-1]")], {}, r"must read each source either of this step"),
        ([product("x")], {}, "source 'x' is not computed before it"),
        ([product("l.c")], {}, "source 'l.c' is not computed before it"),
        ([product("l.nothing")], {}, "source 'l.nothing' is not computed before it"),
        ([product("l.f")], {"rows": 3}, "sources must have 3 elements, but l.f has 2"),
        ([product("l.f", "l.i")], {"sum_frac_bits": 13}, r"too few fraction bits for l.f \* l.i"),
        (
            [product("l.f")],
            {"activation": Table.full("tanh", COARSE, codes(4))},
            r"the table must be for sQ0.7 \(8 bits\), not sQ0.1 \(2 bits\)",
        ),
    ],
)
def test_an_elementwise_node_is_refused(products, changes, message):
    with pytest.raises(NetworkError, match=f"l.c: .*{message}"):
        layer(*gates(), elementwise(*products, **changes))


def test_an_elementwise_node_cannot_read_what_is_computed_once():
    late = node("l.f", term("x", 2, 2), last_only=True)
    with pytest.raises(NetworkError, match=r"l.c: l.f is computed at the last step only"):
        layer(late, elementwise(product("l.f")), outputs=("l.c",), last_only=True)
