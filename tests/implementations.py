# SPDX-License-Identifier: Apache-2.0
"""The least network to place and route, and what an implementation might have come to."""

from dataclasses import replace

import numpy as np

from lmu_hw.lmu import Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.measure.implementation import (
    Implementation,
    Macro,
    Part,
    PathStep,
    Resources,
    Routed,
    Used,
)

TOTAL = Resources(lut=2_108, carry=492, lut_ram=516, ff=1_211, block_ram=10, dsp=5)
RESULT = Implementation(
    target="ecp5-25k",
    device="Lattice ECP5",
    tools={},
    rtl="0",
    ports="left open",
    wrapper=None,
    total=TOTAL,
    parts=(Part(path="layer_a.drain", words="a: output stage", resources=TOTAL),),
    warnings=("a latch",),
    used=(Used(name="DP16KD", used=10, available=56),),
    clock_asked=200.0,
    runs=tuple(Routed(seed=seed, mhz=mhz) for seed, mhz in ((1, 80.0), (2, 90.0), (3, 100.0))),
    path=(PathStep(what="add", part="a: output stage", logic_ns=1.5, wire_ns=2.5),),
    path_words="add (a: output stage)",
    cycles_per_step=9_000,
    latency_cycles=18_000,
    changed_files=("rtl/a.v",),
)

AREA = Resources(ff=1_211, area=12_345.5, ff_area=5_432.5)
CELLS = replace(
    RESULT,
    target="liberty",
    device="standard cells of invented (cells.lib)",
    total=AREA,
    parts=(Part(path="layer_a.drain", words="a: output stage", resources=AREA),),
    used=(),
    clock_asked=None,
    runs=(),
    library="0",
    macros=(
        Macro(
            path="layer_a.x.cells",
            words="vector x",
            part="a",
            depth=64,
            width=32,
            reads=1,
            writes=1,
        ),
    ),
    timing="by analysis",
    static_mhz=456.5,
)
"""The same in standard cells."""


def tiny_network() -> Network:
    """Return one LMU layer of two states, two inputs and two hidden units."""
    hidden = SimpleCell(
        W_m=np.array([[0.5, -0.25], [0.25, 0.75]]),
        W_x=None,
        W_h=None,
        b=np.array([0.125, -0.25]),
        activation="relu",
    )
    lmu = LmuLayer(
        name="lmu",
        memory=Memory.legendre(2, 4.0, Discretizer.ZOH),
        E_x=np.array([[0.75, -0.5]]),
        E_h=None,
        E_m=None,
        b_u=None,
        hidden=hidden,
        input_to_hidden=False,
        return_sequences=True,
    )
    return Network(name="tiny", layers=(lmu,))
