# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.measure.signals import probes
from lmu_hw.network import Codes, Rectifier, Table


def pre_activation(design, activation, overflow=Overflow.SATURATE):
    """Return the probe of lmu.z with another activation behind an sQ3.4 format."""
    network = design.network
    layer = network.layers[0]
    requant = Requant(
        format=FixedFormat(signed=True, int_bits=3, frac_bits=4),
        rounding=Rounding.HALF_UP,
        overflow=overflow,
    )
    hidden = replace(layer.nodes[-1], requant=requant, activation=activation)
    changed = replace(layer, nodes=(*layer.nodes[:-1], hidden), outputs=layer.outputs)
    only = replace(network, layers=(changed,))
    return next(probe for probe in probes(only) if probe.name == "lmu.z")


def table(function, values):
    fmt = FixedFormat(signed=True, int_bits=0, frac_bits=7)
    codes = np.clip(np.rint(values * 128), -128, 127).astype(int)
    source = FixedFormat(signed=True, int_bits=3, frac_bits=4)
    return Table.full(function, source, Codes(codes=np.roll(codes, -128), format=fmt))


Z = np.arange(-128, 128) / 16


def test_tanh_is_flat_beyond_eight(design):
    probe = pre_activation(design, table("tanh", np.tanh(Z)))
    assert (probe.flat_below, probe.flat_above) == (True, True)


def test_a_table_that_still_moves_at_its_ends_is_not_flat(design):
    probe = pre_activation(design, table("softsign", Z / (1 + np.abs(Z))))
    assert (probe.flat_below, probe.flat_above) == (False, False)


def test_equal_codes_at_the_end_do_not_hide_a_function_that_goes_on(design):
    probe = pre_activation(design, table("softplus", np.logaddexp(0, Z) / 1))
    assert (probe.flat_below, probe.flat_above) == (True, False)


def test_relu_is_flat_below(design):
    output = FixedFormat(signed=False, int_bits=3, frac_bits=4)
    probe = pre_activation(design, Rectifier(format=output))
    assert (probe.flat_below, probe.flat_above) == (True, False)


def test_wrapping_is_never_lossless(design):
    probe = pre_activation(design, table("tanh", np.tanh(Z)), overflow=Overflow.WRAP)
    assert (probe.flat_below, probe.flat_above) == (False, False)
