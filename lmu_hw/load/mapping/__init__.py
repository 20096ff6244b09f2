# SPDX-License-Identifier: Apache-2.0
"""Mappings: which tensor of a state dict is which part of which layer, and the network of both."""

from lmu_hw.load.mapping.schema import Answers, Cell, DenseEntry, LmuEntry, StateMapping

__all__ = ["Answers", "Cell", "DenseEntry", "LmuEntry", "StateMapping"]
