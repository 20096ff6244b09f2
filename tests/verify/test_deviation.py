# SPDX-License-Identifier: Apache-2.0
"""Errors are bounded only for what has the form of the reference: linear, and nothing else read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lmu_verify.claims import Judge, read_claims
from lmu_verify.design import read_design
from lmu_verify.deviation import heads, input_error
from lmu_verify.errors import NotShown
from lmu_verify.fields import Fields
from lmu_verify.files import read_npz
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
