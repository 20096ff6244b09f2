# SPDX-License-Identifier: Apache-2.0
"""Graphs of the Neuromorphic Intermediate Representation: linear nodes and leaky integrators."""

from lmu_hw.load.nir.files import is_nir, load_nir

__all__ = ["is_nir", "load_nir"]
