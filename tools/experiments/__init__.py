# SPDX-License-Identifier: Apache-2.0
"""What the paper's experiments share: signals, errors, a run on hardware, pictures, the page."""

from tools.experiments.measure import nrmse, recall_error
from tools.experiments.page import PAGE, SOURCES, save_picture
from tools.experiments.rtl import on_rtl, require_equal
from tools.experiments.signals import band_limited

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
