# SPDX-License-Identifier: Apache-2.0
"""The configuration file: read back as written, and refused by name where it is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.quantize import Basis, Config, MemoryScale, Options
from tests import networks


@pytest.fixture(scope="module")
def config() -> Config:
    net = networks.network(activation="relu", dense=2)
    return networks.configured(net, input_scale=Fraction(1, 255))


def refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"c.toml: {message}")):
        Config.from_toml(text, where="c.toml")


@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("hidden", ["rnn", "none"])
def test_a_file_is_read_back(basis, hidden):
    written = networks.configured(networks.network(hidden=hidden), basis=basis)
    assert Config.from_toml(written.to_toml(), where="c.toml") == written


def test_a_file_with_an_input_scale_is_read_back(config):
    assert Config.from_toml(config.to_toml(), where="c.toml") == config


def test_a_scale_of_numpy_is_read_back(config):
    scaled = replace(config, memory_scale={"lmu0": MemoryScale(u=np.float64(1e-5), m=2.0)})
    assert Config.from_toml(scaled.to_toml(), where="c.toml") == scaled


def test_the_file_says_why(config):
    assert "# calibration: " in config.to_toml()
    assert "# relu is exact: max(z, 0)" in config.to_toml()


def test_reasons_are_no_part_of_the_value(config):
    nodes = {name: replace(node, why=()) for name, node in config.nodes.items()}
    assert replace(config, nodes=nodes) == config


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 9999, "a = " + "9" * 9999, "a = " + "{b = " * 9999]
)
def test_a_file_that_no_reader_follows_is_refused(text):
    refused(text, "not a TOML file: ")


def test_what_was_read_is_written_as_it_was_unless_it_was_changed(config):
    text = "# mine\n" + config.to_toml()
    again = Config.from_toml(text, where="c.toml")
    assert again == config and again.text() == text
    changed = replace(again, input_scale=Fraction(1, 2))
    assert changed.text() == changed.to_toml() != text


EDITS = {
    "no TOML": ("version = 4", "version = ", "not a TOML file"),
    "another version": ("version = 4", "version = 1", "its version must be 4, not 1"),
    "no version": ("version = 4", "", "its version must be 4, not None"),
    "a version of text": ("version = 4", 'version = "1"', "its version must be 4, not '1'"),
    "a version of truth": ("version = 4", "version = true", "its version must be 4, not True"),
    "an unknown basis": (
        'basis = "orthonormal"',
        'basis = "chebyshev"',
        "basis must be one of orthonormal, trained, not 'chebyshev'",
    ),
    "an unknown key": ("version = 4", "version = 4\nspeed = 3", "speed is a key that nobody knows"),
    "an unknown key of the input": (
        "[input]",
        "[input]\nwide = 1",
        "input.wide is a key that nobody knows",
    ),
    "no scale": ('scale = "1/255"', "", "input.scale is missing"),
    "a scale that is no number": (
        '"1/255"',
        '"1/x"',
        "input.scale must be a number such as 1/255, not '1/x'",
    ),
    "a scale by zero": ('"1/255"', '"1/0"', "input.scale must be a number such as 1/255"),
    "a negative scale": ('"1/255"', '"-1"', "input.scale must be positive, not '-1'"),
    "a wrong format": (
        '[node."lmu0.u"]',
        '[node."q"]\nformat = "Q15"\n[node."lmu0.u"]',
        "node.q.format: a format must be written like",
    ),
    "a format that is no format": (
        'format = "sQ8.7"',
        'format = "Q15"',
        "input.format: a format must be written like sQ0.15 or uQ8.0, not 'Q15'",
    ),
    "a format too wide": (
        'format = "sQ8.7"',
        'format = "uQ70.0"',
        "input.format: the width of a format must be 1 to 63 bits, not 70",
    ),
    "an unknown rounding": (
        'rounding = "half_up"',
        'rounding = "up"',
        "input.rounding must be one of floor, half_up, half_even, toward_zero, not 'up'",
    ),
    "an unknown overflow": (
        'overflow = "saturate"',
        'overflow = "clip"',
        "input.overflow must be one of wrap, saturate, forbid, not 'clip'",
    ),
    "a memory scale of text": (
        "\nu = ",
        '\nu = "1"  # ',
        "memory_scale.lmu0.u must be a finite number, not '1'",
    ),
    "a memory scale of zero": (
        "\nu = ",
        "\nu = 0  # ",
        "memory_scale.lmu0: u must be positive and finite, not 0.0",
    ),
    "an infinite memory scale": (
        "\nm = ",
        "\nm = inf  # ",
        "memory_scale.lmu0.m must be a finite number, not inf",
    ),
    "an unknown key of a node": (
        "row_shifts = ",
        "speed = 1\nrow_shifts = ",
        'node."lmu0.u".speed is a key that nobody knows',
    ),
    "row shifts of text": (
        "row_shifts = false",
        'row_shifts = "no"',
        "node.\"lmu0.u\".row_shifts must be true or false, not 'no'",
    ),
    "a weight format of a number": (
        '[node."lmu0.u".weights]',
        '[node."lmu0.u".weights]\nq = 3',
        'node."lmu0.u".weights.q must be a string, not 3',
    ),
    "a memory scale of one number": (
        '[memory_scale."lmu0"]',
        "[memory_scale]",
        "memory_scale.u must be an object, not ",
    ),
    "feedback of text": (
        "error_feedback = false",
        'error_feedback = "no"',
        "node.\"lmu0.m\".error_feedback must be true or false, not 'no'",
    ),
    "no table of memory scales": (
        '[memory_scale."lmu0"]',
        "[[memory_scale]]",
        "memory_scale must be an object, not ",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_wrong_file_is_refused(config, edit):
    before, after, message = EDITS[edit]
    text = config.to_toml()
    assert before in text
    refused(text.replace(before, after, 1), message)


def test_no_nodes_are_refused(config):
    text = config.to_toml()
    refused(text[: text.index('[node."lmu0.u"]')], "node is missing")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_bits": 1}, "`weight_bits` must be 2 to 32, not 1"),
        ({"memory_bits": 33}, "`memory_bits` must be 2 to 32, not 33"),
        ({"state_bits": 0}, "`state_bits` must be 2 to 32, not 0"),
        ({"activation_bits": 99}, "`activation_bits` must be 2 to 32, not 99"),
        ({"input_bits": -4}, "`input_bits` must be 2 to 32, not -4"),
        ({"input_scale": Fraction(0)}, "`input_scale` must be positive, not 0"),
        ({"margin": 0.5}, "`margin` must be 1 to 64, not 0.5"),
        ({"margin": float("nan")}, "`margin` must be 1 to 64, not nan"),
    ],
)
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Options(**options)


@pytest.mark.parametrize("kind", ["semiseparable", "two-pass"])
def test_a_structured_memory_is_read_back_with_its_knobs(kind):
    net = networks.network(theta=64.0)
    written = networks.configured(net, realization=kind, refit=False)
    text = written.to_toml()
    assert ("rank = 1  # 1: bilinear;" in text) == (kind == "semiseparable")
    assert ("rate_bits = " in text) == (kind == "two-pass")
    assert Config.from_toml(text, where="c.toml") == written


def test_what_means_nothing_for_a_kind_of_memory_is_refused():
    config = networks.configured(networks.network(theta=64.0), realization="two-pass")
    edited = config.to_toml().replace("rate_bits", "rank = 2\nrate_bits")
    refused(edited, 'node."lmu0.m".realization.rank is a key that nobody knows')


@pytest.mark.parametrize("name", ["digits", "psmnist"])
def test_files_beside_trained_networks_are_read(name):
    path = Path(__file__).parents[2] / "examples" / name / "aware.toml"
    config = Config.from_toml(path.read_text(), where=name)
    assert any(not node.realization.trained_matrices for node in config.nodes.values())
