# SPDX-License-Identifier: Apache-2.0
"""Mappings: which tensor of a state dict is which part of which layer, and the network of both."""

from lmu_hw.load.mapping.entries import Answers, Cell, DenseEntry, LmuEntry
from lmu_hw.load.mapping.schema import StateMapping

__all__ = ["Answers", "Cell", "DenseEntry", "LmuEntry", "StateMapping"]
