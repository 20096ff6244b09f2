# SPDX-License-Identifier: Apache-2.0
"""Mappings drafted from the names and shapes of a state dict."""

from lmu_hw.load.draft.mapping import draft

__all__ = ["draft"]
