# SPDX-License-Identifier: Apache-2.0
"""Packages never take the place of the verbs that carry their names."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lmu_hw

_USED = """
import lmu_hw
import lmu_hw.cli, lmu_hw.hdl
from lmu_hw.simulate import Simulator, Result, simulate
from lmu_hw.report import measure
from lmu_hw.load import save
from lmu_hw.quantize import configure
from lmu_hw.emit import manifest_of
import lmu_hw.simulate.run, lmu_hw.report.page, lmu_hw.load.keras, lmu_hw.quantize.convert
verbs = ("compare", "configure", "emit", "load", "quantize", "report", "simulate")
print(*[verb for verb in verbs if not callable(getattr(lmu_hw, verb))])
"""


def test_verbs_stay_callable_after_everything_was_imported():
    run = subprocess.run([sys.executable, "-c", _USED], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"


@pytest.mark.parametrize("verb", lmu_hw.__all__[1:])
def test_every_public_name_is_a_verb_with_a_docstring(verb):
    function = getattr(lmu_hw, verb)
    assert callable(function)
    assert function.__doc__


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'fly'"):
        _ = sys.modules["lmu_hw.simulate"].fly
