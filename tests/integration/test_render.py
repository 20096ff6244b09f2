# SPDX-License-Identifier: Apache-2.0
"""Templates say everything, or nothing."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from lmu_hw.integration.render import render


def test_what_a_template_lacks_is_an_error():
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        render("icarus.sh.j2")
