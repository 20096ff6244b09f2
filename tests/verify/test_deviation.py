# SPDX-License-Identifier: Apache-2.0
"""Errors are bounded only for what has the form of the reference: linear, and nothing else read."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from lmu_verify.claims import Judge, read_claims
from lmu_verify.design import read_design
from lmu_verify.deviation import _copied, heads, input_error
from lmu_verify.errors import NotShown
from lmu_verify.fields import Fields, Format, Narrowing
from lmu_verify.files import read_npz
from lmu_verify.integers import Codes, identity
from lmu_verify.memory import read_memories
from lmu_verify.reference import read_reference


@pytest.fixture
def parts(originals):
    """Return the design of a folder, its memory, float layer, and only head."""

    def read(kind) -> Any:
        path = originals(kind)
        design, reference = (
            read_design(path / "design.safetensors"),
            read_reference(path / "reference.safetensors"),
        )
        header, arrays = read_npz(path / "certificate.npz")
        (memory,) = read_memories(design)
        claims = read_claims(Fields("c", header).objects("memories")[0], arrays, memory)
        judge = Judge(memory, reference[0], claims, print)
        (head,) = heads(design, reference, [judge])
        return design, memory, reference[0], head

    return read


def renamed(node, source, *, delayed=False):
    """Return a node whose first term reads something else."""
    first, *rest = node.terms
    return replace(node, terms=[replace(first, source=source, delayed=delayed), *rest])


def test_a_head_that_reads_the_memory_alone_has_a_bound(parts):
    *_, head = parts("dense")
    assert all(value > 0 for value in head.deviation(0).rounding)


@pytest.mark.parametrize("change", ["source", "activation", "segments"])
def test_a_head_that_is_not_linear_has_none(parts, change):
    *_, head = parts("dense")
    node = {
        "source": renamed(head.node, "head0.z"),
        "activation": replace(head.node, activation=True),
        "segments": replace(head.node, segments=2),
    }[change]
    with pytest.raises(NotShown, match="head0.y: must be linear"):
        replace(head, node=node).deviation(0)


def test_a_head_that_reads_another_output_has_none(parts):
    *_, head = parts("dense")
    memory = head.judge.memory
    head.judge.memory = replace(memory, layer=replace(memory.layer, outputs=["lmu0.p", "lmu0.m"]))
    with pytest.raises(NotShown, match="lmu0: must answer with lmu0.m and lmu0.p"):
        head.deviation(0)


def test_the_error_of_u_is_known_where_it_reads_the_input_alone(parts):
    design, memory, layer, _ = parts("dense")
    assert not memory.u_saturates
    errors, conditional = input_error(design, memory, layer)
    assert not conditional
    assert all(error > memory.u.requant.error for error in errors)
    with pytest.raises(NotShown, match="lmu0.u: must read the input alone"):
        input_error(design, replace(memory, u=renamed(memory.u, "lmu0.p")), layer)


@pytest.mark.parametrize("change", ["loop", "saturates", "table"])
def test_otherwise_only_the_narrowing_of_u_counts(parts, change):
    design, memory, layer, _ = parts("dense")
    memory = {
        "loop": replace(memory, u=renamed(memory.u, "lmu0.h", delayed=True)),
        "saturates": replace(memory, u_saturates=True),
        "table": replace(memory, u=replace(memory.u, table=True)),
    }[change]
    assert input_error(design, memory, layer) == ([memory.u.requant.error] * 2, True)


@pytest.mark.parametrize(
    ("frac_bits", "scale", "exact"), [(0, 255, True), (0, 1, False), (3, 255, False)]
)
def test_only_integers_of_a_scale_are_taken_without_an_error(parts, frac_bits, scale, exact):
    design, memory, layer, _ = parts("dense")
    narrow = Narrowing(Format(True, 4, frac_bits), "half_up", "saturate")
    changed = replace(design, input=narrow, input_scale=Fraction(1, scale))
    none = replace(design, input=Narrowing(Format(True, 4, 900), "half_up", "saturate"))
    found, without = (input_error(one, memory, layer)[0] for one in (changed, none))
    added = [one - other for one, other in zip(found, without, strict=True)]
    gains = layer.get("E_x", 2, 2).row_sums()
    ulp = Fraction(1, 1 << frac_bits)
    for more, gain in zip(added, gains, strict=True):
        assert abs(more - (0 if exact else gain * ulp / 2)) <= gain / 2**900


@pytest.mark.parametrize("same", [True, False])
def test_a_copy_of_the_input_drops_what_its_format_does_not_hold(parts, same):
    """One that is exact drops by the bits of the input; any other by those of its sum."""
    _, memory, _, _ = parts("dense")
    copy = memory.layer.node("p")
    (term,) = copy.terms
    codes = identity(2).codes * (1 if same else 2)
    codes[0, 1] = 0 if same else 1
    bits = copy.requant.format.frac_bits
    changed = replace(copy, terms=[replace(term, weights=Codes(codes, 0))], sum_frac_bits=bits + 1)
    nodes = [changed if node is copy else node for node in memory.layer.nodes]
    rows = Codes(identity(2).codes * 3, 0)
    image, dropped = _copied(replace(memory.layer, nodes=nodes), rows)
    assert image.codes.tolist() == (3 * codes).tolist()
    assert dropped == ([0, 0] if same else [3 * copy.requant.error] * 2)
