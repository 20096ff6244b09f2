# SPDX-License-Identifier: Apache-2.0
"""What `tools/spiking.py` measures of the memory of spiking neurons."""
