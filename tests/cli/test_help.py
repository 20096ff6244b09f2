# SPDX-License-Identifier: Apache-2.0
"""--help teaches: every command has an example, and every option says what it does."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from lmu_hw import Basis, Cost, MemoryRange, Realization
from lmu_hw.cli.parser import build_parser

PARSER = build_parser()
COMMANDS = next(
    action for action in PARSER._actions if isinstance(action, argparse._SubParsersAction)
).choices


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_that_parses(run, name):
    answer = run(name, "--help")
    assert answer.status == 0
    example = answer.out.split("example:\n")[1].strip()
    words = shlex.split(example.split(" > ")[0])
    assert words[:2] == ["lmu-hw", name]
    assert PARSER.parse_args(words[1:]).command == name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented(name):
    undocumented = [action.dest for action in COMMANDS[name]._actions if not action.help]
    assert undocumented == []


@pytest.mark.parametrize(
    ("option", "kind"),
    [
        ("--realization", Realization),
        ("--memory-range", MemoryRange),
        ("--basis", Basis),
        ("--cost", Cost),
    ],
)
def test_the_help_of_an_enumeration_names_every_choice(option, kind):
    (help,) = (a.help for a in COMMANDS["generate"]._actions if option in a.option_strings)
    assert [choice.value for choice in kind if choice.value not in help] == []


def test_the_first_page_names_every_command_and_exit_status(run):
    answer = run("--help")
    assert answer.status == 0
    assert [name for name in COMMANDS if not re.search(rf"^ +{name}\b", answer.out, re.M)] == []
    assert "exit status: 0 success; 1 the simulated hardware differs" in answer.out


@pytest.mark.parametrize("arguments", [(), ("fly",), ("predict",), ("generate", "x", "--fast")])
def test_what_cannot_be_parsed_ends_with_2(refused, arguments):
    assert "error: " in refused(*arguments)


def test_the_version_is_printed(run):
    from lmu_hw import __version__

    assert run("--version").out == f"lmu-hw {__version__}\n"
