# SPDX-License-Identifier: Apache-2.0
"""Layers of a draft stand in an order that fits, or name what else they may read."""

from __future__ import annotations

from lmu_hw.load.draft.order import DraftLayer, in_order, reads_of


def layer(label, inputs, outputs, **options):
    return DraftLayer(label=label, first=label, inputs=inputs, outputs=outputs, lines=(), **options)


def test_widths_decide_the_order_where_one_fits():
    head, first = layer("head", 5, 2), layer("first", 3, 5)
    assert in_order([head, first]) == ([first, head], True)
    assert in_order([layer("a", 5, 5), layer("b", 5, 5)])[1] is False


def test_a_normalisation_of_a_list_follows_the_layer_of_its_number():
    lmus = [layer(f"lmus.{n}.cell", 5, 5) for n in (0, 1)]
    norms = [layer(f"norms.{n}", 5, 5, follows=True) for n in (0, 1)]
    assert in_order([*lmus, *norms])[0] == [lmus[0], norms[0], lmus[1], norms[1]]


def test_a_normalisation_in_a_sequence_stays_there():
    sequence = [layer("net.0", 5, 5), layer("net.1", 5, 5, follows=True), layer("net.2", 5, 5)]
    assert in_order(sequence)[0] == sequence


def test_a_layer_that_cannot_read_the_one_before_names_what_it_can():
    layers = [("lmu", layer("lmu", 3, 5)), ("skip", layer("skip", 3, 4))]
    layers.append(("head", layer("head", 9, 1)))
    reads = reads_of(layers)
    assert reads["skip"].startswith(
        '["x"], as in torch.cat; this line is left out where another order'
    )
    assert reads["head"].startswith('["lmu", "skip"], ')
    assert "lmu" not in reads
    assert reads_of([]) == {}


def test_what_reads_a_memory_behind_a_cell_is_told_what_to_do():
    head = ("head", layer("head", 9, 2))
    open_loop = ("lmu", layer("lmu", 3, 5, states=4))
    assert "make its cell a layer of its own" in reads_of([open_loop, head])["head"]
    closed = ("lmu", layer("lmu", 3, 5, states=4, fed_back=True))
    assert "nobody but its cell can read" in reads_of([closed, head])["head"]


def test_of_many_layers_only_those_near_one_are_joined():
    layers = [(f"l{n}", layer(f"l{n}", 7 if n else 3, 2 if n % 50 else 5)) for n in range(400)]
    reads = reads_of(layers)
    assert reads["l1"].startswith("names of what it reads, such as x[0:2]")
    assert reads["l52"].startswith('["l50", "l51"] or ')
    assert reads["l399"].startswith('["x", "l397", "l398"]')
