# SPDX-License-Identifier: Apache-2.0
"""ONNX models: their tensors by name, and their graph where it is made of layers known here."""

from lmu_hw.load.onnx.model import load_onnx

__all__ = ["load_onnx"]
