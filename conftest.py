# SPDX-License-Identifier: Apache-2.0
"""What simulators compiled is kept below build/, for all test processes and the next run.

Garbage is collected rarely: what tests import and share are very many objects that stay.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

os.environ.setdefault("LMU_HW_CACHE", str(Path(__file__).parent / "build" / "cache"))
gc.set_threshold(100_000)
