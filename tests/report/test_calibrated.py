# SPDX-License-Identifier: Apache-2.0
"""A first look says how fixed point compares with float, and what is unlikely about the data."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.errors import NetworkError
from lmu_hw.quantize import Options, configure
from lmu_hw.report.calibrated import first_look
from tests import networks


def looked(network, x, **options):
    """Return a first look at a network that was calibrated with `x`."""
    return first_look(Design.build(network, configure(network, x, Options(**options)), x))


def test_a_good_design_is_summed_up_without_warning(design):
    found = first_look(design)
    assert found.summary.startswith("On 9 calibration sequences of 12 steps: The outputs follow")
    assert (found.sequences, found.steps, found.warnings) == (9, 12, ())


def test_labels_give_accuracy_float_beside_fixed(design):
    labels = design.reference.run(design.calibration).argmax(axis=1)
    found = first_look(design, labels)
    assert "Accuracy is 100.00 % in fixed point and 100.00 % in float" in found.summary
    with pytest.raises(NetworkError, match="labels must be"):
        first_look(design, labels[1:])


def test_a_coarse_design_is_warned_of():
    net = networks.network(dense=2)
    found = looked(net, networks.noise(net, sequences=4, steps=20), weight_bits=3, memory_bits=12)
    assert found.warnings == ("fixed point differs from float on the calibration data",)


@pytest.mark.parametrize(
    ("scale", "warning"),
    [
        (0.0, "all calibration inputs are 0"),
        (1e6, "calibration inputs reach 1e+06; a network usually reads numbers of about 1"),
        (1e-6, "calibration inputs reach 1e-06;"),
    ],
)
def test_data_that_cannot_be_right_are_warned_of(scale, warning):
    net = networks.network(dense=2, activation="linear")
    x = np.sign(networks.noise(net, sequences=4, steps=20))
    assert any(text.startswith(warning) for text in looked(net, scale * x).warnings)


def test_inputs_outside_the_format_of_a_file_are_warned_of(design):
    found = first_look(replace(design, calibration=design.calibration.padded + 100.0))
    assert any("216 of 216 inputs (100 %) lay outside" in text for text in found.warnings)


def test_a_network_that_always_answers_the_same_is_warned_of():
    net = networks.network(dense=2)
    lmu, dense = net.layers
    deaf = replace(net, layers=(lmu, replace(dense, W=0 * dense.W)))
    found = looked(deaf, networks.noise(net, sequences=2, steps=10))
    assert "the float network gives the same answer to all calibration data" in found.warnings


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (40_000, 2)])
def test_few_of_many_steps_are_run(shape):
    net = networks.network(order=2, units=2, dense=1)
    found = looked(net, np.sin(np.arange(np.prod(shape))).reshape(*shape, 1))
    assert found.sequences * found.steps <= 50_000


def test_a_float_network_no_better_than_chance_is_warned_of():
    net = networks.network(dense=3)
    x = networks.noise(net, sequences=4, steps=20)
    design = Design.build(net, configure(net, x, Options()), x)
    wrong = (net.run(x).argmax(axis=-1) + 1) % 3
    (text,) = first_look(design, wrong).warnings
    assert text.startswith("the float network itself is right in only 0 % of these answers, where")
    assert first_look(design, net.run(x).argmax(axis=-1)).warnings == ()
