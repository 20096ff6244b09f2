# SPDX-License-Identifier: Apache-2.0
"""Short windows, few bits, all options: a design that works, or an error of the package."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import ConfigError, LmuHwError, NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Discretizer
from lmu_hw.proofs import quantized_memories
from lmu_hw.quantize import Basis, MemoryRange, Options, Realization, configure
from tests import networks, structured

CHOICES = {
    "order": range(1, 9),
    "theta": (0.5, 0.7, 1.0, 2.0, 5.0, 12.0, 20.0),
    "memory_bits": range(2, 9),
    "realization": list(Realization),
    "basis": list(Basis),
    "memory_range": list(MemoryRange),
    "state_bits": (4, 8, 12, 16),
    "weight_bits": (2, 4, 8, 12),
    "memory_tolerance": (None, 1e-6, 1e-4, 1e-2, 0.5),
    "error_feedback": (False, False, False, True),
    "repair": (False, True),
}


def _noise(steps):
    return np.random.default_rng(0).uniform(-1.0, 1.0, (2, steps, 1))


@pytest.mark.parametrize("seed", range(60))
def test_any_options_give_a_design_or_an_error_that_names_the_memory(seed):
    random = np.random.default_rng(seed)
    options = {name: values[random.integers(len(values))] for name, values in CHOICES.items()}
    if options["realization"] is not Realization.SEMISEPARABLE:
        options["memory_tolerance"] = None
    if options["realization"] not in (Realization.DENSE, Realization.AUTO):
        options["error_feedback"] = False
    net = networks.network(order=options.pop("order"), theta=options.pop("theta"), hidden="dense")
    try:
        lmu_hw.quantize(net, _noise(20), **options).certify()
    except LmuHwError as error:
        assert str(error).startswith("lmu0."), error


@pytest.mark.parametrize(
    ("order", "theta", "tolerance", "bits"),
    [(4, 2.0, 1e-4, 4), (4, 2.0, 1e-4, 3), (7, 1.5, 0.01, 2), (8, 0.7, 1e-4, 2)],
)
def test_coefficients_coarser_than_one_are_refused(order, theta, tolerance, bits):
    net = networks.network(order=order, theta=theta, hidden="dense", seed=1)
    options = Options(
        realization=Realization.SEMISEPARABLE, memory_tolerance=tolerance, memory_bits=bits
    )
    with pytest.raises(ConfigError, match=r"lmu0\.m: carry: . bits are too few: an ulp must be at"):
        configure(net, _noise(20), options)


def test_a_structure_whose_ulp_exceeds_one_is_no_structure():
    network = structured.with_sweeps(networks.quantized(networks.network()))
    update = network.layers[0].memories[0].update
    coarse = FixedFormat(signed=True, int_bits=8, frac_bits=-1)
    with pytest.raises(NetworkError, match="an ulp of carry must be at most 1, not that of sQ8.-1"):
        replace(update, carry=replace(update.carry, codes=update.carry.codes >> 8, format=coarse))


@pytest.mark.parametrize(("order", "theta", "bits"), [(1, 1.0, 4), (2, 2.0, 3), (4, 2.0, 2)])
def test_formats_of_few_bits_settle(order, theta, bits):
    net = networks.network(order=order, theta=theta, hidden="dense")
    x = np.random.default_rng(0).normal(size=(2, 20, 1))
    for memory_range in (MemoryRange.AUTO, MemoryRange.WIDEN):
        lmu_hw.quantize(net, x, memory_bits=bits, memory_range=memory_range).certify()


@pytest.mark.parametrize("realization", ["dense", "semiseparable"])
def test_a_memory_that_nothing_reads_is_quantized(realization):
    net = networks.network(order=6, theta=20.0, hidden="dense", dense=2)
    (layer, head) = net.layers
    hidden = replace(layer.hidden, W_m=np.zeros_like(layer.hidden.W_m))
    unread = replace(net, layers=(replace(layer, hidden=hidden), head))
    design = lmu_hw.quantize(unread, _noise(20), realization=realization)
    assert np.abs(design.predict(_noise(20)) - unread.run(_noise(20))).max() < 0.01


def test_weights_that_cannot_be_told_from_zero_are_refused_by_name():
    net = networks.network(order=6, theta=20.0, hidden="dense", dense=2)
    (layer, head) = net.layers
    tiny = replace(net, layers=(replace(layer, hidden=replace(
        layer.hidden, W_m=1e-30 * layer.hidden.W_m)), head))  # fmt: skip
    with pytest.raises(ConfigError, match=r"lmu0\.h: its bias of up to .* must fit 63 bits at the"):
        lmu_hw.quantize(tiny, _noise(20))


@pytest.mark.parametrize(("order", "theta"), [(1, 0.01), (2, 0.05), (6, 0.05), (8, 0.1)])
def test_a_memory_that_forgets_at_once_is_certified(order, theta):
    net = networks.network(order=order, theta=theta, hidden="dense", discretizer=Discretizer.ZOH)
    design = lmu_hw.quantize(net, _noise(20))
    design.certify()
    (memory,) = quantized_memories(design.network)
    assert np.abs(memory.A).max() < memory.format.ulp
    assert np.isfinite(design.predict(_noise(20))).all()
