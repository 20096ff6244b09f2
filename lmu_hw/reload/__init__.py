# SPDX-License-Identifier: Apache-2.0
"""Layer 5: other coefficients for hardware that exists: the writes, and what it then computes."""

from lmu_hw.reload.files import WRITES, writes_text
from lmu_hw.reload.run import Reloaded, reload
from lmu_hw.reload.window import at_window, checked_window

__all__ = ["WRITES", "Reloaded", "at_window", "checked_window", "reload", "writes_text"]
