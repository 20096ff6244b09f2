# SPDX-License-Identifier: Apache-2.0
"""What the paper's experiments share: signals, errors, a run on hardware, pictures, the page."""

from experiments.measure import nrmse, recall_error
from experiments.page import PAGE, SOURCES, save_picture
from experiments.rtl import on_rtl, require_equal
from experiments.signals import band_limited

__all__ = [
    "PAGE",
    "SOURCES",
    "band_limited",
    "nrmse",
    "on_rtl",
    "recall_error",
    "require_equal",
    "save_picture",
]
