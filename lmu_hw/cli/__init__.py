# SPDX-License-Identifier: Apache-2.0
"""Layer 8: the command line. Parse, call, print."""

from lmu_hw.cli.main import main

__all__ = ["main"]
