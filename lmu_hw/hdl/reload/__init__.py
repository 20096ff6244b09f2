# SPDX-License-Identifier: Apache-2.0
"""Coefficients that are written at run time: which there are, where, and whether others fit.

`blocks` are the memories that can be written, `addresses` their places, `shape` what another
network must have in common with the hardware.
"""

from lmu_hw.hdl.reload.addresses import DATA_BITS, AddressMap, reload_words

__all__ = ["DATA_BITS", "AddressMap", "reload_words"]
