# SPDX-License-Identifier: Apache-2.0
"""PyTorch state dicts: of the projects that are known by name, or by a mapping."""

from lmu_hw.load.torch.state_dict import load_state

__all__ = ["load_state"]
