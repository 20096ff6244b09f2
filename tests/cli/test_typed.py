# SPDX-License-Identifier: Apache-2.0
"""What was typed, as the verbs take it, and their messages in words of the command line."""

from __future__ import annotations

import argparse

import pytest

from lmu_hw.cli.parser import build_parser
from lmu_hw.cli.typed import (
    data_files,
    given,
    in_words,
    measured,
    option_of,
    refuse_half_a_target,
    target,
)
from lmu_hw.errors import ConfigError


def typed(*arguments: str) -> argparse.Namespace:
    return build_parser().parse_args(["generate", "m.npz", "-o", "out", *arguments])


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("`weight_bits` must be", "--weight-bits must be"),
        ("`sequences` and `simulators`", "--search-sequences and --simulator"),
        ("`unknown` stays", "`unknown` stays"),
    ],
)
def test_parameters_in_messages_become_options(message, words):
    assert in_words(ConfigError(message)) == words


def test_every_renamed_parameter_has_its_option():
    assert option_of("sequences") == "--search-sequences"
    assert option_of("max_cycles") == "--max-cycles"


def test_only_what_was_typed_is_given():
    options = typed("--weight-bits", "6", "--no-refit", "--realization", "dense")
    assert given(options) == {"weight_bits": 6, "refit": False, "realization": "dense"}
    assert given(typed()) == {}


def test_all_cores_are_used_unless_told_otherwise():
    assert measured(typed()) == {"jobs": None}
    options = typed("--jobs", "2", "--cost", "state-bits", "--search-sequences", "7")
    assert measured(options) == {"jobs": 2, "cost": "state-bits", "sequences": 7}


def test_a_target_is_named_by_its_option():
    assert target(typed()) is None
    assert target(typed("--target-error", "0.1")) == "--target-error"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--labels y.npy", "--labels must come with the data they belong to: give --calibrate"),
        ("--cost state-bits", "--cost must come with --target-error or --target-accuracy"),
        ("--jobs 2", "--jobs must come with"),
        ("--target-error 1 --config c.toml", "--target-error and --config cannot be combined"),
        ("--target-error 1", "--target-error must come with data to measure on"),
        ("--target-accuracy 1 --calibrate x.npy", "--target-accuracy needs --labels"),
        (
            "--target-error 1 --calibrate x.npy --labels y.npy",
            "--target-error does not use --labels",
        ),
    ],
)
def test_half_a_target_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        refuse_half_a_target(typed(*arguments.split()))


@pytest.mark.parametrize(
    "arguments",
    ["", "--calibrate x.npy --labels y.npy", "--target-error 1 --calibrate x.npy --jobs 2"],
)
def test_a_whole_target_or_none_is_let_through(arguments):
    refuse_half_a_target(typed(*arguments.split()))


def test_data_are_named_with_their_labels():
    assert data_files(typed("--calibrate", "x.npy", "--labels", "y.npy")) == "x.npy, y.npy"
    assert data_files(typed("--calibrate", "x.npy")) == "x.npy"
