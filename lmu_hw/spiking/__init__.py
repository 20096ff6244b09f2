# SPDX-License-Identifier: Apache-2.0
"""Layer 5: the memory as populations of spiking neurons, from its integers to its simulation."""
