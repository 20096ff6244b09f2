# SPDX-License-Identifier: Apache-2.0
"""The quantized network refuses parts that do not fit, and knows its bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu.roles import Role, role_of
from lmu_hw.network import (
    Codes,
    ElementwiseNode,
    Factor,
    Node,
    Product,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Signal,
    Table,
    Term,
)
from tests import networks

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


def test_codes_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        codes(2).codes[0] = 3


def test_codes_are_a_copy():
    array = np.zeros(2, np.int64)
    kept = Codes(codes=array, format=S8)
    array[0] = 5
    assert kept.codes[0] == 0


@pytest.mark.parametrize("value", [-129, 128])
def test_codes_must_fit(value):
    with pytest.raises(NetworkError, match=rf"codes must fit sQ0\.7 \(8 bits\), not {value} to"):
        codes(1, value=value)


def test_all_terms_have_the_same_rows():
    with pytest.raises(NetworkError, match=r"l.u: all weight matrices must have the same rows"):
        node("l.u", term("x", 2, 2), term("l.u", 3, 3, delayed=True))


def test_a_node_reads_something():
    with pytest.raises(NetworkError, match=r"l.u: all weight matrices must have the same rows"):
        node("l.u")


def test_weights_are_signed():
    unsigned = FixedFormat(signed=False, int_bits=1, frac_bits=7)
    wrong = Term(source="x", delayed=False, weights=codes(2, 2, fmt=unsigned))
    with pytest.raises(NetworkError, match=r"l\.u: weights of x must be signed, not uQ1\.7"):
        node("l.u", wrong)


def test_a_bias_for_each_row():
    bias = codes(3, fmt=FixedFormat(signed=True, int_bits=0, frac_bits=14))
    with pytest.raises(NetworkError, match=r"l.u: bias must have 2 entries, not 3"):
        node("l.u", term("x", 2, 2), bias=bias)


def test_a_row_shift_for_each_row():
    with pytest.raises(NetworkError, match=r"l.u: row_shifts must have 2 entries, not 1"):
        node("l.u", term("x", 2, 2), row_shifts=(1,))


def test_the_bias_is_at_the_binary_point_of_the_sum():
    with pytest.raises(NetworkError, match=r"l.u: the bias must have 14 fraction bits"):
        node("l.u", term("x", 2, 2), bias=codes(2))


def test_a_table_has_an_entry_for_each_code():
    table = Table(function="tanh", codes=codes(255))
    with pytest.raises(NetworkError, match=r"l.u: the table must have 256 entries, not 255"):
        node("l.u", term("x", 2, 2), activation=table)


@pytest.mark.parametrize("rounding", [mode for mode in Rounding if mode is not Rounding.FLOOR])
def test_error_feedback_rounds_by_floor(rounding):
    rule = rf"l\.u: error feedback must round by floor, not {rounding.value}"
    with pytest.raises(NetworkError, match=rule):
        node(
            "l.u",
            term("x", 2, 2),
            requant=replace(TO_S8, rounding=rounding),
            error_feedback=True,
        )


@pytest.mark.parametrize(
    "changes",
    [{"activation": Rectifier(format=S8)}, {"last_only": True}, {"sum_frac_bits": 7}],
    ids=["an activation", "last step only", "no bits dropped"],
)
def test_error_feedback_is_for_linear_nodes_of_every_step_that_drop_bits(changes):
    with pytest.raises(NetworkError, match=r"l\.u: error feedback must be on a node without activ"):
        node("l.u", term("x", 2, 2), error_feedback=True, **changes)


def test_dropped_bits_are_those_between_sum_and_code():
    assert node("l.u", term("x", 2, 2)).dropped_bits == 7


def test_a_source_is_computed_before():
    with pytest.raises(NetworkError, match=r"l\.u: source 'l\.m' is not computed before it"):
        layer(node("l.u", term("l.m", 2, 2)), node("l.m", term("x", 2, 2)))


def test_a_source_exists():
    with pytest.raises(NetworkError, match=r"l\.u: source 'l\.q\[t-1\]' is not computed before it"):
        layer(node("l.u", term("l.q", 2, 2, delayed=True)))


def test_the_input_of_the_previous_step_is_not_kept():
    with pytest.raises(NetworkError, match=r"l\.u: the input of the previous step is not kept"):
        layer(node("l.u", term("x", 2, 2, delayed=True)))


def test_columns_make_up_the_source():
    with pytest.raises(NetworkError, match=r"l\.u: 1 segments of 3 columns must make up the 2"):
        layer(node("l.u", term("x", 2, 3)))


def test_the_sum_has_the_fraction_bits_of_its_products():
    with pytest.raises(NetworkError, match=r"l.u: the sum has too few fraction bits for x"):
        layer(node("l.u", term("x", 2, 2), sum_frac_bits=13))


@pytest.mark.parametrize("outputs", [(), ("x",), ("l.q",), ("l.m", "l.u"), ("l.u", "l.u")])
def test_outputs_are_nodes_in_order(outputs):
    with pytest.raises(NetworkError, match="l: outputs must be nodes of the layer, in order, not"):
        layer(node("l.u", term("x", 2, 2)), node("l.m", term("x", 2, 2)), outputs=outputs)


def test_a_node_of_the_last_step_cannot_answer_every_step():
    with pytest.raises(NetworkError, match=r"l: must answer every step, so l.u must too"):
        layer(node("l.u", term("x", 2, 2), last_only=True))


@pytest.mark.parametrize("delayed", [False, True])
def test_a_node_of_every_step_cannot_read_one_of_the_last_step(delayed):
    late = node("l.u", term("x", 2, 2), last_only=True)
    reader = node("l.m", term("l.u", 2, 2, delayed=delayed), last_only=delayed)
    with pytest.raises(NetworkError, match=r"l.m: l.u is computed at the last step only"):
        layer(late, reader, outputs=("l.m",), last_only=True)


def test_layers_read_what_the_layer_before_answers():
    network = networks.quantized(networks.network(dense=2))
    wrong = replace(network.layers[1], input=Signal(size=3, format=S8))
    with pytest.raises(NetworkError, match="tiny: dense must read the output of lmu0"):
        replace(network, layers=(network.layers[0], wrong))


def test_the_first_layer_reads_the_input():
    network: QuantizedNetwork = networks.quantized(networks.network())
    with pytest.raises(NetworkError, match=r"tiny: the first layer must read sQ0\.7"):
        replace(network, input=TO_S8)


def test_sum_bounds_are_reached_by_the_largest_codes():
    bias = codes(1, fmt=FixedFormat(signed=True, int_bits=0, frac_bits=17), value=-5)
    wide = layer(node("l.u", term("x", 1, 2), row_shifts=(2,), sum_frac_bits=17, bias=bias))
    partial = 2 * 128 << (17 - 2 - 14)
    assert wide.sum_bounds(wide.nodes[0]) == (partial, partial + 5)


def test_the_bound_of_a_total_includes_the_largest_residue():
    plain = layer(node("l.u", term("x", 2, 2)))
    keeping = layer(node("l.u", term("x", 2, 2), error_feedback=True))
    partial, total = plain.sum_bounds(plain.nodes[0])
    assert keeping.sum_bounds(keeping.nodes[0]) == (partial, total + 127)


def test_sum_bounds_do_not_overflow():
    fmt = FixedFormat.of_width(63, signed=True, int_bits=0)
    huge = Term(source="x", delayed=False, weights=codes(1, 2, fmt=fmt, value=fmt.min_code))
    wide = layer(node("l.u", huge, sum_frac_bits=69))
    assert wide.sum_bounds(wide.nodes[0]) == (2 * 2**62 * 128,) * 2


def test_the_output_holds_every_node_exactly():
    net = networks.network(hidden="none", inputs=2)
    network = networks.quantized(net, input_bits=5, unsigned=True)
    (only,) = network.layers
    for name in only.outputs:
        fmt = only.signals[name].format
        assert only.output.format.min_value <= fmt.min_value
        assert only.output.format.max_value >= fmt.max_value
        assert only.output.format.frac_bits >= fmt.frac_bits
    assert only.output.size == sum(only.signals[name].size for name in only.outputs)


def test_multiplications_of_a_last_step():
    net = networks.network(order=4, units=3, hidden="dense", return_sequences=False)
    (only,) = networks.quantized(net).layers
    assert only.multiplications(last_step=False) == 1 + 4 * 5
    assert only.multiplications(last_step=True) == 1 + 4 * 5 + 3 * (1 + 4)


def test_every_memory_multiplies():
    (only,) = networks.quantized(networks.network(order=4, memory_d=2, hidden="none")).layers
    assert only.multiplications(last_step=False) == 2 + 2 * 4 * 5 + 1


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
            {"activation": Table(function="tanh", codes=codes(4))},
            "the table must have 256 entries, not 4",
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
