# SPDX-License-Identifier: Apache-2.0
"""A design: integers beside the float network they stand for."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.errors import LoadError
from lmu_hw.folder import DesignFolder
from lmu_hw.golden import GoldenModel
from lmu_hw.quantize import Options, configure
from tests import networks
from tests.resealed import rewrite


@pytest.fixture
def built():
    def build(net, *, unsigned=False, **options):
        x = networks.noise(net, sequences=3, steps=20, unsigned=unsigned)
        return Design.build(net, configure(net, x, Options(**options)), x), x

    return build


@pytest.fixture
def written(built, tmp_path):
    design, _ = built(networks.network(dense=2))
    folder = DesignFolder(tmp_path / "out")
    folder.replace(design.files(), {"lmu_hw": "0", "design_digest": design.digest})
    for name in set(folder.GENERATED) - set(design.files()):
        rewrite(folder.path, name, "")
    return design, folder.path


def test_predictions_come_close_to_the_float_network(built):
    net = networks.network(dense=2, hidden_to_memory=True)
    design, x = built(net, weight_bits=16, state_bits=20, activation_bits=14)
    assert np.max(np.abs(design.predict(x) - net.run(x))) < 2e-3


def test_predictions_are_those_of_the_golden_model(built):
    design, x = built(networks.network(return_sequences=False))
    golden = GoldenModel(design.network)
    codes, _ = golden.run(golden.quantize_input(x))
    assert np.array_equal(design.predict(x), golden.output_values(codes))


def test_the_reference_computes_what_was_trained(built):
    net = networks.network(dense=2)
    design, x = built(net, input_scale=Fraction(1, 255))
    actual = design.reference.run(design.reference_input(x))
    assert np.allclose(actual, net.run(x), rtol=1e-9)  # float against float: another basis


def test_a_softmax_is_left_to_the_host(built):
    net = networks.network(dense=3, dense_activation="softmax")
    design, x = built(net)
    assert design.network.softmax
    assert not np.allclose(design.predict(x).sum(axis=-1), 1.0)
    assert np.array_equal(
        design.predict(x).argmax(-1), design.reference.run(design.reference_input(x)).argmax(-1)
    )


def test_trace_holds_every_node(built):
    design, x = built(networks.network())
    assert set(design.trace(x).codes) == {"x", "lmu0.u", "lmu0.m", "lmu0.z", "lmu0.h"}


def test_a_written_design_is_read_back(written):
    design, folder = written
    again = Design.read(folder)
    assert again.digest == design.digest
    assert again.config == design.config
    assert np.array_equal(again.calibration.padded, design.calibration.padded)
    x = networks.noise(design.reference, sequences=2, steps=4)
    assert np.array_equal(again.reference.run(x), design.reference.run(x))


def test_a_folder_without_a_design_is_refused(tmp_path):
    with pytest.raises(LoadError, match="must be a folder written by 'lmu-hw generate'"):
        Design.read(tmp_path)


def test_a_design_with_pickled_calibration_is_damaged(written):
    _, folder = written
    stream = io.BytesIO()
    np.save(stream, np.array([object()]), allow_pickle=True)
    rewrite(folder, "calibration.npy", stream.getvalue())
    with pytest.raises(LoadError, match="calibration.npy: is damaged"):
        Design.read(folder)


def test_a_design_with_another_kind_of_calibration_is_damaged(written):
    _, folder = written
    stream = io.BytesIO()
    np.save(stream, np.zeros((1, 1, 1), np.int64))
    rewrite(folder, "calibration.npy", stream.getvalue())
    with pytest.raises(LoadError, match=r"calibration.npy: is damaged .*must hold finite float64"):
        Design.read(folder)


def test_a_design_with_an_edited_configuration_is_checked(written):
    _, folder = written
    rewrite(folder, "config.toml", "version = 2")
    with pytest.raises(LoadError, match=r"config.toml: .*version must be 4, not 2"):
        Design.read(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "it must be a list"),
        ("[3]", r"\[0\] must be an object, not 3"),
        ('[{"memory": "lmu0.m"}]', "is missing"),
        ('[{"memori": "lmu0.m"}]', r"\[0\]\.memori is a key that nobody knows"),
        ("[NaN]", "it holds NaN"),
        ("[" * 9999, "nested too deeply|Expecting value"),
    ],
)
def test_a_refit_of_anything_is_refused_by_name(written, text, message):
    _, folder = written
    rewrite(folder, "refit.json", text)
    with pytest.raises(LoadError, match=rf"refit\.json: is damaged \(.*({message})"):
        Design.read(folder)


@pytest.mark.parametrize(
    "array",
    [np.zeros((1, 3)), np.zeros((1, 3, 2)), np.zeros((0, 3, 1)), np.full((1, 3, 1), np.nan)],
)
def test_a_calibration_that_does_not_fit_is_refused(written, array):
    _, folder = written
    stream = io.BytesIO()
    np.save(stream, array)
    rewrite(folder, "calibration.npy", stream.getvalue())
    with pytest.raises(LoadError, match=r"calibration\.npy: is damaged .*of shape"):
        Design.read(folder)


@pytest.mark.parametrize("name", ["design.safetensors", "refit.json", "calibration.npy"])
def test_random_damage_with_a_manifest_that_agrees_is_read_or_refused_by_name(written, name):
    _, folder = written
    data, random = (folder / name).read_bytes(), np.random.default_rng(len(name))
    for _ in range(40):
        damaged = bytearray(data[: random.integers(len(data))] if random.random() < 0.3 else data)
        for place in random.integers(0, len(damaged), 2) if damaged else ():
            damaged[place] ^= 1 << int(random.integers(8))
        rewrite(folder, name, bytes(damaged))
        try:
            Design.read(folder)
        except LoadError as error:
            assert name in str(error)
