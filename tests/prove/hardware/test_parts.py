# SPDX-License-Identifier: Apache-2.0
"""Parts of a netlist, and those that cannot be cut out."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.prove.hardware.netlist import Netlist
from lmu_hw.prove.hardware.parts import part_of

EMPTY = {"ports": {}, "cells": {}, "netnames": {}, "memories": {}}


def test_a_memory_that_nothing_writes_is_named():
    with pytest.raises(ToolError, match="m.cells: must be written, but nothing writes it"):
        part_of(Netlist(EMPTY), [], {}, written=["m.cells"])
