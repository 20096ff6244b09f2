# SPDX-License-Identifier: Apache-2.0
"""Keras models with keras-lmu layers: the graph of a config, and the variables of each layer."""

from lmu_hw.load.keras.files import load_hdf5, load_keras

__all__ = ["load_hdf5", "load_keras"]
