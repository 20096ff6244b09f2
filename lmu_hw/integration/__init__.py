# SPDX-License-Identifier: Apache-2.0
"""Layer 5: what a design's folder holds for those who build it into something.

One module for each kind of file; `registry` lists them.
"""

from lmu_hw.integration.registry import integration_files, integration_patterns
from lmu_hw.integration.subject import Subject

__all__ = ["Subject", "integration_files", "integration_patterns"]
