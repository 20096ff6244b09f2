# SPDX-License-Identifier: Apache-2.0
"""What holds of the control of a design in every cycle, for all inputs and pauses."""

from lmu_hw.prove.control.prove import ControlProof, prove_control

__all__ = ["ControlProof", "prove_control"]
