# SPDX-License-Identifier: Apache-2.0
"""Packages never take the place of the verbs that carry their names."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import fields

import pytest

import lmu_hw
from lmu_hw import Knob, Options

_USED = """
import lmu_hw
import lmu_hw.cli, lmu_hw.hdl
from lmu_hw.simulate import Simulator, Result, simulate
from lmu_hw.measure import measure
from lmu_hw.load import save
from lmu_hw.quantize import configure
from lmu_hw.manifest import manifest_of
import lmu_hw.simulate.run, lmu_hw.report.page, lmu_hw.load.keras.files, lmu_hw.quantize.convert
verbs = ("compare", "configure", "emit", "load", "quantize", "report", "simulate")
print(*[verb for verb in verbs if not callable(getattr(lmu_hw, verb))])
"""


VERBS = [n for n in lmu_hw.__all__ if n.islower() and n != "__version__"]


def test_verbs_stay_callable_after_everything_was_imported():
    run = subprocess.run([sys.executable, "-c", _USED], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


@pytest.mark.parametrize("name", [n for n in lmu_hw.__all__ if n != "__version__"])
def test_every_public_name_is_a_verb_or_a_class_with_a_docstring(name):
    public = getattr(lmu_hw, name)
    assert callable(public)
    assert public.__doc__


@pytest.mark.parametrize("verb", VERBS)
def test_every_parameter_of_a_verb_is_explicit_and_typed(verb):
    parameters = inspect.signature(getattr(lmu_hw, verb)).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    assert all(parameter.annotation is not inspect.Parameter.empty for parameter in parameters)


@pytest.mark.parametrize("verb", ["configure", "quantize", "search", "sweep"])
def test_verbs_have_every_option_with_its_default(verb):
    parameters = inspect.signature(getattr(lmu_hw, verb)).parameters
    searched = {knob.value for knob in Knob} if verb == "search" else set()
    for field in fields(Options):
        default = None if field.name in searched else field.default
        assert parameters[field.name].default == default
        assert parameters[field.name].kind is inspect.Parameter.KEYWORD_ONLY


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'fly'"):
        _ = sys.modules["lmu_hw.simulate"].fly
