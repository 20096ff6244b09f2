# SPDX-License-Identifier: Apache-2.0
"""What simulators compiled is kept below build/, for all test processes and the next run."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("LMU_HW_CACHE", str(Path(__file__).parent / "build" / "cache"))
