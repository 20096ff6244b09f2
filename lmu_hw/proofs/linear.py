# SPDX-License-Identifier: Apache-2.0
"""The linear systems of memories, by their update."""

from __future__ import annotations

from functools import lru_cache

from lmu_hw.network import MemoryNode, entry_of
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.proofs.linear_form import Linear
from lmu_hw.proofs.scan import linear_scan
from lmu_hw.proofs.semiseparable import linear_semiseparable
from lmu_hw.proofs.two_pass import linear_two_pass

__all__ = ["linear"]

_FORMS = {Semiseparable: linear_semiseparable, Scan: linear_scan, TwoPass: linear_two_pass}
_CACHED = 16


@lru_cache(maxsize=_CACHED)
def linear(node: MemoryNode) -> Linear:
    """Return a memory as a linear system; cached."""
    return entry_of(_FORMS, node.update)(node.update, node.requant.format)
