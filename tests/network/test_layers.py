# SPDX-License-Identifier: Apache-2.0
"""The quantized network refuses parts that do not fit, and knows its bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.network import QuantizedNetwork, Signal
from tests import networks
from tests.network.parts import S8, TO_S8, layer, node, term


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
