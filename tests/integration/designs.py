# SPDX-License-Identifier: Apache-2.0
"""Small designs whose folders are looked at."""

from __future__ import annotations

from functools import cache

from lmu_hw.design import Design
from lmu_hw.hdl import emit_verilog
from lmu_hw.integration import Subject
from lmu_hw.manifest import choice_of, manifest_of
from lmu_hw.network import stream_of
from lmu_hw.plan import Choice, Goal, choose_plan
from lmu_hw.quantize import Options, configure
from tests import networks

__all__ = ["STRICT", "design", "subject"]

STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror")
"""With which the driver in C compiles."""


@cache
def design(**shape: object) -> Design:
    """Return a quantized network; see `networks.network` for its shape."""
    model = networks.network(**{"order": 3, "inputs": 2, "dense": 3, **shape})
    x = networks.noise(model, sequences=3, steps=9)
    config = configure(model, x, Options(weight_bits=6, state_bits=10, activation_bits=6))
    return Design.build(model, config, x)


@cache
def chosen(*, width: object = "vector", **shape: object) -> Choice:
    """Return the plan of a small design with 2 lanes."""
    return choose_plan(design(**shape).network, Goal(lanes=2), stream=stream_of(width))


@cache
def emitted(*, width: object = "vector", **shape: object) -> dict[str, str]:
    """Return Verilog and ROM files of a small design."""
    built = design(**shape)
    plan = chosen(width=width, **shape).chosen.plan
    return emit_verilog(built.network, plan, digest=built.digest)


@cache
def subject(*, width: object = "vector", **shape: object) -> Subject:
    """Return what the files of a small design are made from, with 2 lanes."""
    built, choice = design(**shape), chosen(width=width, **shape)
    plan = choice.chosen.plan
    manifest = manifest_of(built, plan) | {"choice": choice_of(choice, Goal(lanes=2))}
    rtl = tuple(sorted(f"rtl/{name}" for name in emitted(width=width, **shape)))
    return Subject(design=built, plan=plan, manifest=manifest, rtl=rtl)
