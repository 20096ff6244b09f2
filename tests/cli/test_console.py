# SPDX-License-Identifier: Apache-2.0
"""Progress without a terminal: plain lines on stderr, and nothing where little time passes."""

from __future__ import annotations

import re
import sys
import time
from importlib import import_module

import pytest

from lmu_hw import api
from lmu_hw.cli import console
from lmu_hw.errors import ConfigError

MODEL = "model.safetensors"
_LINE = re.compile(r"[^\n]+: (?:[\d,]+ of [\d,]+, |[\d,]+, )?\d+ s")


@pytest.fixture
def often(monkeypatch) -> None:
    """Print a line ever so often."""
    monkeypatch.setattr(console, "LINE_SECONDS", 0.01)


@pytest.mark.usefixtures("often")
def test_a_line_says_what_is_done_how_much_and_for_how_long(capsys):
    with console.stages("first") as update:
        time.sleep(0.05)
        update("points", 3, 1200)
        time.sleep(0.05)
        update("rounds", 7, None)
        time.sleep(0.05)
    out, err = capsys.readouterr()
    lines = list(dict.fromkeys(err.splitlines()))
    assert out == ""
    assert lines == ["first: 0 s", "points: 3 of 1,200, 0 s", "rounds: 7, 0 s"]


@pytest.mark.usefixtures("often")
def test_what_says_nothing_for_long_has_lines_too(capsys):
    with console.status("quantizing"):
        time.sleep(0.05)
    assert capsys.readouterr().err.startswith("quantizing: 0 s\nquantizing: 0 s\n")


def test_what_is_quick_prints_nothing(capsys, monkeypatch):
    monkeypatch.setattr(console, "LINE_SECONDS", 5.0)
    with console.status("quantizing"), console.progress("golden model", 5) as advance:
        advance(5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("often")
def test_a_line_that_nobody_reads_stops_nothing(monkeypatch):
    class Closed:
        def write(self, text):
            raise BrokenPipeError

    with monkeypatch.context() as patch, console.status("quantizing"):
        patch.setattr(sys, "stderr", Closed())
        time.sleep(0.05)


VERBS = {
    "load": ("inspect", MODEL),
    "choose_formats": ("config", MODEL),
    "quantize": ("generate", MODEL, "-o", "new"),
    "emit": ("generate", MODEL, "-o", "new", "--weight-bits=5"),
    "search": ("generate", MODEL, "-o", "new", "--calibrate=x.npy", "--target-error=1"),
    "sweep": ("sweep", MODEL, "-o", "map", "--calibrate=x.npy"),
    "read_design": ("predict", "out", "--input=x.npy", "-o", "y.npy"),
    "simulate": ("simulate", "out", "--simulator=amaranth"),
    "report": ("report", "out", "--input=x.npy"),
}


@pytest.mark.usefixtures("often", "here")
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_may_take_long_has_lines(run, monkeypatch, verb):
    def slow(*_, **__):
        time.sleep(0.05)
        raise ConfigError("enough")

    # `config` goes one step below its verb: it estimates what the network that was tried takes.
    holder = api if hasattr(api, verb) else import_module("lmu_hw.cli.commands.config")
    monkeypatch.setattr(holder, verb, slow)
    answer = run(*VERBS[verb])
    *lines, last = answer.err.splitlines()
    assert (answer.status, answer.out) == (2, "")
    assert last.endswith(": enough")
    assert lines and all(_LINE.fullmatch(line) for line in lines), answer.err
