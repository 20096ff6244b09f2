# SPDX-License-Identifier: Apache-2.0
"""Words that differ are shown, as in a test."""

import pytest

pytest.register_assert_rewrite("tests.hdl.bench")
