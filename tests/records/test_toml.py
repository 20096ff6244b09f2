# SPDX-License-Identifier: Apache-2.0
"""Records as TOML with comments."""

from __future__ import annotations

import tomllib

from lmu_hw.records import decode, toml_lines
from tests.records.examples import WHOLE, Whole

TOML = """input_scale = "1/255"  # a fraction
share = 0.1

[parts."a.u"]
# because
# so
format = "sQ0.7"  # 8 bits
rounding = "floor"
overflow = "wrap"
steps = 0  # in all

[parts."b"]
output = "sQ0.7"  # 8 bits
format = "sQ0.7"  # 8 bits
rounding = "floor"
overflow = "wrap"
steps = 3  # in all

[widths]
"x[t-1]" = "sQ0.7"  # 8 bits
"""


def test_a_record_becomes_commented_toml_and_comes_back():
    text = "\n".join(toml_lines(WHOLE, shown=lambda path, key: path[-1:] == ("a.u",))) + "\n"
    assert text == TOML
    assert decode(Whole, tomllib.loads(text)) == WHOLE
